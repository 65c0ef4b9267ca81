import { compareVersions } from 'compare-versions';
import type { World } from '../../arm/world.ts';
import { delegationsOf, subnetRanges } from '../network/subnetShapes.ts';
import { aksError, invalidParameter, notIsolated, subnetNotFound } from './errors.ts';
import type { PoolProperties } from './shapes.ts';
import { patchOf } from './versions.ts';

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
  if (version && compareVersions(patchOf(world.edition, version), patchOf(world.edition, clusterVersion)) > 0) {
    throw aksError(
      400,
      'NodePoolMcVersionIncompatible',
      `Node pool version ${version} and control plane version ${clusterVersion} are incompatible.`,
    );
  }
  const subnet = properties.vnetSubnetID;
  if (!subnet) return;
  if (subnetRanges(world, subnet).length === 0) throw subnetNotFound(subnet);
  if (delegationsOf(world, subnet).length > 0) {
    throw aksError(400, 'SubnetIsDelegated', `Subnet ${subnet} of node pool '${name}' must not be delegated.`);
  }
}

/** @throws ArmError 400 InvalidParameter when no pool has mode System. */
export function checkSystemPool(pools: readonly { readonly properties: PoolProperties }[]): void {
  if (pools.some((pool) => pool.properties.mode === 'System')) return;
  throw aksError(400, 'InvalidParameter', 'There has to be at least one system agent pool.');
}
