import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { normalLocation } from '../../arm/regions.ts';
import { propertiesOf } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { scaleProfiles } from './poolSizes.ts';
import { vmFamilies, vmSize } from './skus.ts';

/**
 * vCPUs of a family or of a region, where the reset says nothing: enough for every demo at once. With Azure's own default of 20 (Microsoft
 * Learn, "Azure subscription and service limits", "VM total cores per subscription") no pool of five nodes could be reimaged.
 */
const defaultLimit = 350;

export const usageTypes: readonly ResourceType[] = [
  { kind: 'computed', type: 'Microsoft.Compute/locations/usages', get: list },
];

/** vCPUs in use and allowed of one family, or of the whole region under the name `cores`. */
export function usageOf(
  world: World,
  subscriptionId: string,
  location: string,
  name: string,
): { used: number; limit: number } {
  const pools = world.store.list(
    'Microsoft.ContainerService/managedClusters/agentPools',
    `/subscriptions/${subscriptionId}`,
  );
  const used = pools.reduce((sum, { id, body }) => {
    const cluster = world.store.get(id.split(/\/agentPools\//i)[0] ?? '');
    if (cluster?.body.location !== location) return sum;
    const cores = scaleProfiles(propertiesOf({ body })).map(({ size, count }) => {
      const known = vmSize(size);
      return known && (name === 'cores' || known.family === name) ? known.vCPUs * count : 0;
    });
    return cores.reduce((all, each) => all + each, sum);
  }, 0);
  return { used, limit: world.settings.quotas[name.toLowerCase()] ?? defaultLimit };
}

function list({ world, id }: ArmRequest): Reply {
  const location = normalLocation(id.names[0] ?? '');
  const names = ['cores', ...vmFamilies()];
  const value = names.map((name): Body => {
    const { used, limit } = usageOf(world, id.subscriptionId ?? '', location, name);
    return { limit, unit: 'Count', currentValue: used, name: { value: name, localizedValue: name } };
  });
  return { status: 200, body: { value } };
}
