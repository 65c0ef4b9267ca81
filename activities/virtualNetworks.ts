import type { VirtualNetwork } from '@azure/arm-network';
import { contains } from '../resources/addressRanges.ts';
import { subnetsTag } from '../resources/marks.ts';
import {
  leadsOut,
  type NatGatewayFacts,
  type RouteTableFacts,
  subnetMismatches,
  type VirtualNetworkFacts,
  type VirtualNetworkSpecification,
} from '../resources/virtualNetworks.ts';
import { type ClientsOf, locate } from './arm/connection.ts';
import { azureRead } from './arm/errors.ts';
import { boundTo, marksOn } from './arm/marks.ts';
import {
  createResource,
  deleteResource,
  type MarkedResource,
  type MaybeAdopted,
  type MaybeUnseen,
  type ResourceType,
} from './arm/ownedResource.ts';
import { ifMatch } from './arm/resourceUpdate.ts';
import { newSubnet, subnetFacts } from './subnets.ts';
import { usersOf } from './users/usersOf.ts';

export async function readVirtualNetwork(clients: ClientsOf, id: string): Promise<VirtualNetworkFacts | undefined> {
  const found = await getVirtualNetwork(clients, id);
  return found && networkFacts(id, found);
}

function getVirtualNetwork(clients: ClientsOf, id: string): Promise<VirtualNetwork | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  return azureRead(id, () => client.virtualNetworks.get(resourceGroup, name));
}

function networkFacts(id: string, found: VirtualNetwork): VirtualNetworkFacts {
  return {
    id: found.id ?? id,
    provisioningState: found.provisioningState ?? 'Unknown',
    marks: marksOn(id, found.tags),
    location: found.location ?? '',
    addressPrefixes: found.addressSpace?.addressPrefixes ?? [],
    dnsServers: found.dhcpOptions?.dnsServers ?? [],
    isEncrypted: found.encryption?.enabled ?? false,
    ...(found.defaultPublicNatGateway?.id !== undefined && { natGatewayId: found.defaultPublicNatGateway.id }),
    routeSources: routeSources(found),
    peers: peersOf(found),
    subnets: (found.subnets ?? []).map(subnetFacts),
  };
}

/** Azure wants these names of the subnets. Source: Learn, "Virtual network traffic routing", "What is Azure Route Server?". */
const routerSubnets: ReadonlySet<string> = new Set(['gatewaysubnet', 'routeserversubnet']);

function routeSources({ subnets = [], virtualNetworkPeerings = [] }: VirtualNetwork): string[] {
  const own = subnets.filter(({ name = '' }) => routerSubnets.has(name.toLowerCase()));
  const ofHub = virtualNetworkPeerings.filter(({ useRemoteGateways }) => useRemoteGateways);
  return [...own, ...ofHub].flatMap(({ id }) => id ?? []);
}

const peersOf = ({ virtualNetworkPeerings = [] }: VirtualNetwork): string[] =>
  virtualNetworkPeerings
    .filter(({ peeringState, allowVirtualNetworkAccess }) => peeringState === 'Connected' && allowVirtualNetworkAccess)
    .flatMap(({ remoteVirtualNetwork }) => remoteVirtualNetwork?.id ?? []);

/** Reads a route table. @param own Ranges of the network, which may be public ones. */
export async function readRouteTable(
  clients: ClientsOf,
  id: string,
  own: readonly string[],
): Promise<RouteTableFacts | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  const found = await azureRead(id, () => client.routeTables.get(resourceGroup, name));
  if (!found) return undefined;
  const routes = (found.routes ?? []).map(({ addressPrefix = '', nextHopType = 'Unknown' }) => ({
    routeTableId: id,
    addressPrefix,
    nextHopType,
  }));
  return {
    id,
    routesOut: routes.filter((route) => leadsOut(route) && !own.some((range) => contains(range, route.addressPrefix))),
    takesRoutesByBgp: found.disableBgpRoutePropagation !== true,
  };
}

