import { markTags } from '../../resources/marks.ts';
import type { OthersRule } from '../../simulator/index.ts';

type Doing = OthersRule['does'][number];

/** Somebody else's act on what is there at that moment. */
interface SomebodyElse {
  /** Without such a resource there is nothing to do. */
  needs: string;
  does: Doing[];
}

const types = {
  group: 'Microsoft.Resources/subscriptions/resourceGroups',
  network: 'Microsoft.Network/virtualNetworks',
  subnet: 'Microsoft.Network/virtualNetworks/subnets',
  endpoint: 'Microsoft.Network/privateEndpoints',
  zone: 'Microsoft.Network/privateDnsZones',
  link: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
  record: 'Microsoft.Network/privateDnsZones/A',
  registry: 'Microsoft.ContainerRegistry/registries',
  cacheRule: 'Microsoft.ContainerRegistry/registries/cacheRules',
  identity: 'Microsoft.ManagedIdentity/userAssignedIdentities',
  role: 'Microsoft.Authorization/roleAssignments',
  cluster: 'Microsoft.ContainerService/managedClusters',
  pool: 'Microsoft.ContainerService/managedClusters/agentPools',
} as const;
type Noun = keyof typeof types;

/** Nobody may change resources that AKS keeps in groups of its own. */
const id = '/resourceGroups/rg-';
const each = (noun: Noun, which = id) => ({ type: types[noun], id: which });
const changes = (noun: Noun, change: Record<string, unknown>): Doing => ({ method: 'PUT', each: each(noun), change });
const deletes = (noun: Noun, which?: string): SomebodyElse => ({
  needs: types[noun],
  does: [{ method: 'DELETE', each: each(noun, which) }],
});
const makes = (beside: Noun, path: string, body: Record<string, unknown>): Doing => ({
  method: 'PUT',
  each: each(beside),
  path,
  body,
});
const tagged = ['group', 'network', 'registry', 'endpoint', 'zone', 'identity', 'cluster'] as const satisfies Noun[];

const location = 'westeurope';
const network = '{group}/providers/Microsoft.Network/virtualNetworks/colleagues';

/** Other people's writes, each right before a request. */
export const othersKinds = {
  'others-record': {
    needs: types.record,
    does: [changes('record', { 'properties.aRecords': [{ ipv4Address: '10.99.9.9' }] })],
  },
  'others-registry-access': {
    needs: types.registry,
    does: [changes('registry', { 'properties.publicNetworkAccess': 'Enabled' })],
  },
  'others-subnet': {
    needs: types.subnet,
    does: [changes('subnet', { 'properties.serviceEndpoints': [{ service: 'Microsoft.Storage' }] })],
  },
  'others-subnet-outbound': {
    needs: types.subnet,
    does: [changes('subnet', { 'properties.defaultOutboundAccess': true })],
  },
  'others-tags': { needs: types.group, does: tagged.map((noun) => changes(noun, { 'tags.costCenter': '42' })) },
  'others-new-subnet': {
    needs: types.network,
    does: [
      makes('network', '{id}/subnets/colleague', { properties: { addressPrefix: '192.168.200.0/24' } }),
      makes('network', '{id}/subnets/colleague', { properties: { addressPrefix: '10.10.200.0/24' } }),
    ],
  },
  'others-new-endpoint': {
    needs: types.registry,
    does: [
      makes('registry', network, {
        location,
        properties: {
          addressSpace: { addressPrefixes: ['10.77.0.0/16'] },
          subnets: [{ name: 'endpoints', properties: { addressPrefix: '10.77.0.0/24' } }],
        },
      }),
      makes('registry', '{group}/providers/Microsoft.Network/privateEndpoints/colleague', {
        location,
        properties: {
          subnet: { id: `${network}/subnets/endpoints` },
          privateLinkServiceConnections: [
            { name: 'colleague', properties: { privateLinkServiceId: '{id}', groupIds: ['registry'] } },
          ],
        },
      }),
    ],
  },
  'others-new-record': {
    needs: types.zone,
    does: [makes('zone', '{id}/A/colleague', { properties: { ttl: 300, aRecords: [{ ipv4Address: '10.99.9.8' }] } })],
  },
  'others-new-cache-rule': {
    needs: types.registry,
    does: [
      makes('registry', '{id}/cacheRules/colleague', {
        properties: { sourceRepository: 'docker.io/library/alpine', targetRepository: 'alpine' },
      }),
    ],
  },
  'others-new-pool': {
    needs: types.cluster,
    does: [
      makes('cluster', '{id}/agentPools/late', { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } }),
    ],
  },
  'others-new-cluster': {
    needs: types.registry,
    does: [
      makes('registry', '{group}/providers/Microsoft.ContainerService/managedClusters/colleague', {
        location,
        identity: { type: 'SystemAssigned' },
        properties: {
          dnsPrefix: 'colleague',
          agentPoolProfiles: [{ name: 'system', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
          networkProfile: { networkPlugin: 'azure', outboundType: 'loadBalancer' },
          bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: '{id}' },
        },
      }),
    ],
  },
  'others-delete-record': deletes('record'),
  'others-delete-link': deletes('link'),
  'others-delete-endpoint': deletes('endpoint'),
  'others-delete-cache-rule': deletes('cacheRule'),
  'others-delete-registry': deletes('registry'),
  'others-delete-role': deletes('role'),
  'others-delete-identity': deletes('identity'),
  'others-delete-pool': deletes('pool', '/agentPools/work$'),
  'others-delete-group': deletes('group', '/resourceGroups/rg-[^/]*$'),
} as const satisfies Record<string, SomebodyElse>;

type Operation = { operation: 'add' | 'addOrReplace' | 'remove'; path: string; value?: string; from?: 'resourceGroup' };
const modifies = (...operations: Operation[]): Doing => ({
  policies: [{ name: 'tags', does: { effect: 'modify', operations } }],
});
const strips = modifies({ operation: 'remove', path: 'tags' });
const inherits = modifies(
  ...Object.values(markTags).map(
    (name): Operation => ({ operation: 'add', path: `tags.${name}`, from: 'resourceGroup' }),
  ),
);

/** Policies that are assigned right before a request. */
export const policyKinds = {
  'policy-strip': { needs: types.group, does: [strips] },
  /** The answer to the first write under the policy is lost, too. */
  'policy-strip-lost': { needs: types.group, does: [strips] },
  'policy-add': {
    needs: types.group,
    does: [modifies({ operation: 'addOrReplace', path: 'tags.costCenter', value: '42' })],
  },
  /** Resources that others make in the run's group get the run's marks. */
  'policy-inherit': {
    needs: types.group,
    does: [
      inherits,
      {
        method: 'PUT',
        each: each('group', '/resourceGroups/rg-[^/]*$'),
        path: network,
        body: { location, properties: { addressSpace: { addressPrefixes: ['10.77.0.0/16'] } } },
      },
    ],
  },
} as const satisfies Record<string, SomebodyElse>;

export type OthersKind = keyof typeof othersKinds;
export type PolicyKind = keyof typeof policyKinds;

/** Everything that other people do, and their policies. */
export const bySomebodyElse: Readonly<Record<OthersKind | PolicyKind, SomebodyElse>> = {
  ...othersKinds,
  ...policyKinds,
};

export const isSomebodyElses = (kind: string): kind is OthersKind | PolicyKind => kind in bySomebodyElse;

/** Whether it makes something in what it needs. */
export const makesChild = (kind: OthersKind | PolicyKind): boolean =>
  bySomebodyElse[kind].does.some((each) => 'path' in each && each.path?.startsWith('{id}/'));
