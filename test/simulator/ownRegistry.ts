import { type Answer, group, location, type Started, subscription } from './support.ts';

/** What a cluster with a registry of its own needs; each can be left out or spoiled. */
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

export interface OwnRegistry {
  readonly vnet: string;
  readonly nodeSubnet: string;
  readonly registry: string;
  readonly zone: string;
  readonly controlPlane: string;
  readonly kubelet: string;
}

/** Sends a PUT, awaits its operation if there is one, and fails on anything but success. */
export async function put(azure: Started, path: string, apiVersion: string, body: unknown): Promise<Answer> {
  const answer = await azure.send('PUT', `${path}?api-version=${apiVersion}`, body);
  if (answer.status >= 300) throw new Error(`PUT ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  if (answer.headers['azure-asyncoperation'] === undefined) return answer;
  const end = await azure.settled(answer);
  // Private DNS ends without a body.
  if (end.body !== undefined && end.at('status') !== 'Succeeded') throw new Error(JSON.stringify(end.body));
  return azure.send('GET', `${path}?api-version=${apiVersion}`);
}

/** A role assignment with a name of its own. */
export function assign(
  azure: Started,
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
        roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roles[role]}`,
        principalId,
        principalType: 'ServicePrincipal',
      },
    },
  );
}

/** Builds what the guide builds by hand before the cluster, without what is named. */
export async function prepareOwnRegistry(
  azure: Started,
  name: string,
  without: readonly Preparation[] = [],
): Promise<OwnRegistry> {
  const wanted = (part: Preparation) => !without.includes(part);
  const rg = group(name);
  const vnet = `${rg}/providers/Microsoft.Network/virtualNetworks/v`;
  const registry = `${rg}/providers/Microsoft.ContainerRegistry/registries/${name}00001`;
  const endpoint = `${rg}/providers/Microsoft.Network/privateEndpoints/e`;
  const zone = `${rg}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
  const identities = `${rg}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  const [controlPlane, kubelet] = [`${identities}/plane`, `${identities}/kubelet`];
  await azure.resources.resourceGroups.createOrUpdate(name, { location });
  await put(azure, vnet, '2025-07-01', {
    location,
    properties: {
      addressSpace: { addressPrefixes: ['192.168.0.0/16'] },
      subnets: [
        { name: 'aks', properties: { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false } },
        { name: 'acr', properties: { addressPrefix: '192.168.2.0/24', privateEndpointNetworkPolicies: 'Disabled' } },
      ],
    },
  });
  const premium = { location, sku: { name: 'Premium' }, properties: { publicNetworkAccess: 'Disabled' } };
  await put(azure, registry, '2025-11-01', premium);
  if (wanted('cacheRule')) {
    await put(azure, `${registry}/cacheRules/aks-managed-mcr`, '2025-11-01', {
      properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' },
    });
  }
  if (wanted('privateEndpoint')) {
    await put(azure, endpoint, '2025-07-01', {
      location,
      properties: {
        subnet: { id: `${vnet}/subnets/acr` },
        privateLinkServiceConnections: [
          { name: 'c', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
        ],
      },
    });
  }
  await put(azure, zone, '2024-06-01', { location: 'global' });
  if (wanted('link')) {
    await put(azure, `${zone}/virtualNetworkLinks/l`, '2024-06-01', {
      location: 'global',
      properties: { virtualNetwork: { id: vnet }, registrationEnabled: false },
    });
  }
  const record = (recordName: string, ipv4Address: string) =>
    put(azure, `${zone}/A/${recordName}`, '2024-06-01', { properties: { ttl: 3600, aRecords: [{ ipv4Address }] } });
  // Azure gives the data endpoint the first address.
  if (wanted('dataRecord')) await record(`${name}00001.${location}.data`, '192.168.2.4');
  await record(`${name}00001`, wanted('registryRecord') ? '192.168.2.5' : '192.168.2.77');

  const identity = async (id: string) =>
    (await put(azure, id, '2024-11-30', { location })).at('properties.principalId');
  const [planePrincipal, kubeletPrincipal] = [await identity(controlPlane), await identity(kubelet)];
  if (wanted('managedIdentityOperator')) await assign(azure, kubelet, 'managedIdentityOperator', planePrincipal);
  if (wanted('networkContributor')) await assign(azure, vnet, 'networkContributor', planePrincipal);
  if (wanted('acrPull')) await assign(azure, registry, 'acrPull', kubeletPrincipal);
  return { vnet, nodeSubnet: `${vnet}/subnets/aks`, registry, zone, controlPlane, kubelet };
}

/** The cluster's properties that name what was prepared. */
export const onOwnRegistry = ({ nodeSubnet, registry, controlPlane, kubelet }: OwnRegistry) => ({
  identity: { type: 'UserAssigned', userAssignedIdentities: { [controlPlane]: {} } },
  properties: {
    identityProfile: { kubeletidentity: { resourceId: kubelet } },
    agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vnetSubnetID: nodeSubnet }],
    networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
    apiServerAccessProfile: { enablePrivateCluster: true },
    bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: registry },
  },
});
