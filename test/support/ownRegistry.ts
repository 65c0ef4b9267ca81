import { registryName } from '../../resources/derivedNames.ts';
import type { Difference } from '../../simulator/index.ts';
import type { Answer, ArmClient, StoredResource } from './arm.ts';

/** The parts that a cluster with a registry of its own needs; each can be left out. */
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
  contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  managedIdentityOperator: 'f1a07417-d97a-45cb-824c-7a7467783830',
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7',
} as const;

const subscription = '/subscriptions/11111111-1111-1111-1111-111111111111';
const location = 'westeurope';

/** Resource IDs of what is around a cluster of this name, under the names that createCluster looks for. */
export function ownRegistryIds(cluster: string) {
  const group = `${subscription}/resourceGroups/rg-${cluster}`;
  const [, subscriptionId = ''] = subscription.split('/subscriptions/');
  const name = registryName({ subscriptionId, resourceGroup: `rg-${cluster}`, name: cluster });
  const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/${cluster}-vnet`;
  const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
  const registry = `${group}/providers/Microsoft.ContainerRegistry/registries/${name}`;
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
    registryRecord: `${zone}/A/${name}`,
    dataRecord: `${zone}/A/${name}.${location}.data`,
    controlPlane: `${identities}/${cluster}-identity`,
    kubelet: `${identities}/${cluster}-kubelet`,
    cluster: `${group}/providers/Microsoft.ContainerService/managedClusters/${cluster}`,
  };
}
export type OwnRegistryIds = ReturnType<typeof ownRegistryIds>;

/** The guide's request for each of them. */
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
export const expectedAddresses = { dataRecord: '192.168.2.4', registryRecord: '192.168.2.5' };

/** A role assignment with a name of its own. */
export function assign(
  azure: ArmClient,
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
  azure: ArmClient,
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
  if (wanted('dataRecord')) await azure.put(ids.dataRecord, aRecord(expectedAddresses.dataRecord));
  if (wanted('registryRecord')) await azure.put(ids.registryRecord, aRecord(expectedAddresses.registryRecord));
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

const roleParts = {
  nodeRole: { role: 'networkContributor', scope: 'nodeSubnet', holder: 'controlPlane' },
  apiServerRole: { role: 'networkContributor', scope: 'apiServerSubnet', holder: 'controlPlane' },
  operatorRole: { role: 'managedIdentityOperator', scope: 'kubelet', holder: 'controlPlane' },
  pullRole: { role: 'acrPull', scope: 'registry', holder: 'kubelet' },
} as const;
type RolePart = keyof typeof roleParts;
export type ResourcePart = Exclude<keyof OwnRegistryIds, 'cluster'>;

/** Everything around a cluster that createCluster creates or adopts. */
export type OwnRegistryPart = ResourcePart | RolePart;

/** The parts that must be there before a part can be. */
const needs: Readonly<Record<OwnRegistryPart, readonly OwnRegistryPart[]>> = {
  group: [],
  vnet: ['group'],
  nodeSubnet: ['vnet'],
  registrySubnet: ['vnet'],
  apiServerSubnet: ['vnet'],
  registry: ['group'],
  cacheRule: ['registry'],
  privateEndpoint: ['registry', 'registrySubnet'],
  zone: ['group'],
  link: ['zone', 'vnet'],
  registryRecord: ['zone', 'privateEndpoint'],
  dataRecord: ['zone', 'privateEndpoint'],
  controlPlane: ['group'],
  kubelet: ['group'],
  nodeRole: ['nodeSubnet', 'controlPlane'],
  apiServerRole: ['apiServerSubnet', 'controlPlane'],
  operatorRole: ['kubelet', 'controlPlane'],
  pullRole: ['registry', 'kubelet'],
};
export const parts = Object.keys(needs) as OwnRegistryPart[];

/** A part with all that it needs. */
export const withNeeds = (part: OwnRegistryPart): OwnRegistryPart[] => [
  ...new Set([...needs[part].flatMap(withNeeds), part]),
];

/** The step of createCluster that is about a part. */
export function stepIdOf(ids: OwnRegistryIds, part: OwnRegistryPart): string {
  if (isRole(part)) return `role:${roleParts[part].role}:${nameOf(ids[roleParts[part].scope])}`;
  switch (part) {
    case 'group':
      return 'resourceGroup';
    case 'vnet':
      return 'virtualNetwork';
    case 'nodeSubnet':
    case 'registrySubnet':
    case 'apiServerSubnet':
      return `subnet:${part}`;
    case 'zone':
      return 'privateDnsZone';
    case 'link':
      return 'zoneLink';
    case 'registryRecord':
    case 'dataRecord':
      return `record:${nameOf(ids[part])}`;
    case 'controlPlane':
    case 'kubelet':
      return `identity:${part}`;
    default:
      return part;
  }
}

/** Makes a part as it should be and, where they are absent, what it needs, by hand: without marks and in the owner's style. */
export async function makeByHand(
  azure: ArmClient,
  ids: OwnRegistryIds,
  part: OwnRegistryPart,
  bodies: Partial<Record<OwnRegistryPart, unknown>> = {},
): Promise<void> {
  const state = await azure.state();
  for (const each of withNeeds(part)) {
    if (isRole(each)) {
      const { role, scope, holder } = roleParts[each];
      const principalId = (await azure.get(ids[holder])).at('properties.principalId');
      const { status } = await assign(azure, ids[scope], role, principalId);
      if (status !== 201) throw new Error(`${each}: ${status}`);
    } else if (!state[ids[each].toLowerCase()]) {
      const group = groupOf(ids[each]);
      if (each !== 'group' && (await azure.get(group)).status === 404) await azure.put(group, { location });
      await azure.put(ids[each], bodies[each] ?? handMade(ids)[each]);
    }
  }
}

/** The requests of an owner who follows today's guide. */
export const handMade = (ids: OwnRegistryIds): Readonly<Record<ResourcePart, unknown>> => {
  const { vnet, identity, ...bodies } = ownRegistryBodies(ids);
  const subnet = (addressPrefix: string, more: object) => ({ properties: { addressPrefix, ...more } });
  return {
    ...bodies,
    vnet: { ...vnet, properties: { ...vnet.properties, subnets: [] } },
    nodeSubnet: subnet('192.168.1.0/24', { defaultOutboundAccess: false }),
    registrySubnet: subnet('192.168.2.0/24', { privateEndpointNetworkPolicies: 'Disabled' }),
    apiServerSubnet: subnet('192.168.3.0/24', {
      delegations: [{ name: 'mine', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }],
    }),
    registryRecord: aRecord(expectedAddresses.registryRecord),
    dataRecord: aRecord(expectedAddresses.dataRecord),
    controlPlane: identity,
    kubelet: identity,
  };
};

/** Everything of a cluster and around it, and all else in resource groups named after it. */
export async function stateAround(azure: ArmClient, cluster: string): Promise<Record<string, StoredResource>> {
  const groups = itsGroups(cluster);
  return Object.fromEntries(Object.entries(await azure.state()).filter(([id]) => groups.test(id)));
}

/** Keeps this moment; the result tells what has changed around a cluster since. */
export async function changesAround(azure: ArmClient, cluster: string): Promise<() => Promise<Difference[]>> {
  const changes = await azure.moment();
  return async () => (await changes()).filter(({ id }) => itsGroups(cluster).test(id.toLowerCase()));
}

const itsGroups = (cluster: string): RegExp => new RegExp(`/resourcegroups/(mc_)?rg-${cluster}([/_.]|$)`);

const isRole = (part: OwnRegistryPart): part is RolePart => part in roleParts;
const nameOf = (id: string): string => id.split('/').at(-1) ?? '';
export const groupOf = (id: string): string => id.split('/').slice(0, 5).join('/');
