import type { ArmRequest } from '../../arm/exchange.ts';
import { keyOf } from '../../arm/ids.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { aksError } from './errors.ts';
import { type ClusterBody, clusterBody, type PoolProperties, poolBody } from './shapes.ts';

export const clusterType = 'Microsoft.ContainerService/managedClusters';
export const poolType = `${clusterType}/agentPools`;

/** The cluster a request is about; the gateway has checked that it exists. */
export function clusterOf(request: ArmRequest): ClusterBody {
  const [path = ''] = /^.*\/managedClusters\/[^/]+/i.exec(request.resourceId) ?? [];
  const cluster = request.world.store.get(path);
  if (!cluster) throw aksError(404, 'NotFound', `Could not find the managed cluster '${request.id.names[0]}'.`);
  return clusterBody.parse(cluster.body);
}

export function saveCluster(world: World, cluster: ClusterBody): void {
  world.store.put(cluster.id, clusterType, cluster);
}

/** The pools of a cluster, in the order in which they were made. */
export const poolsOf = (world: World, clusterId: string) =>
  world.store.list(poolType, clusterId).map((pool) => poolBody.parse(pool.body));

/** Stores a pool under its cluster. */
export function savePool(world: World, clusterId: string, name: string, properties: PoolProperties): Resource {
  const id = `${clusterId}/agentPools/${name}`;
  return world.store.put(id, poolType, { id, name, type: poolType, properties });
}

/** ID of the cluster's node resource group, `MC_…` unless the cluster names it. */
export const nodeGroupOf = ({ id, properties }: ClusterBody): string => groupNamed(id, properties.nodeResourceGroup);

/** ID of a group in the cluster's subscription. */
const groupNamed = (clusterId: string, name: string): string =>
  `/subscriptions/${clusterId.split('/')[2]}/resourceGroups/${name}`;

/** Whether AKS has made this resource for the cluster. */
export const isInNodeGroup = (cluster: ClusterBody, id: string): boolean =>
  keyOf(id).startsWith(`${keyOf(nodeGroupOf(cluster))}/`);
