import type { Marks } from './marks.ts';
import type { ResourceFacts } from './provisioningState.ts';

/** A private DNS zone as it is to be. Source: Azure REST API, "Private Zones". */
export interface PrivateDnsZoneSpecification {
  id: string;
  tags: Marks;
}

/** A link of a zone to a network, as it is to be. Source: Azure REST API, "Virtual Network Links". */
export interface ZoneLinkSpecification {
  id: string;
  tags: Marks;
  virtualNetworkId: string;
}

export interface ZoneLinkFacts extends ResourceFacts {
  name: string;
  virtualNetworkId: string;
  registrationEnabled: boolean;
  /** `Completed` or `InProgress`. */
  linkState: string;
}

/** An A record set as it is to be. Source: Azure REST API, "Record Sets". */
export interface RecordSpecification {
  id: string;
  metadata: Marks;
  addresses: string[];
}

export interface RecordFacts {
  id: string;
  marks: Marks;
  addresses: string[];
}

export const sameAddresses = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

export interface PrivateDnsZoneFacts extends ResourceFacts {
  links: ZoneLinkFacts[];
  /** Records that the registry needs, by name. */
  records: Record<string, RecordFacts>;
}

/** The zone whose name Azure prescribes. Source: Learn, "Azure private endpoint private DNS zone values". */
export const registryZoneName = 'privatelink.azurecr.io';
