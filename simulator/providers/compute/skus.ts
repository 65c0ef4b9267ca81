import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';

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

/** Some of Azure's sizes; which are restricted is modelled. */
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

export const skuTypes: readonly ResourceType[] = [{ kind: 'computed', type: 'Microsoft.Compute/skus', get: list }];

/** Family and vCPUs of a size; `undefined` for one that the simulator does not know. */
export const vmSize = (name: string): VmSize | undefined => sizes.get(name);

export const vmFamilies = (): Set<string> => new Set([...sizes.values()].map((size) => size.family));

function list({ query }: ArmRequest): Reply {
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
