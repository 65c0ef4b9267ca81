import { clusterWorkflowId } from '../../contract/names.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import { resourceId } from '../../resources/ids.ts';
import { type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import type { ClusterInterior, Look } from '../../resources/nodes.ts';
import { ownershipTags } from '../../resources/ownership.ts';
import { registryZoneName } from '../../resources/privateDns.ts';
import { azure } from '../engine/azure.ts';
import type { Targets } from '../infrastructure/targets.ts';
import { probeOldestNodes } from '../nodes/probe.ts';
import { type LivingInput, lookPatience, subscriptionsOf, surroundingsRequest } from './facts.ts';

interface Looks {
  /** Which resources around the cluster matter, once the cluster is known. */
  targets(seen: LivingFacts): Targets;
  /** Whether the cluster is as it is to be, so that only its nodes can be behind. */
  settled(cluster: ClusterFacts, targets: Targets): boolean;
  /** Whether the registry that the cluster has is to go. */
  leavesRegistry?: boolean;
}

const nothingSeen: Look<ClusterInterior> = { unseen: { because: 'failed', message: 'nothing runs there' } };

/** Looks at a cluster that is there, at its inside, and at what is around it; changes nothing. */
export async function discoverLivingCluster(input: LivingInput, looks: Looks): Promise<LivingFacts> {
  const { cluster } = input;
  const patience = lookPatience(input);
  const living = await azure
    .operating('Look at the cluster, once nothing runs on it')
    .lookAtCluster({ cluster, subscriptionIds: subscriptionsOf(input), ...(patience && { patience }) });
  const found = living.cluster;
  const first: LivingFacts = { ...living, interior: nothingSeen, probes: {} };
  if (!found || found.powerState === 'Stopped') return first;
  const targets = looks.targets(first);
  const [interior, surroundings, old] = await Promise.all([
    azure.operating('Look at the nodes').lookInside(cluster),
    azure.reading('Look at everything around the cluster').discover(surroundingsRequest(input, found, targets)),
    looks.leavesRegistry ? lookAtOldRegistry(input, found, targets) : undefined,
  ]);
  const { infrastructure, allowances, providers, features } = surroundings;
  return {
    ...first,
    interior,
    surroundings: { infrastructure, allowances, providers, features },
    ...(old && { old }),
    probes: looks.settled(found, targets) ? await probeOldestNodes(input, found, interior, living.imageSource) : {},
  };
}

function lookAtOldRegistry({ cluster }: LivingInput, found: ClusterFacts, { privateDnsZone }: Targets) {
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
    owner: { [ownershipTags.workflow]: clusterWorkflowId(cluster) },
  });
}
