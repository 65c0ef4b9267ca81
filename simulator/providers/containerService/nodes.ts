import { keyOf, nameOf } from '../../arm/ids.ts';
import { valueAt } from '../../arm/json.ts';
import type { Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import {
  type Machine,
  machinePoolType,
  machinesIn,
  type NodeModel,
  poolOf,
  scaleSetType,
  scaleTo,
} from '../compute/machines.ts';
import { isSingleMachines, scaleProfiles } from '../compute/poolSizes.ts';
import { apiServerFailure } from './apiServer.ts';
import { placeOfNode } from './egress.ts';
import { type ClusterBody, clusterBody, type PoolProperties, poolProperties } from './shapes.ts';
import { nodeGroupOf } from './stored.ts';
import { latestNodeImage } from './versions.ts';

/** A node as Kubernetes knows it. */
export interface KubernetesNode {
  readonly name: string;
  /** Empty for a node that is in no agent pool. */
  readonly pool: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly isWindows: boolean;
  /** Such as `team=a:NoSchedule`. */
  readonly taints: readonly string[];
  readonly createdAt: string;
  readonly nodeImageVersion: string;
  readonly registryServer: string | undefined;
  /** Whether the API server hears of it now. */
  readonly isHeard: boolean;
  /** As Kubernetes shows it: a node that is no longer heard stays ready for a while. */
  readonly ready: boolean;
  readonly unschedulable: boolean;
  readonly subnetId: string | undefined;
}

/** The model of nodes that are made now. */
export function currentModel(world: World, { properties }: ClusterBody): NodeModel {
  const { artifactSource, containerRegistryId } = properties.bootstrapProfile;
  if (artifactSource !== 'Cache' || containerRegistryId === undefined)
    return { nodeImageVersion: latestNodeImage(world) };
  const registry = world.store.get(containerRegistryId);
  const host =
    valueAt(registry?.body, 'properties.loginServer') ?? `${nameOf(containerRegistryId)}.azurecr.io`.toLowerCase();
  // Until the AKS release of 2025-03-16 nodes pulled under the source's own names.
  const server = world.edition === '2024-preview' ? String(host) : `${host}/aks-managed-repository`;
  return { nodeImageVersion: latestNodeImage(world), registryServer: server };
}

/** The holders of the machines of a cluster's pools: scale sets, and the pools of single machines. */
export const holdersOf = (world: World, cluster: ClusterBody): Resource[] => {
  const group = nodeGroupOf(cluster);
  return [...world.store.list(scaleSetType, group), ...world.store.list(machinePoolType, group)];
};

/** The holder of a pool's machines, once the pool is made. */
export const holderOf = (world: World, cluster: ClusterBody, pool: string): Resource | undefined =>
  holdersOf(world, cluster).find((holder) => poolOf(holder) === pool);

/** The holder of a pool's machines; made where it is not there yet. */
export function openHolder(
  world: World,
  cluster: ClusterBody,
  { name, properties }: { readonly name: string; readonly properties: PoolProperties },
  digits: string,
): Resource {
  const present = holderOf(world, cluster, name);
  if (present) return present;
  const group = nodeGroupOf(cluster);
  const common = {
    location: cluster.location,
    tags: { 'aks-managed-poolName': name },
    nodeModel: currentModel(world, cluster),
  };
  if (isSingleMachines(properties)) {
    const id = `${group}/kubernetes/virtualMachinePools/aks-${name}-${digits}-vms`;
    return world.store.put(id, machinePoolType, { id, name: nameOf(id), type: machinePoolType, ...common });
  }
  const id = `${group}/providers/${scaleSetType}/aks-${name}-${digits}-vmss`;
  return world.store.put(id, scaleSetType, {
    id,
    name: nameOf(id),
    type: scaleSetType,
    sku: { name: properties.vmSize, tier: 'Standard', capacity: properties.count },
    ...common,
    properties: { provisioningState: 'Succeeded', uniqueId: crypto.randomUUID() },
  });
}

/** Brings the machines of a pool to the number that AKS has in its books. */
export function scale(world: World, holder: Resource, properties: PoolProperties): void {
  if (holder.type === machinePoolType) {
    for (const { size, count } of scaleProfiles(properties)) scaleTo(world, holder, count, size);
    return;
  }
  const count = properties.count ?? 1;
  world.store.put(holder.id, holder.type, { ...holder.body, sku: { ...Object(holder.body.sku), capacity: count } });
  scaleTo(world, holder, count);
}

/** The machines of a cluster's nodes; none if it is gone. */
export function nodeMachines(world: World, clusterId: string): Machine[] {
  const stored = world.store.get(clusterId);
  return stored ? machinesIn(world, nodeGroupOf(clusterBody.parse(stored.body))) : [];
}

/** How long a node that is not heard of stays ready. Kubernetes documentation, "Nodes" (node-monitor-grace-period). */
const graceSeconds = 40;

/** The nodes of a cluster; none if it is gone. */
export function nodesOf(world: World, clusterId: string): KubernetesNode[] {
  const stored = world.store.get(clusterId);
  if (!stored) return [];
  const cluster = clusterBody.parse(stored.body);
  const group = nodeGroupOf(cluster);
  // One moment for all: the clock may go on meanwhile.
  const now = world.clock.now();
  const reached = new Map<string, Date | undefined>();
  const settings = new Map<string, ReturnType<typeof settingsOf>>();
  return machinesIn(world, group).map(({ body }): KubernetesNode => {
    const { surge: _surge, subnetId: own, registryServer, silentSince, ...kubernetes } = body.kubernetes;
    const { pool } = kubernetes;
    const subnetId = own ?? subnetOfPool(world, clusterId, group, pool);
    const place = `${pool} ${subnetId}`;
    if (!reached.has(place)) reached.set(place, lastReached(world, cluster, { pool, subnetId }, now));
    const since = silentSince === undefined ? reached.get(place) : new Date(silentSince);
    const silentFor = since ? (now.getTime() - since.getTime()) / 1000 : Number.POSITIVE_INFINITY;
    const { isWindows, taints } = settings.get(pool) ?? settingsOf(world, clusterId, pool);
    settings.set(pool, { isWindows, taints });
    return {
      ...kubernetes,
      isHeard: kubernetes.ready && silentSince === undefined && silentFor === 0,
      ready: kubernetes.ready && silentFor < graceSeconds,
      name: body.properties.osProfile.computerName,
      isWindows,
      taints,
      registryServer,
      subnetId,
    };
  });
}

function settingsOf(world: World, clusterId: string, pool: string): Pick<KubernetesNode, 'isWindows' | 'taints'> {
  const stored = world.store.get(`${clusterId}/agentPools/${pool}`)?.body;
  const { osType, nodeTaints } = poolProperties.parse(valueAt(stored, 'properties') ?? {});
  return { isWindows: osType === 'Windows', taints: nodeTaints ?? [] };
}

/**
 * When nodes at a place were last seen to reach their API server: now, or when somebody last looked or AKS last wrote. Nodes that
 * nobody has looked at meanwhile are not ready at once: the simulator errs on this side.
 */
function lastReached(
  world: World,
  cluster: ClusterBody,
  node: { pool: string; subnetId: string | undefined },
  now: Date,
): Date | undefined {
  const key = keyOf(`${cluster.id}/${node.pool}/${node.subnetId}`);
  if (reachesApiServer(world, cluster, node)) world.lastSigns.set(key, now);
  return world.lastSigns.get(key);
}

/** Whether the scheduler gives a node pods that tolerate nothing. */
export const takesPods = ({ ready, unschedulable, taints, isWindows }: KubernetesNode): boolean =>
  ready && !unschedulable && !isWindows && !taints.some((taint) => /:(NoSchedule|NoExecute)$/i.test(taint));

function reachesApiServer(
  world: World,
  cluster: ClusterBody,
  node: { pool: string; subnetId: string | undefined },
): boolean {
  const place = placeOfNode(world, cluster, node);
  return place !== undefined && apiServerFailure(world, cluster, place) === undefined;
}

/** Where a pool's nodes are: in the subnet that it names, else in AKS's own. */
export function subnetOfPool(world: World, clusterId: string, group: string, pool: string): string | undefined {
  const own = valueAt(world.store.get(`${clusterId}/agentPools/${pool}`)?.body, 'properties.vnetSubnetID');
  return typeof own === 'string' ? own : managedSubnet(world, group);
}

/** The subnet for nodes in the network that AKS has made. */
export function managedSubnet(world: World, group: string): string | undefined {
  const [managed] = world.store.list('Microsoft.Network/virtualNetworks', group);
  return managed && `${managed.id}/subnets/aks-subnet`;
}
