import type { Marks } from './marks.ts';
import { mismatch } from './mismatch.ts';
import type { ResourceFacts } from './provisioningState.ts';

const subnetUses = ['nodeSubnet', 'registrySubnet', 'apiServerSubnet'] as const;
/** What a subnet is for. */
export type SubnetUse = (typeof subnetUses)[number];

/** What the subnets of each use must have; the rest is their owner's. Guide: bring your own ACR, steps 1 and 6. */
export interface SubnetProperties {
  /** `null`: not said. Azure's default has changed between API versions, so what is not said is put back unsaid. */
  defaultOutboundAccess?: boolean | null;
  privateEndpointNetworkPolicies?: string;
  /** Service that the subnet is delegated to. */
  delegation?: string;
}

export const apiServerDelegation = 'Microsoft.ContainerService/managedClusters';

export const subnetProperties: Readonly<Record<SubnetUse, SubnetProperties>> = {
  nodeSubnet: { defaultOutboundAccess: false },
  registrySubnet: { privateEndpointNetworkPolicies: 'Disabled' },
  apiServerSubnet: { delegation: apiServerDelegation },
};

export interface SubnetSpecification extends SubnetProperties {
  id: string;
  name: string;
  use: SubnetUse;
  addressPrefix: string;
}

export interface VirtualNetworkSpecification {
  id: string;
  location: string;
  tags: Marks;
  addressPrefixes: string[];
  subnets: SubnetSpecification[];
}

export interface SubnetFacts {
  id: string;
  name: string;
  provisioningState: string;
  addressPrefixes: string[];
  /** `null`: not said. */
  defaultOutboundAccess: boolean | null;
  privateEndpointNetworkPolicies: string;
  delegations: string[];
  /** How many addresses are taken. */
  addressesInUse: number;
}

export interface VirtualNetworkFacts extends ResourceFacts {
  location: string;
  addressPrefixes: string[];
  subnets: SubnetFacts[];
}

export const seenSubnetProperties = (seen: SubnetFacts): Required<SubnetProperties> => ({
  defaultOutboundAccess: seen.defaultOutboundAccess,
  privateEndpointNetworkPolicies: seen.privateEndpointNetworkPolicies,
  delegation: seen.delegations.join(', '),
});

export function subnetMismatches(wanted: SubnetProperties, seen: SubnetFacts): string[] {
  const { defaultOutboundAccess, privateEndpointNetworkPolicies, delegation } = seenSubnetProperties(seen);
  return [
    ...mismatch('defaultOutboundAccess', wanted.defaultOutboundAccess, defaultOutboundAccess),
    ...mismatch(
      'privateEndpointNetworkPolicies',
      wanted.privateEndpointNetworkPolicies,
      privateEndpointNetworkPolicies,
    ),
    ...mismatch('delegations', wanted.delegation, delegation),
  ];
}
