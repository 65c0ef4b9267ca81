import { clusterWorkflowId } from '../contract/names.ts';
import type { LivingFacts } from '../resources/discovery.ts';
import { resourceId } from '../resources/ids.ts';
import { type AgentPoolFacts, type ClusterFacts, hasManagedRegistry } from '../resources/managedClusters.ts';
import type { ClusterInterior, Look, NodeProbeResult, PoolEvidence } from '../resources/nodes.ts';
import { ownershipTags } from '../resources/ownership.ts';
import { registryZoneName } from '../resources/privateDns.ts';
import { azure } from './engine/azure.ts';
import type { Targets } from './infrastructure/targets.ts';
import {
  type LivingInput,
  lookPatience,
  oldestNode,
  subscriptionsOf,
  surroundingsRequest,
} from './plan/livingCluster.ts';

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

/** Where the longest-standing node of each pool boots from. */
export async function probeOldestNodes(
  { cluster }: Pick<LivingInput, 'cluster'>,
  found: ClusterFacts,
  interior: Look<ClusterInterior>,
  imageSource: string | undefined,
): Promise<Record<string, Look<NodeProbeResult>>> {
  if ('unseen' in interior) return {};
  const probes = await Promise.all(
    found.agentPoolProfiles.map(async ({ name, osType }) => {
      // The pod is a Linux one.
      if (osType === 'Windows') return [];
      const node = oldestNode(interior.seen.nodes, name)?.name;
      if (node === undefined) return [];
      const probe = await azure
        .operating(`Have ${node} pull an image`)
        .probeNode({ cluster, node, ...(imageSource !== undefined && { imageSource }) });
      return [[name, probe] as const];
    }),
  );
  return Object.fromEntries(probes.flat());
}

/** What tells whether a pool has been reimaged, of what was seen. */
export function evidence(
  interior: Look<ClusterInterior>,
  pool: string,
  facts: Pick<AgentPoolFacts, 'provisioningState' | 'nodeImageVersion'> | undefined,
): PoolEvidence {
  const { provisioningState = 'Unknown', nodeImageVersion = 'Unknown' } = facts ?? {};
  const nodes = 'seen' in interior ? interior.seen.nodes.filter((node) => node.pool === pool) : undefined;
  return { provisioningState, nodeImageVersion, ...(nodes && { nodes }) };
}
