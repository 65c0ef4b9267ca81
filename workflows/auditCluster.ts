import type { AuditClusterInput, ParsedAuditClusterInput } from '../contract/inputs/existingCluster.ts';
import type { AuditReport, Check } from '../contract/result.ts';
import { clusterId } from '../resources/ids.ts';
import type { ClusterFacts } from '../resources/managedClusters.ts';
import { runAudit } from './engine/audit.ts';
import { azure } from './engine/azure.ts';
import { check } from './engine/check.ts';
import { auditChecks, egressCheck } from './existingCluster/auditChecks.ts';
import { nodeSubnets } from './existingCluster/facts.ts';
import { nodeChecks } from './nodes/checks.ts';
import { probeOldestNodes } from './nodes/probe.ts';

/**
 * Is this cluster network isolated now? Guide: "Validate the network isolated cluster". Changes nothing in Azure, and takes
 * any workflow ID, so that it can run on a schedule and beside other scenarios.
 *
 * A cluster that has drifted is a result, not a failure: the search attribute `AksIsolation` says `Drifted`.
 */
export async function auditCluster(given: AuditClusterInput): Promise<AuditReport> {
  return runAudit(given, audit);
}

async function audit({ cluster, profile, probes }: ParsedAuditClusterInput): Promise<Check[]> {
  const context = await azure.operating('Look at the cluster').lookAtCluster({ cluster, subscriptionIds: [] });
  const { cluster: found, imageSource } = context;
  if (!found) return [check('cluster', 'Cluster', clusterId(cluster), 'Succeeded', undefined)];
  const subnetIds = nodeSubnets(context);
  const request = { cluster: found, subscriptionId: cluster.subscriptionId, subnetIds };
  const [dependencies, inside] = await Promise.all([
    azure.reading('Look at everything the cluster depends on').lookAtDependencies(request),
    probes === 'none' ? [] : nodeAndEgressChecks(found, { cluster, probes }, imageSource),
  ]);
  return [...auditChecks(found, dependencies, profile, subnetIds), ...inside];
}

/** Egress, and where each pool boots and pulls from, seen from inside the cluster. */
async function nodeAndEgressChecks(
  found: ClusterFacts,
  { cluster, probes }: Pick<ParsedAuditClusterInput, 'cluster' | 'probes'>,
  imageSource: string | undefined,
): Promise<Check[]> {
  const [egress, kubernetes] = await Promise.all([
    azure.operating('Try to reach the internet from inside').probeEgress(cluster),
    azure.operating('Look at the nodes').lookInside(cluster),
  ]);
  const results = await probeOldestNodes({ cluster }, found, kubernetes, imageSource);
  // A cluster that is not set to boot from a registry fails the check of its artifact source.
  const checks = [egressCheck(found, egress), ...nodeChecks(found, kubernetes, results, imageSource ?? 'Direct')];
  return checks.map((each) => (each.unproven !== undefined && probes === 'ifAllowed' ? { ...each, ok: true } : each));
}