/** Reads the state of a NAT gateway, and the addresses by which machines leave through it. */
export async function readNatGateway(clients: ClientsOf, id: string): Promise<NatGatewayFacts | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  const found = await azureRead(id, () => client.natGateways.get(resourceGroup, name));
  if (!found) return undefined;
  const { publicIpAddresses, publicIpPrefixes, publicIpAddressesV6, publicIpPrefixesV6 } = found;
  const addresses = [publicIpAddresses, publicIpPrefixes, publicIpAddressesV6, publicIpPrefixesV6].flatMap(
    (each) => each ?? [],
  );
  return {
    id,
    provisioningState: found.provisioningState ?? 'Unknown',
    addressIds: addresses.flatMap((each) => each.id ?? []),
  };
}

const networkType: ResourceType<'network', VirtualNetworkFacts> = {
  kind: 'virtual network',
  service: 'network',
  read: readVirtualNetwork,
  remove: ({ client, resourceGroup, name }) => client.virtualNetworks.delete(resourceGroup, name),
};

export const virtualNetworkActivities = (clients: ClientsOf) => ({
  /** Creates a virtual network with its subnets in one request, for Azure takes one write at a time under a network. */
  async createVirtualNetwork(network: VirtualNetworkSpecification): Promise<VirtualNetworkFacts & MaybeAdopted> {
    const { id, tags } = network;
    let there: VirtualNetwork | undefined;
    const read = async (): Promise<VirtualNetworkFacts | undefined> => {
      there = await getVirtualNetwork(clients, id);
      return there && networkFacts(id, there);
    };
    return createResource(clients, { ...networkType, read }, id, {
      marks: tags,
      send: ({ client, resourceGroup, name }) =>
        client.virtualNetworks.createOrUpdate(resourceGroup, name, networkBody(network, there), ifMatch(there?.etag)),
      mismatches: ({ subnets }) =>
        network.subnets.flatMap((wanted) => {
          const seen = subnets.find((subnet) => subnet.name.toLowerCase() === wanted.name.toLowerCase());
          return seen ? subnetMismatches(wanted, seen) : [`subnet ${wanted.name}: asked for, got none`];
        }),
    });
  },

  /** @param network `subnets`: names of those that may go with the network. Default: those that its tag names, or all. */
  deleteVirtualNetwork: ({
    subnets: ours,
    ...network
  }: MarkedResource & { subnets?: string[] }): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, networkType, network, {
      holdsForeign: (seen) => foreignSubnets(seen, ours ?? ownSubnets(seen)),
      usersOf: () => usersOf(clients, network.id, network.marks),
    }),
});

/** A PUT replaces the whole network: what others have put into one that is there stays. */
function networkBody(network: VirtualNetworkSpecification, there: VirtualNetwork | undefined): VirtualNetwork {
  const { id, location, tags, addressPrefixes, subnets } = network;
  const found = Map.groupBy(there?.subnets ?? [], ({ name = '' }) => name.toLowerCase());
  const own = subnets.map(({ name }) => name);
  const prefixes = [...addressPrefixes, ...(there?.addressSpace?.addressPrefixes ?? [])];
  for (const subnet of subnets) {
    const key = subnet.name.toLowerCase();
    const [seen] = found.get(key) ?? [];
    found.set(key, [{ ...seen, name: subnet.name, ...newSubnet(subnet, seen) }]);
  }
  return {
    ...there,
    location,
    tags: { ...there?.tags, ...boundTo(id, tags), [subnetsTag]: own.join(' ') },
    addressSpace: { addressPrefixes: [...new Set(prefixes)] },
    subnets: [...found.values()].flat(),
  };
}

/** The subnets that were made with a network; `undefined` where nobody has noted them. */
export const ownSubnets = ({ marks }: VirtualNetworkFacts): string[] | undefined => marks[subnetsTag]?.split(' ');

/** @param own Names of the others. */
export const foreignSubnets = ({ subnets }: VirtualNetworkFacts, own: readonly string[] | undefined): string[] =>
  subnets.filter(({ name }) => own && !own.includes(name)).map(({ id }) => id);
