import { withoutUndefined } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';
import { machinesOf } from '../compute/machines.ts';
import { isSingleMachines, scaleProfiles } from '../compute/poolSizes.ts';
import { holderOf } from './nodes.ts';
import { type ClusterBody, type PoolProperties, poolBody } from './shapes.ts';
import { savePool } from './stored.ts';

/** A pool as Azure shows it. Recorded: one of single machines has an empty size. */
export const shownPool = (properties: PoolProperties): PoolProperties =>
  isSingleMachines(properties) ? { ...properties, vmSize: '' } : properties;

/** Recorded: a pool of single machines has no count, and profiles that say how many there are of which size. */
export function singleMachines(properties: PoolProperties): PoolProperties {
  if (!isSingleMachines(properties)) return properties;
  const profiles = scaleProfiles(properties);
  const { count, vmSize, virtualMachinesProfile, ...rest } = properties;
  const first = { size: vmSize || 'Standard_D4ds_v5', count: count ?? 1 };
  return {
    ...rest,
    virtualMachinesProfile: profiles.length > 0 ? virtualMachinesProfile : { scale: { manual: [first] } },
  };
}

/** Shows how many machines a pool has of each size. */
export function showMachines(world: World, cluster: ClusterBody, name: string): void {
  const pool = world.store.get(`${cluster.id}/agentPools/${name}`);
  const holder = holderOf(world, cluster, name);
  if (!pool || !holder) return;
  const counts = new Map<string, number>();
  for (const { body } of machinesOf(world, holder)) {
    const size = body.properties.hardwareProfile?.vmSize ?? '';
    counts.set(size, (counts.get(size) ?? 0) + 1);
  }
  const { properties } = poolBody.parse(pool.body);
  const virtualMachineNodesStatus = [...counts].map(([size, count]) => ({ size, count }));
  savePool(world, cluster.id, name, withoutUndefined({ ...properties, virtualMachineNodesStatus }));
}
