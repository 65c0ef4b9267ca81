import type { Answer, Arm } from './arm.ts';

/** What a cluster with a registry of its own needs; each can be left out. */
export type Preparation =
  | 'privateEndpoint'
  | 'link'
  | 'registryRecord'
  | 'dataRecord'
  | 'cacheRule'
  | 'acrPull'
  | 'managedIdentityOperator'
  | 'networkContributor';

export const roles = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  managedIdentityOperator: 'f1a07417-d97a-45cb-824c-7a7467783830',
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7',
} as const;

const subscription = '/subscriptions/11111111-1111-1111-1111-111111111111';
const location = 'westeurope';

/** Resource IDs of what is around a cluster of this name, under the names that createCluster looks for. */
export function ownRegistryIds(cluster: string) {
  const group = `${subscription}/resourceGroups/rg-${cluster}`;
  const registryName = `${cluster}rg${cluster}11111111`.replaceAll('-', '');
  const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/${cluster}-vnet`;
  const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
  const registry = `${group}/providers/Microsoft.ContainerRegistry/registries/${registryName}`;
  const identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  return {
    group,
    vnet,
    nodeSubnet: `${vnet}/subnets/aks-subnet`,
    registrySubnet: `${vnet}/subnets/acr-subnet`,
    apiServerSubnet: `${vnet}/subnets/apiserver-subnet`,
    registry,
    cacheRule: `${registry}/cacheRules/aks-managed-mcr`,
    privateEndpoint: `${group}/providers/Microsoft.Network/privateEndpoints/myPrivateEndpoint`,
    zone,
    link: `${zone}/virtualNetworkLinks/mydnslink`,
    registryRecord: `${zone}/A/${registryName}`,
    dataRecord: `${zone}/A/${registryName}.${location}.data`,
    controlPlane: `${identities}/${cluster}-identity`,
    kubelet: `${identities}/${cluster}-kubelet`,
    cluster: `${group}/providers/Microsoft.ContainerService/managedClusters/${cluster}`,
  };
}
export type OwnRegistryIds = ReturnType<typeof ownRegistryIds>;

/** What the guide sends for each of them. */
export const ownRegistryBodies = (ids: OwnRegistryIds) => ({
  group: { location },
  vnet: {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['192.168.0.0/16'] },
      subnets: [
        { name: 'aks-subnet', properties: { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false } },
        {
          name: 'acr-subnet',
          properties: { addressPrefix: '192.168.2.0/24', privateEndpointNetworkPolicies: 'Disabled' },
        },
      ],
    },
  },
  registry: { location, sku: { name: 'Premium' }, properties: { publicNetworkAccess: 'Disabled' } },
  cacheRule: { properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' } },
  privateEndpoint: {
    location,
    properties: {
      subnet: { id: ids.registrySubnet },
      privateLinkServiceConnections: [
        { name: 'myConnection', properties: { privateLinkServiceId: ids.registry, groupIds: ['registry'] } },
      ],
    },
  },
  zone: { location: 'global' },
  link: { location: 'global', properties: { virtualNetwork: { id: ids.vnet }, registrationEnabled: false } },
  identity: { location },
});

/** The body of an A record. */
export const aRecord = (...addresses: string[]) => ({
  properties: { ttl: 3600, aRecords: addresses.map((ipv4Address) => ({ ipv4Address })) },
});

/** Azure gives the data endpoint the first address of the subnet. */
export const endpointAddresses = { dataRecord: '192.168.2.4', registryRecord: '192.168.2.5' };

/** A role assignment with a name of its own. */
export function assign(
  azure: Arm,
  scope: string,
  role: keyof typeof roles,
  principalId: unknown,
  name = crypto.randomUUID(),
): Promise<Answer> {
  return azure.send(
    'PUT',
    `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}?api-version=2022-04-01`,
    {
      properties: {
        roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roles[role]}`,
        principalId,
        principalType: 'ServicePrincipal',
      },
    },
  );
}

/** Builds what the guide builds by hand before the cluster, without what is named. */
export async function prepareOwnRegistry(
  azure: Arm,
  cluster: string,
  without: readonly Preparation[] = [],
): Promise<OwnRegistryIds> {
  const wanted = (part: Preparation) => !without.includes(part);
  const ids = ownRegistryIds(cluster);
  const bodies = ownRegistryBodies(ids);
  await azure.put(ids.group, bodies.group);
  await azure.put(ids.vnet, bodies.vnet);
  await azure.put(ids.registry, bodies.registry);
  if (wanted('cacheRule')) await azure.put(ids.cacheRule, bodies.cacheRule);
  if (wanted('privateEndpoint')) await azure.put(ids.privateEndpoint, bodies.privateEndpoint);
  await azure.put(ids.zone, bodies.zone);
  if (wanted('link')) await azure.put(ids.link, bodies.link);
  if (wanted('dataRecord')) await azure.put(ids.dataRecord, aRecord(endpointAddresses.dataRecord));
  if (wanted('registryRecord')) await azure.put(ids.registryRecord, aRecord(endpointAddresses.registryRecord));
  const identity = async (id: string) => (await azure.put(id, bodies.identity)).at('properties.principalId');
  const [controlPlane, kubelet] = [await identity(ids.controlPlane), await identity(ids.kubelet)];
  if (wanted('managedIdentityOperator')) await assign(azure, ids.kubelet, 'managedIdentityOperator', controlPlane);
  if (wanted('networkContributor')) await assign(azure, ids.nodeSubnet, 'networkContributor', controlPlane);
  if (wanted('acrPull')) await assign(azure, ids.registry, 'acrPull', kubelet);
  return ids;
}

/** A cluster's properties that name what was prepared. */
export const onOwnRegistry = ({ nodeSubnet, registry, controlPlane, kubelet }: OwnRegistryIds) => ({
  identity: { type: 'UserAssigned', userAssignedIdentities: { [controlPlane]: {} } },
  properties: {
    identityProfile: { kubeletidentity: { resourceId: kubelet } },
    agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vnetSubnetID: nodeSubnet }],
    networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
    apiServerAccessProfile: { enablePrivateCluster: true },
    bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: registry },
  },
});
