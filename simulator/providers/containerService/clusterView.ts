import { type Body, withoutUndefined } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import type { ClusterBody } from './shapes.ts';
import { poolsOf } from './stored.ts';
import { shownPool } from './virtualMachinePools.ts';

/** The cluster with its pools; `nodeLabels` appear empty in PUT answers only. */
export function clusterView(world: World, cluster: ClusterBody, putAnswer: boolean): Body {
  const agentPoolProfiles = poolsOf(world, cluster.id).map(({ name, properties }) => ({
    name,
    ...shownPool(properties),
    ...(putAnswer && { nodeLabels: properties.nodeLabels ?? {} }),
  }));
  const { identity, sku, properties, ...top } = cluster;
  return withoutUndefined({ ...top, properties: { ...properties, agentPoolProfiles }, identity, sku });
}
