import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { Profile } from '../../contract/profiles.ts';
import type { Check } from '../../contract/result.ts';
import { type AuditRequest, type ExistingCluster, poolSubnets } from '../../resources/discovery.ts';
import { type ClusterReference, clusterId, resourceReference } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { azure } from '../engine/azure.ts';
import { check } from '../engine/check.ts';
import { nodeChecks } from '../nodes/checks.ts';
import { probeOldestNodes } from '../nodes/probe.ts';
import { egressCheck, isolationChecks } from './checks.ts';

/** Patch: runs that version 0.1 began end with fewer looks. */
export const provesIsolation = 'prove-isolation';

/** What a look that is forbidden means: no proof at all, a gap that is told, or one that the input accepts by name. */
export type WhenForbidden = 'fail' | 'tell' | 'accept';

/** How isolation is to be proven. */
export interface ProofOptions {
  cluster: ClusterReference;
  profile: Profile;
  accept: readonly WayOut[];
  whenForbidden: WhenForbidden;
  /** Look at Azure only; what could be seen from inside the cluster is accepted as unproven. */
  onlyAzure?: boolean;
}

/**
 * Proves that a cluster is network isolated now. The end of isolateCluster and of changeRegistry, and the audit, mean the same by it;
 * createCluster checks what it made.
 * Guide: "Validate the network isolated cluster".
 */
export async function proveIsolation(options: ProofOptions): Promise<Check[]> {
  const { cluster, onlyAzure = false } = options;
  const now = await azure.operating('Look at the cluster').lookAtCluster({ cluster, subscriptionIds: [] });
  const { cluster: found, imageSource } = now;
  if (!found) return [check('cluster', 'Cluster', clusterId(cluster), 'Succeeded', undefined)];
  const request = dependenciesRequest(now, found);
  const [dependencies, inside] = await Promise.all([
    azure.operating('Look at everything the cluster depends on').lookAtDependencies(request),
    onlyAzure ? [notLookedInside(found)] : insideChecks(found, options, imageSource),
  ]);
  return [...isolationChecks(found, dependencies, request.subnetIds, options), ...inside];
}

/** The request for everything on which the isolation of a cluster depends, the subnets of its pods included. */
export const dependenciesRequest = (seen: ExistingCluster, cluster: ClusterFacts): AuditRequest => ({
  cluster,
  subscriptionId: resourceReference(cluster.id).subscriptionId,
  subnetIds: poolSubnets(seen, ['vnetSubnetId', 'podSubnetId']),
});

/** Checks egress, and where each pool boots and pulls from, seen from inside the cluster. */
async function insideChecks(
  found: ClusterFacts,
  { cluster, accept, whenForbidden }: ProofOptions,
  imageSource: string | undefined,
): Promise<Check[]> {
  const [egress, kubernetes] = await Promise.all([
    azure.operating('Try to reach the internet from inside').probeEgress(cluster),
    azure.operating('Look at the nodes').lookInside(cluster),
  ]);
  const results = await probeOldestNodes({ cluster }, found, kubernetes, imageSource);
  // A cluster that is not set to boot from a registry fails the check of its artifact source.
  const checks = [
    egressCheck(found, egress, accept),
    ...nodeChecks(found, kubernetes, results, imageSource ?? 'Direct'),
  ];
  return checks.map((each) => judgedIfForbidden(each, whenForbidden));
}

const notLookedInside = ({ id }: ClusterFacts): Check => ({
  ...check('inside', 'Nodes and egress, seen from inside the cluster', id, 'looked at', undefined),
  ok: true,
  unproven: 'the input asks to run nothing in the cluster',
  accepted: true,
});

/** Judges a check for which run-command was forbidden; other checks stay. */
export function judgedIfForbidden(seen: Check, whenForbidden: WhenForbidden): Check {
  if (seen.unproven === undefined) return seen;
  switch (whenForbidden) {
    case 'fail':
      return seen;
    case 'tell':
      return { ...seen, ok: true };
    case 'accept':
      return { ...seen, ok: true, accepted: true };
  }
}
