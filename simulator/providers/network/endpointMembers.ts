import { randomUUID } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { keyOf, nameOf, parentPath } from '../../arm/ids.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import {
  endpointsOf,
  endpointType,
  groupsOf,
  interfaceType,
  isRegistryId,
  registryOf,
  subnetOf,
} from './endpointShapes.ts';
import { subnetRanges, subnetType } from './subnetShapes.ts';

const dnsConfigs = z.looseObject({
  customDnsConfigs: z.array(z.looseObject({ fqdn: z.string(), ipAddresses: z.array(z.string()) })).default([]),
});

/** The host names that an endpoint serves, with their addresses; none before it is approved. */
export const servedNames = (endpoint: Resource): { readonly host: string; readonly addresses: readonly string[] }[] =>
  dnsConfigs
    .parse(propertiesOf(endpoint))
    .customDnsConfigs.map(({ fqdn, ipAddresses }) => ({ host: fqdn.toLowerCase(), addresses: ipAddresses }));

/** Addresses by host name that the approved endpoints of a registry have in a network. */
export function endpointAddresses(world: World, registryId: string, vnetId: string): Record<string, string[]> {
  const names = endpointsOf(world, registryId)
    .filter((endpoint) => keyOf(parentPath(subnetOf(endpoint))) === keyOf(vnetId))
    .flatMap(servedNames);
  const addresses: Record<string, string[]> = {};
  for (const { host, addresses: more } of names) addresses[host] = [...(addresses[host] ?? []), ...more];
  return addresses;
}

/** Brings the members of a registry's endpoints in line with its regions, as a new replica does. */
export function refreshMembers(world: World, registryId: string): void {
  for (const endpoint of endpointsOf(world, registryId))
    if (propertiesOf(endpoint).provisioningState === 'Succeeded') writeMembers(world, endpoint);
}

/** Gives an endpoint's interface an address for each member, in Azure's order: the lowest is the first data endpoint's. */
export function writeMembers(world: World, endpoint: Resource): void {
  const properties = propertiesOf(endpoint);
  const target = registryOf(endpoint);
  if (isRegistryId(target) && !world.store.get(target)) return;
  const groupIds = groupsOf(endpoint);
  const subnet = subnetOf(endpoint);
  const [{ id: nicId } = { id: '' }] = z.array(z.looseObject({ id: z.string() })).parse(properties.networkInterfaces);
  const nic = world.store.get(nicId);
  const known = new Map(nic ? interfaceAddresses(nic).map(({ member, address }) => [member, address]) : []);
  const free = freeAddresses(world, subnet);
  const members = membersOf(world, target, groupIds).map(({ member, fqdn }) => ({
    member,
    fqdn: fqdn.toLowerCase(),
    address: known.get(member) ?? free.next().value ?? '',
  }));
  world.store.put(nicId, interfaceType, {
    id: nicId,
    name: nameOf(nicId),
    type: interfaceType,
    location: endpoint.body.location,
    kind: 'Regular',
    managedBy: endpoint.id,
    properties: {
      provisioningState: 'Succeeded',
      privateEndpoint: { id: endpoint.id },
      macAddress: '',
      nicType: 'Standard',
      ipConfigurations: members.map(({ member, fqdn, address }, index) => {
        const name = `privateEndpointIpConfig.${randomUUID()}`;
        return {
          name,
          id: `${nicId}/ipConfigurations/${name}`,
          properties: {
            provisioningState: 'Succeeded',
            privateIPAddress: address,
            privateIPAllocationMethod: 'Dynamic',
            primary: index === 0,
            subnet: { id: subnet },
            privateLinkConnectionProperties: {
              groupId: isRegistryId(target) ? 'registry' : member,
              requiredMemberName: member,
              fqdns: [fqdn],
            },
          },
        };
      }),
    },
  });
  world.store.put(endpoint.id, endpointType, {
    ...endpoint.body,
    properties: {
      ...properties,
      customDnsConfigs: members.map(({ fqdn, address }) => ({ fqdn, ipAddresses: [address] })),
    },
  });
}

/**
 * The members that an endpoint gets: for a registry the data endpoint of each region, then the registry itself; for anything
 * else one for each group.
 */
export function membersOf(
  world: World,
  targetId: string,
  groupIds: readonly string[],
): { member: string; fqdn: string }[] {
  const registry = world.store.get(targetId);
  if (!isRegistryId(targetId))
    return groupIds.map((member) => ({ member, fqdn: `${nameOf(targetId)}.${suffixes[member] ?? foreignSuffix}` }));
  if (!registry) return [];
  const regions = [String(registry.body.location), ...replicasOf(world, registry.id)];
  return [
    ...regions.map((region) => ({
      member: `registry_data_${region}`,
      fqdn: `${registry.name}.${region}.data.azurecr.io`,
    })),
    { member: 'registry', fqdn: `${registry.name}.azurecr.io` },
  ];
}

/** Domains of some of Azure's other services, by the group of their endpoints. */
const suffixes: Readonly<Record<string, string>> = {
  blob: 'blob.core.windows.net',
  file: 'file.core.windows.net',
  vault: 'vault.azure.net',
  sqlServer: 'database.windows.net',
};
const foreignSuffix = 'azure.net';

const nicProperties = z.looseObject({
  ipConfigurations: z.array(
    z.looseObject({
      properties: z.looseObject({
        privateIPAddress: z.string(),
        privateLinkConnectionProperties: z.looseObject({ requiredMemberName: z.string() }).optional(),
      }),
    }),
  ),
});
/** The addresses of an interface, by the members of its endpoint. */
export const interfaceAddresses = (nic: Resource) =>
  nicProperties.parse(propertiesOf(nic)).ipConfigurations.map(({ properties }) => ({
    member: properties.privateLinkConnectionProperties?.requiredMemberName ?? '',
    address: properties.privateIPAddress,
  }));

/** The private endpoint that has an address in one of these networks. */
export function endpointAt(world: World, vnetIds: readonly string[], address: string): Resource | undefined {
  return vnetIds
    .flatMap((vnetId) => world.store.list(subnetType, vnetId))
    .flatMap((subnet) => world.store.referencesTo(subnet.id))
    .filter((each) => each.type === interfaceType && interfaceAddresses(each).some((own) => own.address === address))
    .map(({ body }) => world.store.get(String(body.managedBy)))
    .find((endpoint) => endpoint !== undefined);
}

/** A subnet's first four addresses and its last are Azure's. */
export function* freeAddresses(world: World, subnet: string): Generator<string, undefined> {
  const [range = '0.0.0.0/32'] = subnetRanges(world, subnet);
  const interfaces = world.store.referencesTo(subnet).filter(({ type }) => type === interfaceType);
  const taken = new Set(interfaces.flatMap((nic) => interfaceAddresses(nic).map(({ address }) => address)));
  const last = toNumber(ipaddr.IPv4.broadcastAddressFromCIDR(range));
  for (let value = toNumber(ipaddr.IPv4.networkAddressFromCIDR(range)) + 4; value < last; value += 1) {
    const address = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
    if (!taken.has(address)) yield address;
  }
  return undefined;
}

const toNumber = (address: ipaddr.IPv4): number => address.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);

export const replicasOf = (world: World, registryId: string): string[] =>
  world.store
    .list('Microsoft.ContainerRegistry/registries/replications', registryId)
    .filter((replica) => propertiesOf(replica).provisioningState === 'Succeeded')
    .map(({ body }) => String(body.location));
