import { compareVersions } from 'compare-versions';
import { parentPath } from '../../arm/ids.ts';
import type { World } from '../../arm/world.ts';
import { delegationsOf, subnetRanges } from '../network/subnetShapes.ts';
import { aksError, invalidParameter, notIsolated, subnetNotFound } from './errors.ts';
import type { PoolProperties } from './shapes.ts';
import { patchOf } from './versions.ts';

/** Properties of a pool that are fixed at its creation. An update may leave them out. */
export const fixedInPools = ['vmSize', 'osType', 'vnetSubnetID', 'podSubnetID', 'type', 'maxPods'] as const;

/** @throws ArmError 400 when the pool cannot be part of this cluster. */
export function checkPool(
  world: World,
  pool: { name: string; properties: PoolProperties },
  isolated: boolean,
  clusterVersion: string,
): void {
  const { name, properties } = pool;
  const windows = properties.osType?.toLowerCase() === 'windows';
  if (!/^[a-z][a-z0-9]{0,11}$/.test(name) || (windows && name.length > 6)) {
    throw invalidParameter(
      'agentPoolProfile.name',
      `Agent pool name '${name}' must start with a lowercase letter, have max length of 12 (6 for Windows), and only have characters a-z0-9.`,
    );
  }
  if (windows && isolated) throw notIsolated('Windows node pools are not supported in network isolated clusters.');
  const version = properties.orchestratorVersion;
  if (
    version &&
    version !== clusterVersion &&
    compareVersions(patchOf(world, version), patchOf(world, clusterVersion)) > 0
  ) {
    throw aksError(
      400,
      'NodePoolMcVersionIncompatible',
      `Node pool version ${version} and control plane version ${clusterVersion} are incompatible.`,
    );
  }
  const { vnetSubnetID: subnet, podSubnetID: podSubnet } = properties;
  for (const each of [subnet, podSubnet]) {
    if (each && subnetRanges(world, each).length === 0) throw subnetNotFound(each);
  }
  if (subnet && delegationsOf(world, subnet).length > 0) {
    throw aksError(400, 'SubnetIsDelegated', `Subnet ${subnet} of node pool '${name}' must not be delegated.`);
  }
  if (podSubnet && (!subnet || !inOneNetwork([subnet, podSubnet])))
    throw invalidParameter('podSubnetID', 'it must be a subnet of the virtual network of the nodes.');
}

/** The subnets of all pools of a cluster are in one network. @throws ArmError 400 InvalidParameter */
export function checkOneNetwork(pools: readonly { readonly properties: PoolProperties }[]): void {
  const subnets = pools.flatMap(({ properties: { vnetSubnetID } }) => (vnetSubnetID ? [vnetSubnetID] : []));
  if (!inOneNetwork(subnets))
    throw invalidParameter('agentPoolProfile.vnetSubnetID', 'all agent pools must be in one virtual network.');
}

const inOneNetwork = (subnets: readonly string[]): boolean =>
  new Set(subnets.map((subnet) => parentPath(subnet).toLowerCase())).size <= 1;

/** @throws ArmError 400 InvalidParameter when no pool has mode System. */
export function checkSystemPool(pools: readonly { readonly properties: PoolProperties }[]): void {
  if (pools.some((pool) => pool.properties.mode === 'System')) return;
  throw aksError(400, 'InvalidParameter', 'There has to be at least one system agent pool.');
}
