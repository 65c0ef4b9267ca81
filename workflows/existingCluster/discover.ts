import { patched } from '@temporalio/workflow';
import type { AboutWorker } from '../../contract/aboutWorker.ts';
import type { ExistingCluster, ExistingClusterFacts } from '../../resources/discovery.ts';
import { clusterId, keyOf, parentId, resourceId, resourceReference } from '../../resources/ids.ts';
import { ownOperationRuns, runningOperations } from '../../resources/infrastructure.ts';
import { type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import type { KubernetesFacts, Look } from '../../resources/nodes.ts';
import { registryZoneName } from '../../resources/privateDns.ts';
import { azure } from '../engine/azure.ts';
import { clusterMarks } from '../engine/marks.ts';
import { chooseNames } from '../infrastructure/defaultNames.ts';
import { awaitOperations } from '../infrastructure/runningOperations.ts';
import type { WantedInfrastructure } from '../infrastructure/wanted.ts';
import { dependenciesRequest, provesIsolation } from '../isolation/proof.ts';
import { probeOldestNodes } from '../nodes/probe.ts';
import { type ExistingClusterInput, existingClusterRequest, lookBusyPolicy, subscriptionsOf } from './facts.ts';

interface Looks {
  /** The infrastructure that matters, once the cluster is known. */
  wanted(seen: ExistingClusterFacts): WantedInfrastructure;
  /** Whether the cluster is as it is to be, so that only its nodes can be behind. */
  clusterIsAsWanted(cluster: ClusterFacts, wanted: WantedInfrastructure): boolean;
  /** Whether the registry that the cluster has is to go. */
  leavesRegistry?: boolean;
  /** Whether the cluster is to be isolated at the end. */
  endsIsolated?: boolean;
  /** Whether the owner's subnets are to have the way out of the cluster at the end. */
  needsWayOut?: boolean;
  /** Whether the cluster may leave what was made for another one and carries its mark. */
  mayLeaveMarked?: boolean;
}

const nothingSeen: Look<KubernetesFacts> = { unseen: { because: 'failed', message: 'nothing runs there' } };

/** Looks at an existing cluster, its nodes and budgets, and the infrastructure around it; changes nothing. */
export async function discoverExistingCluster(
  input: ExistingClusterInput,
  looks: Looks,
): Promise<ExistingClusterFacts & AboutWorker> {
  const { cluster } = input;
  const busyPolicy = lookBusyPolicy(input);
  const looking = input.dryRun ? azure.looking : azure.operating;
  const context = await looking('Look at the cluster, once nothing runs on it').lookAtCluster({
    cluster,
    subscriptionIds: subscriptionsOf(input),
    searchesZones: input.registry?.mode === 'managed',
    input,
    ...(busyPolicy && { busyPolicy }),
  });
  const found = context.cluster;
  const first: ExistingClusterFacts & AboutWorker = { ...context, kubernetes: nothingSeen, probes: {} };
  if (!found || found.powerState === 'Stopped') return first;
  const names = input.registry ? await chooseNames({ ...input, cluster }, found.location) : undefined;
  if (names) first.names = names;
  const wanted = looks.wanted(first);
  const request = existingClusterRequest(input, found, wanted);
  const lookAround = () => azure.reading('Look at everything around the cluster').discover(request);
  const [kubernetes, around, old, dependencies, marked] = await Promise.all([
    azure.looking('Look at the nodes').lookInside(cluster, false, true),
    lookAround(),
    looks.leavesRegistry ? lookAtOldRegistry(input, found, wanted) : undefined,
    // Runs of version 0.1 have not looked.
    (looks.endsIsolated && patched(provesIsolation)) || (looks.needsWayOut && patched('asks-for-the-way-out'))
      ? azure
          .reading('Look at everything that isolation depends on')
          .lookAtDependencies(dependenciesRequest(context, found))
      : undefined,
    looks.mayLeaveMarked && patched('takes-second-marks-off') ? lookForMarks(input, context, found, wanted) : undefined,
  ]);
  let seen = around;
  // A dry run waits for nothing, and runs of version 0.1 told it as a problem.
  const marks = clusterMarks(input);
  const { infrastructure: there } = around;
  const isRunning = ownOperationRuns(there, marks) || runningOperations(there, request.infrastructure).length > 0;
  if (isRunning && !input.dryRun && patched('waits-for-earlier-runs')) {
    await awaitOperations(request.infrastructure, marks);
    seen = await lookAround();
  }
  const { infrastructure, allowances, providers, features, unread } = seen;
  return {
    ...first,
    kubernetes,
    discovered: { infrastructure, allowances, providers, features, ...(unread && { unread }) },
    ...(old && { old }),
    ...(dependencies && { dependencies }),
    ...(marked && { marked }),
    probes: looks.clusterIsAsWanted(found, wanted)
      ? await probeOldestNodes(input, found, kubernetes, context.imageSource)
      : {},
  };
}

/** Looks for what carries the second mark of the cluster, also where an earlier run has left it without taking the mark off. */
function lookForMarks(
  input: ExistingClusterInput,
  { zoneLink }: ExistingCluster,
  { containerRegistryId }: ClusterFacts,
  { registry, privateDnsZone }: WantedInfrastructure,
): Promise<string[]> {
  const zoneIds = [zoneLink && parentId(zoneLink.id), privateDnsZone?.id].flatMap((id) => id ?? []);
  const ids = [clusterId(input.cluster), containerRegistryId, registry?.id, ...zoneIds].flatMap((id) => id ?? []);
  const subscriptionIds = [...new Set(ids.map((id) => keyOf(resourceReference(id).subscriptionId)))];
  return azure
    .reading('Look for the marks of this cluster on what was made for others')
    .findSecondMarks({ marks: clusterMarks(input), subscriptionIds, zoneIds });
}

/** Looks at the registry of one's own that the cluster leaves; `undefined` where it has none. */
export function lookAtOldRegistry(
  { cluster }: Pick<ExistingClusterInput, 'cluster'>,
  found: ClusterFacts,
  { privateDnsZone }: WantedInfrastructure,
) {
  const registryId = found.containerRegistryId;
  if (registryId === undefined || hasManagedRegistry(found)) return undefined;
  const zone = resourceId(
    cluster.subscriptionId,
    cluster.resourceGroup,
    'Microsoft.Network/privateDnsZones',
    registryZoneName,
  );
  return azure.reading('Look at the registry that the cluster leaves').lookAtOldRegistry({
    registryId,
    privateDnsZoneId: privateDnsZone?.id ?? zone,
    marks: clusterMarks({ cluster }),
  });
}
