import { keyOf, parentPath } from '../arm/ids.ts';
import { isBody, valueAt } from '../arm/json.ts';
import { propertiesOf } from '../arm/store.ts';
import type { World } from '../arm/world.ts';
import { machinesOf, poolOf } from '../providers/compute/machines.ts';
import { totalOf } from '../providers/compute/poolSizes.ts';
import { holdersOf } from '../providers/containerService/nodes.ts';
import { podsOf } from '../providers/containerService/pods.ts';
import type { ClusterBody } from '../providers/containerService/shapes.ts';
import { nodeGroupOf, poolsOf } from '../providers/containerService/stored.ts';
import { endpointsOf } from '../providers/network/endpointShapes.ts';
import { publicAddressType } from '../providers/network/publicAddresses.ts';
import { linksOf } from '../providers/network/virtualNetworkLinks.ts';

/** A resource with what somebody has written on it. */
export interface Marked {
  readonly id: string;
  readonly type: string;
  readonly tags?: Readonly<Record<string, unknown>>;
  /** DNS records have this instead of tags. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Role assignments have this instead of tags. */
  readonly description?: string;
}

/** Everything in the world that carries a mark of anybody. */
export const markedResources = (world: World): Marked[] =>
  world.store.all().flatMap(({ id, type, body }) => {
    const marks = {
      ...some('tags', body.tags),
      ...some('metadata', valueAt(body, 'properties.metadata')),
      ...some('description', type.endsWith('/roleAssignments') ? valueAt(body, 'properties.description') : undefined),
    };
    return Object.keys(marks).length > 0 ? [{ id, type, ...marks }] : [];
  });

const some = (name: string, value: unknown): Record<string, unknown> =>
  (isBody(value) && Object.keys(value).length > 0) || (typeof value === 'string' && value !== '')
    ? { [name]: value }
    : {};

export interface PoolTruth {
  readonly name: string;
  readonly mode: string;
  /** As AKS says it. */
  readonly count: number;
  /** Instances that there are. */
  readonly nodes: number;
}

/** Pools as AKS has them, beside the machines that there are. */
export function poolsTruth(world: World, cluster: ClusterBody): PoolTruth[] {
  const holders = holdersOf(world, cluster);
  return poolsOf(world, cluster.id).map(({ name, properties }) => {
    const mine = holders.filter((holder) => poolOf(holder) === name);
    const nodes = mine.reduce((sum, holder) => sum + machinesOf(world, holder).length, 0);
    return { name, mode: String(properties.mode), count: totalOf(properties), nodes };
  });
}

/** IDs of scale sets in the node resource group whose pool is gone. */
export function orphansOf(world: World, cluster: ClusterBody): string[] {
  const pools = new Set(poolsOf(world, cluster.id).map(({ name }) => name));
  return holdersOf(world, cluster)
    .filter((holder) => !pools.has(poolOf(holder)))
    .map(({ id }) => id);
}

/** IDs of the public addresses in the node resource group. */
export const publicAddressesOf = (world: World, cluster: ClusterBody): string[] =>
  world.store.list(publicAddressType, nodeGroupOf(cluster)).map(({ id }) => id);

/** IDs of what belongs to a cluster or to its network and registry, and is in a state that an operation has left behind. */
export function failedOf(world: World, cluster: ClusterBody): string[] {
  const subnets = poolsOf(world, cluster.id).flatMap(({ properties }) => properties.vnetSubnetID ?? []);
  const networks = [...new Set(subnets.map((subnet) => parentPath(subnet)))];
  const links = networks.flatMap((network) => linksOf(world, network)).map(({ id }) => id);
  const registry = cluster.properties.bootstrapProfile.containerRegistryId;
  const endpoints = registry === undefined ? [] : endpointsOf(world, registry).map(({ id }) => id);
  const roots = [cluster.id, nodeGroupOf(cluster), ...networks, ...(registry === undefined ? [] : [registry])];
  const single = [...endpoints, ...links, ...links.map((link) => parentPath(link))];
  const around = [...roots.flatMap((root) => [root, ...world.store.below(root).map(({ id }) => id)]), ...single];
  return [...new Set(around.map(keyOf))].flatMap((id) => {
    const resource = world.store.get(id);
    const state = resource && propertiesOf(resource).provisioningState;
    return resource && (state === 'Failed' || state === 'Canceled') ? [resource.id] : [];
  });
}

/** Pods that no controller keeps: whoever started one has left it behind. As namespace/name. */
export const barePods = (world: World, cluster: ClusterBody): string[] =>
  podsOf(world, cluster.id).map(({ namespace, name }) => `${namespace}/${name}`);
