import type { ArmRequest, Reply } from '../arm/exchange.ts';
import type { Body } from '../arm/json.ts';
import type { Provider } from '../arm/provider.ts';
import { normalLocation } from '../arm/regions.ts';
import { propertiesOf } from '../arm/store.ts';
import type { World } from '../arm/world.ts';
import { instanceType, scaleSetType, withoutKubernetes } from './containerService/nodes.ts';

interface VmSize {
  readonly family: string;
  readonly vCPUs: number;
  /** Not for this subscription. */
  readonly restricted?: boolean;
  /** Default: all three. */
  readonly zones?: readonly string[];
  /** Those of them that are not for this subscription. */
  readonly restrictedZones?: readonly string[];
}

const family = (name: string, prefix: string, suffix: string, ...vCPUs: number[]): [string, VmSize][] =>
  vCPUs.map((count) => [`Standard_${prefix}${count}${suffix}`, { family: name, vCPUs: count }]);

const sizes: ReadonlyMap<string, VmSize> = new Map([
  ...family('standardDSv3Family', 'D', 's_v3', 2, 4, 8, 16),
  ...family('standardDSv5Family', 'D', 's_v5', 2, 4, 8, 16),
  ...family('standardDDSv5Family', 'D', 'ds_v5', 2, 4, 8, 16, 32),
  ...family('standardESv5Family', 'E', 's_v5', 2, 4, 8),
  ...family('standardFSv2Family', 'F', 's_v2', 2, 4, 8),
  ['Standard_B2s', { family: 'standardBSFamily', vCPUs: 2 }],
  ['Standard_DS2_v2', { family: 'standardDSv2Family', vCPUs: 2 }],
  ['Standard_L8s_v3', { family: 'standardLSv3Family', vCPUs: 8, zones: ['1', '2'], restrictedZones: ['2'] }],
  ['Standard_NC24ads_A100_v4', { family: 'StandardNCADSA100v4Family', vCPUs: 24, restricted: true }],
]);

/** VM sizes and vCPU quota, and what AKS makes its nodes of. */
export const compute: Provider = {
  types: [
    { kind: 'computed', type: 'Microsoft.Compute/skus', get: skus },
    { kind: 'computed', type: 'Microsoft.Compute/locations/usages', get: usages },
    { kind: 'stored', type: scaleSetType, tracked: true, view: withoutKubernetes },
    { kind: 'stored', type: instanceType, view: withoutKubernetes },
  ],
  behaviours: [
    {
      id: 'vcpu-quota',
      resourceType: 'Microsoft.Compute/locations/usages',
      says: 'Usages count the vCPUs of node pools by family and for the region; the limit is 350, unless the reset says otherwise. Pools that need more, surge nodes included, get ErrCode_InsufficientVCPUQuota.',
      evidence: 'documented',
      source: 'Azure REST API reference, "Usage - List" (350, and the table of sizes, are modelled)',
      test: 'compute.test.ts: what is in use is not to be had again: neither by another cluster, nor by a pool, nor by more nodes',
    },
  ],
};

/** Family and vCPUs of a size; `undefined` for one that the simulator does not know. */
export const vmSize = (name: string): VmSize | undefined => sizes.get(name);

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
    const { vmSize: size, count } = propertiesOf({ body });
    const known = sizes.get(String(size));
    const counts = known && cluster?.body.location === location && (name === 'cores' || known.family === name);
    return counts ? sum + known.vCPUs * Number(count) : sum;
  }, 0);
  return { used, limit: world.settings.quotas[name.toLowerCase()] ?? 350 };
}

function usages({ world, id }: ArmRequest): Reply {
  const location = normalLocation(id.names[0] ?? '');
  const names = ['cores', ...new Set([...sizes.values()].map((size) => size.family))];
  const value = names.map((name): Body => {
    const { used, limit } = usageOf(world, id.subscriptionId ?? '', location, name);
    return { limit, unit: 'Count', currentValue: used, name: { value: name, localizedValue: name } };
  });
  return { status: 200, body: { value } };
}

function skus({ query }: ArmRequest): Reply {
  const [, location = 'westeurope'] = /location eq '([^']+)'/i.exec(query.get('$filter') ?? '') ?? [];
  const value = [...sizes].map(
    ([name, size]): Body => ({
      resourceType: 'virtualMachines',
      name,
      tier: 'Standard',
      size: name.replace('Standard_', ''),
      family: size.family,
      locations: [location],
      locationInfo: [{ location, zones: size.zones ?? ['1', '2', '3'], zoneDetails: [] }],
      capabilities: [{ name: 'vCPUs', value: String(size.vCPUs) }],
      restrictions: [
        ...(size.restricted ? [restriction('Location', location, {})] : []),
        ...(size.restrictedZones ? [restriction('Zone', location, { zones: size.restrictedZones })] : []),
      ],
    }),
  );
  return { status: 200, body: { value } };
}

const restriction = (type: 'Location' | 'Zone', location: string, more: Body): Body => ({
  type,
  values: [location],
  restrictionInfo: { locations: [location], ...more },
  reasonCode: 'NotAvailableForSubscription',
});
