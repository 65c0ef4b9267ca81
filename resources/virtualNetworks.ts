import { isPrivateRange } from './addressRanges.ts';
import type { Marks } from './marks.ts';
import { type Difference, difference, differenceText } from './mismatch.ts';
import type { ResourceFacts } from './provisioningState.ts';

/** Purpose of a subnet. */
export type SubnetUse = 'nodeSubnet' | 'registrySubnet' | 'apiServerSubnet';

/** Properties that a subnet must have for its use. All others are for its owner to decide. Guide: bring your own ACR, steps 1 and 6. */
export interface SubnetProperties {
  /** `null`: Azure shows none. Azure's default has changed between API versions, so undo sends none where none was. */
  defaultOutboundAccess?: boolean | null;
  privateEndpointNetworkPolicies?: string;
  /** Service that the subnet is delegated to. */
  delegation?: string;
}

export const apiServerDelegation = 'Microsoft.ContainerService/managedClusters';

export const neededSubnetProperties: Readonly<Record<SubnetUse, SubnetProperties>> = {
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

export interface NatGatewayFacts {
  id: string;
  provisioningState: string;
  /** IDs of its public addresses and prefixes; none: nothing leaves by it. Left out by version 0.1. */
  addressIds?: string[];
}

export interface SubnetFacts {
  id: string;
  name: string;
  provisioningState: string;
  addressPrefixes: string[];
  /** `null`: Azure shows none. */
  defaultOutboundAccess: boolean | null;
  privateEndpointNetworkPolicies: string;
  delegations: string[];
  /** Left out where it has none, and by version 0.1. */
  natGatewayId?: string;
  /** Left out where it has none, and by version 0.1. */
  routeTableId?: string;
  /** Number of addresses that are taken. */
  addressesInUse: number;
  /** Number of private endpoints in it. Left out by version 0.1. */
  privateEndpoints?: number;
  /** IDs and services that are put on it. Given where a subnet is read alone. */
  attachments?: string[];
}

export interface VirtualNetworkFacts extends ResourceFacts {
  location: string;
  /** The DNS servers that its machines ask; none: Azure's. Left out by version 0.1. */
  dnsServers?: string[];
  /** Whether traffic between its machines is encrypted. Left out by version 0.1. */
  isEncrypted?: boolean;
  /** The NAT gateway that serves all of it, without being named by its subnets. Left out where it has none. */
  natGatewayId?: string;
  /** Parts that may bring it routes by BGP: subnets of gateways and route servers, and peerings that use those of a hub. */
  routeSources?: string[];
  /** IDs of the networks that it is peered with, whose endpoints its machines reach. */
  peers?: string[];
  addressPrefixes: string[];
  subnets: SubnetFacts[];
}

/** A route of a table. */
export interface RouteFacts {
  routeTableId: string;
  /** A range or a service tag. Left out by version 0.1, which saw default routes alone. */
  addressPrefix?: string;
  nextHopType: string;
}

/** The effect of a route table on the subnets that name it. */
export interface RouteTableFacts {
  id: string;
  /** Its routes that may lead out of the network. */
  routesOut: RouteFacts[];
  /** Whether routes that come by BGP count beside its own. */
  takesRoutesByBgp: boolean;
}

/** Next hops that keep traffic inside. Source: Learn, "Virtual network traffic routing". */
const innerHops: ReadonlySet<string> = new Set(['none', 'vnetlocal']);

/**
 * Whether a route leads to public addresses. A service tag is public, and two halves of the internet are all of it. A narrower
 * range of Azure's own, such as that of another region, counts too: whatever is outside is a way out.
 */
export const leadsOut = ({ addressPrefix = '0.0.0.0/0', nextHopType }: Omit<RouteFacts, 'routeTableId'>): boolean =>
  !innerHops.has(nextHopType.toLowerCase()) && !isPrivateRange(addressPrefix);

export const seenSubnetProperties = (seen: SubnetFacts): Required<SubnetProperties> => ({
  defaultOutboundAccess: seen.defaultOutboundAccess,
  privateEndpointNetworkPolicies: seen.privateEndpointNetworkPolicies,
  delegation: seen.delegations.join(', '),
});

export function subnetDifferences(wanted: SubnetProperties, seen: SubnetFacts): Difference[] {
  const { defaultOutboundAccess, privateEndpointNetworkPolicies, delegation } = seenSubnetProperties(seen);
  return [
    ...difference('defaultOutboundAccess', wanted.defaultOutboundAccess, defaultOutboundAccess),
    ...difference(
      'privateEndpointNetworkPolicies',
      wanted.privateEndpointNetworkPolicies,
      privateEndpointNetworkPolicies,
    ),
    ...difference('delegations', wanted.delegation, delegation),
  ];
}

/** The same in words. */
export const subnetMismatches = (wanted: SubnetProperties, seen: SubnetFacts): string[] =>
  subnetDifferences(wanted, seen).map(differenceText);
