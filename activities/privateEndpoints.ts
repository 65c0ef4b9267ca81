import { restorePoller } from '@azure/arm-network';
import { resourceReference } from '../resources/ids.ts';
import { type Marks, marksIn } from '../resources/marks.ts';
import {
  endpointDifferences,
  type PrivateEndpointFacts,
  type PrivateEndpointSpecification,
} from '../resources/privateEndpoints.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureRead } from './arm/errors.ts';
import { createResource, deleteResource } from './arm/ownedResource.ts';

export async function readPrivateEndpoint(clients: ClientsOf, id: string): Promise<PrivateEndpointFacts | undefined> {
  const { subscriptionId, resourceGroup, name } = resourceReference(id);
  const { privateEndpoints } = clients(subscriptionId).network;
  const found = await azureRead(id, () => privateEndpoints.get(resourceGroup, name));
  if (!found) return undefined;
  const [connection] = [
    ...(found.privateLinkServiceConnections ?? []),
    ...(found.manualPrivateLinkServiceConnections ?? []),
  ];
  return {
    id: found.id ?? id,
    provisioningState: found.provisioningState ?? 'Unknown',
    marks: marksIn(found.tags),
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
 * Private addresses by host name, as the guide reads them. An endpoint with a private DNS zone group shows none itself.
 * Source: Terraform's documentation of `azurerm_private_endpoint`, `custom_dns_configs`.
 */
async function interfaceAddresses(clients: ClientsOf, id: string | undefined): Promise<Record<string, string[]>> {
  if (id === undefined) return {};
  const { subscriptionId, resourceGroup, name } = resourceReference(id);
  const { networkInterfaces } = clients(subscriptionId).network;
  const found = await azureRead(id, () => networkInterfaces.get(resourceGroup, name));
  const addresses: Record<string, string[]> = {};
  for (const { privateIPAddress, privateLinkConnectionProperties } of found?.ipConfigurations ?? []) {
    for (const fqdn of privateLinkConnectionProperties?.fqdns ?? [])
      if (privateIPAddress) addresses[fqdn.toLowerCase()] = [privateIPAddress];
  }
  return addresses;
}

export function privateEndpointActivities(clients: ClientsOf) {
  return {
    /** Creates the registry's private endpoint and returns its addresses, which Azure shows only at the end. */
    async createPrivateEndpoint(endpoint: PrivateEndpointSpecification): Promise<PrivateEndpointFacts> {
      const { id, location, tags, subnetId, connectionName, registryId } = endpoint;
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).network;
      return await createResource({
        ...reader(id),
        marks: tags,
        write: {
          start: () =>
            client.privateEndpoints.createOrUpdate(resourceGroup, name, {
              location,
              tags,
              subnet: { id: subnetId },
              privateLinkServiceConnections: [
                { name: connectionName, privateLinkServiceId: registryId, groupIds: ['registry'] },
              ],
            }),
          restore: (state) => restorePoller(client, state, client.privateEndpoints.createOrUpdate),
        },
        differences: (seen) => endpointDifferences(endpoint, seen),
      });
    },

    async deletePrivateEndpoint({ id, marks }: { id: string; marks: Marks }): Promise<void> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).network;
      await deleteResource({
        ...reader(id),
        marks,
        write: {
          start: () => client.privateEndpoints.delete(resourceGroup, name),
          restore: (state) => restorePoller(client, state, client.privateEndpoints.delete),
        },
      });
    },
  };

  function reader(id: string) {
    return {
      id,
      kind: 'private endpoint',
      read: () => readPrivateEndpoint(clients, id),
      state: ({ provisioningState }: PrivateEndpointFacts) => provisioningState,
      marksOf: ({ marks }: PrivateEndpointFacts) => marks,
    };
  }
}
