import { sameResourceId } from './ids.ts';
import type { Marks } from './marks.ts';
import { mismatch } from './mismatch.ts';
import type { ResourceFacts } from './provisioningState.ts';

/** The registry's private endpoint as it is to be. Source: Azure REST API, "Private Endpoints". */
export interface PrivateEndpointSpecification {
  id: string;
  location: string;
  tags: Marks;
  subnetId: string;
  connectionName: string;
  registryId: string;
  /** Names in the registry's zone for which the endpoint must have an address. */
  records: string[];
}

export interface PrivateEndpointFacts extends ResourceFacts {
  subnetId: string;
  targetId: string;
  /** `Approved`, `Pending`, `Rejected` or `Disconnected`. */
  status: string;
  /** Private addresses by host name, such as `registry.westeurope.data.azurecr.io`. */
  addresses: Record<string, string[]>;
}

/** The endpoint's addresses that a record of the registry's zone must have. */
export const addressesForRecord = ({ addresses }: PrivateEndpointFacts, record: string): string[] =>
  addresses[`${record}.azurecr.io`] ?? [];

export const endpointMismatches = (
  wanted: Pick<PrivateEndpointSpecification, 'registryId' | 'records'>,
  seen: PrivateEndpointFacts,
): string[] => [
  ...(sameResourceId(wanted.registryId, seen.targetId)
    ? []
    : [`privateLinkServiceId: asked ${wanted.registryId}, got ${seen.targetId || 'none'}`]),
  ...mismatch('privateLinkServiceConnectionState', 'Approved', seen.status),
  ...wanted.records.flatMap((record) =>
    addressesForRecord(seen, record).length > 0 ? [] : [`customDnsConfigs: asked an address for ${record}, got none`],
  ),
];
