import type { World } from '../../arm/world.ts';
import { aksError, missingParameter, refuseChange } from './errors.ts';
import { keptOf } from './poolResource.ts';
import { fixedInPools } from './poolRules.ts';
import { type ClusterBody, type ClusterRequest, type PoolProperties, poolProperties } from './shapes.ts';
import { poolsOf } from './stored.ts';

/** A pool as a PUT of its cluster leaves it. */
export interface PoolAfter {
  readonly name: string;
  readonly properties: PoolProperties;
  readonly before: PoolProperties | undefined;
}

/** The cluster's pools as they are after the PUT. @throws ArmError when it brings a new pool, or changes a property that is fixed */
export function poolsAfter(
  world: World,
  id: string,
  sent: ClusterRequest,
  existing: ClusterBody | undefined,
): PoolAfter[] {
  const present = existing ? poolsOf(world, id) : [];
  const profiles = sent.properties.agentPoolProfiles;
  if (!existing && !profiles?.length) throw missingParameter('agentPoolProfiles');
  const wanted = (profiles ?? []).map(({ name, ...properties }) => {
    const before = present.find((pool) => pool.name === name)?.properties;
    if (existing && !before) {
      throw aksError(
        400,
        'BadRequest',
        'A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through managed cluster operations. For agent pool specific change, please use per agent pool operations.',
      );
    }
    for (const key of fixedInPools) {
      refuseChange(before?.[key], properties[key], `agentPoolProfiles.${key}`);
    }
    return { name, properties: poolProperties.parse({ ...keptOf(before), ...properties }), before };
  });
  const named = new Set(wanted.map((pool) => pool.name));
  return [
    ...wanted,
    ...present.filter((pool) => !named.has(pool.name)).map((pool) => ({ ...pool, before: pool.properties })),
  ];
}

/** The subnet of the nodes, where the owner gives one. */
export const nodeSubnet = (pools: readonly PoolAfter[]): string | undefined =>
  pools.map(({ properties }) => properties.vnetSubnetID).find((subnet) => subnet) ?? undefined;

/** The subnets of the owner that a cluster uses. */
export function ownSubnets(cluster: ClusterBody, pools: readonly PoolAfter[]): string[] {
  const all = [
    ...pools.map(({ properties }) => properties.vnetSubnetID),
    cluster.properties.apiServerAccessProfile?.subnetId,
  ];
  return [...new Set(all.flatMap((subnet) => (subnet ? [subnet] : [])))];
}
