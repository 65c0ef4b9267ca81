import type { PrivateEndpoint } from '@azure/arm-network';
import {
  endpointMismatches,
  type PrivateEndpointFacts,
  type PrivateEndpointSpecification,
} from '../resources/privateEndpoints.ts';
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
import { usersOf } from './users/usersOf.ts';

export async function readPrivateEndpoint(clients: ClientsOf, id: string): Promise<PrivateEndpointFacts | undefined> {
  const found = await getEndpoint(clients, id);
  return found && endpointFacts(clients, id, found);
}

function getEndpoint(clients: ClientsOf, id: string): Promise<PrivateEndpoint | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  return azureRead(id, () => client.privateEndpoints.get(resourceGroup, name));
}

async function endpointFacts(clients: ClientsOf, id: string, found: PrivateEndpoint): Promise<PrivateEndpointFacts> {
  const [connection] = [
    ...(found.privateLinkServiceConnections ?? []),
    ...(found.manualPrivateLinkServiceConnections ?? []),
  ];
  return {
    id: found.id ?? id,
    provisioningState: found.provisioningState ?? 'Unknown',
    marks: marksOn(id, found.tags),
    subnetId: found.subnet?.id ?? '',
    targetId: connection?.privateLinkServiceId ?? '',
    status: connection?.privateLinkServiceConnectionState?.status ?? 'Unknown',
    addresses: found.customDnsConfigs?.length
      ? Object.fromEntries(
          found.customDnsConfigs.map(({ fqdn = '', ipAddresses = [] }) => [fqdn.toLowerCase(), ipAddresses]),
        )
      : await interfaceAddresses(clients, found.networkInterfaces?.[0]?.id),
  };
}

/**
 * Reads private addresses by host name from the network interface, as the guide does. An endpoint with a private DNS zone
 * group shows none itself.
 * Source: Terraform's documentation of `azurerm_private_endpoint`, `custom_dns_configs`.
 */
async function interfaceAddresses(clients: ClientsOf, id: string | undefined): Promise<Record<string, string[]>> {
  if (id === undefined) return {};
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  const found = await azureRead(id, () => client.networkInterfaces.get(resourceGroup, name));
  const addresses: Record<string, string[]> = {};
  for (const { privateIPAddress, privateLinkConnectionProperties } of found?.ipConfigurations ?? []) {
    for (const fqdn of privateLinkConnectionProperties?.fqdns ?? [])
      if (privateIPAddress) addresses[fqdn.toLowerCase()] = [privateIPAddress];
  }
  return addresses;
}

const endpointType: ResourceType<'network', PrivateEndpointFacts & { etag?: string | undefined }> = {
  kind: 'private endpoint',
  service: 'network',
  async read(clients, id) {
    const found = await getEndpoint(clients, id);
    return found && { ...(await endpointFacts(clients, id, found)), etag: found.etag };
  },
  remove: ({ client, resourceGroup, name }) => client.privateEndpoints.delete(resourceGroup, name),
};

export const privateEndpointActivities = (clients: ClientsOf) => ({
  /** Creates the registry's private endpoint. The result has its addresses, which Azure shows only at the end. */
  createPrivateEndpoint(endpoint: PrivateEndpointSpecification): Promise<PrivateEndpointFacts & MaybeAdopted> {
    const { id, location, tags, subnetId, connectionName, registryId } = endpoint;
    return createResource(clients, endpointType, id, {
      marks: tags,
      send({ client, resourceGroup, name }, conditions, found) {
        const body = {
          location,
          tags: { ...found, ...boundTo(id, tags) },
          subnet: { id: subnetId },
          privateLinkServiceConnections: [
            { name: connectionName, privateLinkServiceId: registryId, groupIds: ['registry'] },
          ],
        };
        const etag = conditions && 'ifMatch' in conditions ? conditions.ifMatch : undefined;
        return client.privateEndpoints.createOrUpdate(resourceGroup, name, body, ifMatch(etag));
      },
      mismatches: (seen) => endpointMismatches(endpoint, seen),
    });
  },

  deletePrivateEndpoint: (endpoint: MarkedResource): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, endpointType, endpoint, {
      usersOf: () => usersOf(clients, endpoint.id, endpoint.marks),
    }),
});
