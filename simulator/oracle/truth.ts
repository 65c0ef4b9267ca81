import type { World } from '../arm/world.ts';
import { type ClusterBody, clusterBody } from '../providers/containerService/shapes.ts';
import { clusterType } from '../providers/containerService/stored.ts';
import {
  barePods,
  failedOf,
  type Marked,
  markedResources,
  orphansOf,
  type PoolTruth,
  poolsTruth,
  publicAddressesOf,
} from './belongings.ts';
import { type NewNodeTruth, type NodeTruth, newNodesTruth, nodesTruth } from './nodes.ts';

/** GET /simulator/truth: what is so, and what no client may ask Azure for. */
export interface Truth {
  readonly cluster: string;
  /** The simulated time. */
  readonly at: string;
  /** Whether the cluster is isolated by Azure's documents; every reason why it is not. */
  readonly isolated: { readonly ok: boolean; readonly because: readonly string[] };
  readonly nodes: readonly NodeTruth[];
  readonly newNodes: readonly NewNodeTruth[];
  readonly pools: readonly PoolTruth[];
  /** Scale sets whose pool is gone. */
  readonly orphans: readonly string[];
  /** Public addresses in the node resource group, of services too: through these the internet may come in. */
  readonly publicAddresses: readonly string[];
  /** Resources around the cluster whose state says `Failed` or `Canceled`. They may work nevertheless. */
  readonly failed: readonly string[];
  /** Pods without a controller, as namespace/name. */
  readonly pods: readonly string[];
  /** Everything in the world that carries tags, metadata or a description. */
  readonly marked: readonly Marked[];
}

/** The truth about a cluster, from the state of the world; `undefined` if it is gone. */
export function truthOf(world: World, clusterId: string): Truth | undefined {
  const resource = world.store.get(clusterId);
  if (resource?.type !== clusterType) return undefined;
  const cluster = clusterBody.parse(resource.body);
  const nodes = nodesTruth(world, cluster);
  const newNodes = newNodesTruth(world, cluster);
  const because = reasons(cluster, nodes, newNodes);
  return {
    cluster: cluster.id,
    at: world.clock.now().toISOString(),
    isolated: { ok: because.length === 0, because },
    nodes,
    newNodes,
    pools: poolsTruth(world, cluster),
    orphans: orphansOf(world, cluster),
    publicAddresses: publicAddressesOf(world, cluster),
    failed: failedOf(world, cluster),
    pods: barePods(world, cluster),
    marked: markedResources(world),
  };
}

/**
 * Isolated is a cluster whose nodes get their images from a registry and nothing from the internet, whose API server is in the
 * network, and that has no way out. Source: Microsoft Learn, "Network isolated clusters" (concepts).
 */
function reasons(
  { properties }: ClusterBody,
  nodes: readonly NodeTruth[],
  newNodes: readonly NewNodeTruth[],
): string[] {
  const { outboundType } = properties.networkProfile;
  const isClosed = outboundType === 'none' || outboundType === 'block';
  return [
    ...(isClosed ? [] : [`the outbound type is ${outboundType}`]),
    ...nodes.flatMap(({ name, imagesFrom, pulls, apiServer, waysOut, waysOutOfPods = [] }) => [
      ...(imagesFrom === 'mcr.microsoft.com' ? [`node ${name} gets images from ${imagesFrom}`] : []),
      ...(pulls.ok ? [] : [`node ${name} cannot pull images: ${pulls.because}`]),
      ...(apiServer.through === 'public' ? [`node ${name} reaches its API server over the internet`] : []),
      ...(apiServer.ok ? [] : [`node ${name} does not reach its API server: ${apiServer.because}`]),
      ...[...waysOut, ...waysOutOfPods]
        .filter(({ closedBy }) => closedBy === undefined)
        .map(({ kind, id, reaches }) => `node ${name} reaches ${reaches.join(', ')} by ${kind} ${id}`),
    ]),
    ...newNodes.flatMap(({ pool, imagesFrom, bootstraps }) => [
      ...(imagesFrom === 'mcr.microsoft.com' ? [`new nodes of pool ${pool} get images from ${imagesFrom}`] : []),
      ...(bootstraps.ok ? [] : [`new nodes of pool ${pool} do not bootstrap: ${bootstraps.because}`]),
    ]),
  ];
}
