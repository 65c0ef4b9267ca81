import { restorePoller, type Subnet, type VirtualNetwork } from '@azure/arm-network';
import { resourceReference } from '../resources/ids.ts';
import { type Marks, marksIn } from '../resources/marks.ts';
import {
  type SubnetFacts,
  type SubnetProperties,
  type SubnetSpecification,
  subnetDifferences,
  type VirtualNetworkFacts,
  type VirtualNetworkSpecification,
} from '../resources/virtualNetworks.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureRead } from './arm/errors.ts';
import { createResource, deleteResource, updateResource } from './arm/ownedResource.ts';

export async function readVirtualNetwork(clients: ClientsOf, id: string): Promise<VirtualNetworkFacts | undefined> {
  const { subscriptionId, resourceGroup, name } = resourceReference(id);
  const { virtualNetworks } = clients(subscriptionId).network;
  const found = await azureRead(id, () => virtualNetworks.get(resourceGroup, name));
  if (!found) return undefined;
  return {
    id: found.id ?? id,
    provisioningState: found.provisioningState ?? 'Unknown',
    marks: marksIn(found.tags),
    location: found.location ?? '',
    addressPrefixes: found.addressSpace?.addressPrefixes ?? [],
    subnets: (found.subnets ?? []).map(subnetFacts),
  };
}

export function virtualNetworkActivities(clients: ClientsOf) {
  return {
    /** Creates a virtual network with its subnets in one request: writes under one network cannot be parallel. */
    async createVirtualNetwork(network: VirtualNetworkSpecification): Promise<VirtualNetworkFacts> {
      const { id, location, tags, addressPrefixes } = network;
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).network;
      const body: VirtualNetwork = {
        location,
        tags,
        addressSpace: { addressPrefixes },
        subnets: network.subnets.map((subnet) => ({ name: subnet.name, ...newSubnet(subnet) })),
      };
      return await createResource({
        id,
        kind: 'virtual network',
        read: () => readVirtualNetwork(clients, id),
        state: ({ provisioningState }) => provisioningState,
        marksOf: ({ marks }) => marks,
        marks: tags,
        write: {
          start: () => client.virtualNetworks.createOrUpdate(resourceGroup, name, body),
          restore: (state) => restorePoller(client, state, client.virtualNetworks.createOrUpdate),
        },
        differences: ({ subnets }) =>
          network.subnets.flatMap((wanted) => {
            const seen = subnets.find((subnet) => subnet.name.toLowerCase() === wanted.name.toLowerCase());
            return seen ? subnetDifferences(wanted, seen) : [`subnet ${wanted.name}: asked for, got none`];
          }),
      });
    },

    /** @param request `subnets`: names of those that may go with the network. Default: all that are in it. */
    async deleteVirtualNetwork({
      id,
      marks,
      subnets: ours,
    }: {
      id: string;
      marks: Marks;
      subnets?: string[];
    }): Promise<void> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).network;
      await deleteResource({
        id,
        kind: 'virtual network',
        read: () => readVirtualNetwork(clients, id),
        state: ({ provisioningState }) => provisioningState,
        marksOf: ({ marks }) => marks,
        marks,
        holdsForeign: ({ subnets }) =>
          subnets.filter(({ name }) => ours && !ours.includes(name)).map((subnet) => subnet.id),
        write: {
          start: () => client.virtualNetworks.delete(resourceGroup, name),
          restore: (state) => restorePoller(client, state, client.virtualNetworks.delete),
        },
      });
    },

    /** Creates a subnet in a network that is there. @param retriedByOperator Whether this run has tried before. */
    async createSubnet(subnet: SubnetSpecification, retriedByOperator = false): Promise<SubnetFacts> {
      return await createResource({
        ...subnetReader(subnet.id),
        marks: {},
        retriedByOperator,
        write: subnetWrite(subnet.id, newSubnet(subnet)),
        differences: (seen) => subnetDifferences(subnet, seen),
      });
    },

    /** Changes these properties of a subnet and keeps all others: a PUT replaces the whole subnet. */
    async updateSubnet({ id, properties }: { id: string; properties: SubnetProperties }): Promise<SubnetFacts> {
      const current = await getSubnet(id);
      const { defaultOutboundAccess: _said, ...unsaid } = current ?? {};
      const kept = properties.defaultOutboundAccess === null ? unsaid : current;
      return await updateResource({
        ...subnetReader(id),
        write: subnetWrite(id, { ...kept, ...azureProperties(properties, current) }),
        differences: (seen) => subnetDifferences(properties, seen),
      });
    },

    /** Deletes a subnet that this run created. Azure refuses while anything is in it. */
    async deleteSubnet(id: string): Promise<void> {
      const { client, resourceGroup, network, name } = subnetClient(id);
      await deleteResource({
        ...subnetReader(id),
        marks: {},
        write: {
          start: () => client.subnets.delete(resourceGroup, network, name),
          restore: (state) => restorePoller(client, state, client.subnets.delete),
        },
      });
    },
  };

  function subnetClient(id: string) {
    const { subscriptionId, resourceGroup, name, parents } = resourceReference(id);
    return { client: clients(subscriptionId).network, resourceGroup, network: parents[0] ?? '', name };
  }

  function getSubnet(id: string): Promise<Subnet | undefined> {
    const { client, resourceGroup, network, name } = subnetClient(id);
    return azureRead(id, () => client.subnets.get(resourceGroup, network, name));
  }

  function subnetReader(id: string) {
    return {
      id,
      kind: 'subnet',
      read: async () => {
        const found = await getSubnet(id);
        return found && subnetFacts(found);
      },
      state: ({ provisioningState }: SubnetFacts) => provisioningState,
    };
  }

  function subnetWrite(id: string, body: Subnet) {
    const { client, resourceGroup, network, name } = subnetClient(id);
    return {
      start: () => client.subnets.createOrUpdate(resourceGroup, network, name, body),
      restore: (state: string) => restorePoller(client, state, client.subnets.createOrUpdate),
    };
  }
}

function newSubnet(subnet: SubnetSpecification): Subnet {
  return { addressPrefix: subnet.addressPrefix, ...azureProperties(subnet, undefined) };
}

function azureProperties(properties: SubnetProperties, current: Subnet | undefined): Subnet {
  const { defaultOutboundAccess, privateEndpointNetworkPolicies, delegation } = properties;
  return {
    ...(typeof defaultOutboundAccess === 'boolean' ? { defaultOutboundAccess } : {}),
    ...(privateEndpointNetworkPolicies === undefined ? {} : { privateEndpointNetworkPolicies }),
    ...(delegation === undefined
      ? {}
      : {
          // Empty takes the delegation away.
          delegations:
            delegation === ''
              ? []
              : [...(current?.delegations ?? []), { name: 'aks-delegation', serviceName: delegation }],
        }),
  };
}

function subnetFacts(subnet: Subnet): SubnetFacts {
  return {
    id: subnet.id ?? '',
    name: subnet.name ?? '',
    provisioningState: subnet.provisioningState ?? 'Unknown',
    addressPrefixes: subnet.addressPrefixes ?? (subnet.addressPrefix === undefined ? [] : [subnet.addressPrefix]),
    // Azure echoes it only where it was sent.
    defaultOutboundAccess: subnet.defaultOutboundAccess ?? null,
    privateEndpointNetworkPolicies: subnet.privateEndpointNetworkPolicies ?? 'Disabled',
    delegations: (subnet.delegations ?? []).map(({ serviceName }) => serviceName ?? ''),
    addressesInUse: (subnet.ipConfigurations ?? []).length,
  };
}
