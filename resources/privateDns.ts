import type { Marks } from './marks.ts';
import type { ResourceFacts } from './provisioningState.ts';

export interface PrivateDnsZoneSpecification {
  id: string;
  tags: Marks;
}

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
  /** Those that the registry needs and that are there, by name. */
  records: Record<string, RecordFacts>;
}

/** The zone whose name Azure prescribes. Source: Learn, "Azure private endpoint private DNS zone values". */
export const registryZoneName = 'privatelink.azurecr.io';
