import { type ClusterReference, clusterId } from '../resources/ids.ts';
import { location, type PlainClient } from './plainClient.ts';

/** API versions that Azure CLI 2.91.0 sends. */
const versions = {
  group: '2024-11-01',
  network: '2025-07-01',
  registry: '2025-11-01',
  dns: '2024-06-01',
  aks: '2026-06-01',
};

/** Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const roles = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  managedIdentityOperator: 'f1a07417-d97a-45cb-824c-7a7467783830',
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7',
};

/** The guide's "Deploy a network isolated cluster with bring your own ACR", one command after the other, as `scripts/conformance` has them for az. */
export async function createByGuide(client: PlainClient, cluster: ClusterReference): Promise<void> {
  const group = `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}`;
  const at = (type: string, name: string) => `${group}/providers/${type}/${name}`;
  const { name } = cluster;
  await client.put(group, versions.group, { location });
  const network = await makeNetwork(client, at('Microsoft.Network/virtualNetworks', `${name}-vnet`));
  const registry = at('Microsoft.ContainerRegistry/registries', `${name.replaceAll('-', '')}images`);
  await client.put(registry, versions.registry, {
    location,
    sku: { name: 'Premium' },
    properties: { publicNetworkAccess: 'Disabled' },
  });
  await client.put(`${registry}/cacheRules/aks-managed-mcr`, versions.registry, {
    properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' },
  });
  await connect(client, { at, network, registry });
  const identities = { controlPlane: `${name}-identity`, kubelet: `${name}-kubelet` };
  const controls = await client.identity(cluster.resourceGroup, identities.controlPlane);
  const pulls = await client.identity(cluster.resourceGroup, identities.kubelet);
  const [controlPlane, kubelet] = [identities.controlPlane, identities.kubelet].map((identity) =>
    at('Microsoft.ManagedIdentity/userAssignedIdentities', identity),
  );
  await client.assign(registry, roles.acrPull, pulls);
  // az assigns these by itself before it sends the cluster.
  await client.assign(network.nodes, roles.networkContributor, controls);
  await client.assign(kubelet ?? '', roles.managedIdentityOperator, controls);
  await client.put(clusterId(cluster), versions.aks, {
    location,
    identity: { type: 'UserAssigned', userAssignedIdentities: { [controlPlane ?? '']: {} } },
    properties: {
      dnsPrefix: name,
      identityProfile: { kubeletidentity: { resourceId: kubelet } },
      agentPoolProfiles: [
        { name: 'nodepool1', mode: 'System', count: 3, vmSize: 'Standard_D4ds_v5', vnetSubnetID: network.nodes },
      ],
      networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
      apiServerAccessProfile: { enablePrivateCluster: true },
      bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: registry },
    },
  });
}

interface Network {
  id: string;
  nodes: string;
  endpoints: string;
}

/** Guide, step 1. */
async function makeNetwork(client: PlainClient, id: string): Promise<Network> {
  const [nodes, endpoints] = [`${id}/subnets/aks-subnet`, `${id}/subnets/acr-subnet`] as const;
  const addressSpace = { addressPrefixes: ['192.168.0.0/16'] };
  await client.put(id, versions.network, { location, properties: { addressSpace } });
  await client.put(nodes, versions.network, {
    properties: { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false },
  });
  await client.put(endpoints, versions.network, {
    properties: { addressPrefix: '192.168.2.0/24', privateEndpointNetworkPolicies: 'Disabled' },
  });
  return { id, nodes, endpoints };
}

/** Guide, steps 3 and 4: the registry's private endpoint, and private DNS. */
async function connect(
  client: PlainClient,
  given: { at: (type: string, name: string) => string; network: Network; registry: string },
): Promise<void> {
  const { at, network, registry } = given;
  const endpoint = await client.put(at('Microsoft.Network/privateEndpoints', 'myPrivateEndpoint'), versions.network, {
    location,
    properties: {
      subnet: { id: network.endpoints },
      privateLinkServiceConnections: [
        { name: 'myConnection', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
      ],
    },
  });
  const { networkInterfaces } = endpoint.properties as { networkInterfaces: { id: string }[] };
  const card = await client.show(networkInterfaces[0]?.id ?? '', versions.network);
  const { ipConfigurations } = card.properties as { ipConfigurations: { properties: Configuration }[] };
  const zone = at('Microsoft.Network/privateDnsZones', 'privatelink.azurecr.io');
  await client.put(zone, versions.dns, { location: 'global' });
  await client.put(`${zone}/virtualNetworkLinks/MyDNSLink`, versions.dns, {
    location: 'global',
    properties: { virtualNetwork: { id: network.id }, registrationEnabled: false },
  });
  const name = registry.split('/').at(-1) ?? '';
  for (const { properties } of ipConfigurations) {
    const isData = properties.privateLinkConnectionProperties.requiredMemberName !== 'registry';
    const record = `${zone}/A/${isData ? `${name}.${location}.data` : name}`;
    const aRecords = [{ ipv4Address: properties.privateIPAddress }];
    await client.put(record, versions.dns, { properties: { ttl: 3600, aRecords } });
  }
}

interface Configuration {
  privateIPAddress: string;
  privateLinkConnectionProperties: { requiredMemberName: string };
}
