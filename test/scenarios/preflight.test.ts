import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateClusterInput, PlanReport } from '../../contract/index.ts';
import type { ResetRequest } from '../../simulator/index.ts';
import { type SimulatedAzure, subscriptionId } from '../support/azure.ts';
import { failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import {
  aRecord,
  changesAround,
  makeByHand,
  type OwnRegistryIds,
  type OwnRegistryPart,
  ownRegistryBodies,
  ownRegistryIds,
  prepareOwnRegistry,
  type ResourcePart,
  stateAround,
} from '../support/ownRegistry.ts';
import { ownRegistryInput, verifiedCreation } from './ownRegistry.ts';

/** Tools of somebody else who changes Azure beforehand. */
interface Setup {
  azure: SimulatedAzure;
  ids: OwnRegistryIds;
  /** Makes a part and what it needs; the body is the usual one, or this. */
  make(part: OwnRegistryPart, body?: unknown): Promise<void>;
  /** Starts a write whose operation runs on and on. */
  begin(id: string, body: unknown, method?: 'PUT' | 'DELETE'): Promise<void>;
  /** A write whose operation fails. */
  fail(id: string, body: unknown): Promise<void>;
}

type Because = [where: string, problem: RegExp, whatToDo: RegExp];

/** A state and an input in which createCluster must not begin. */
interface RefusedCase {
  name: string;
  arrange?: (setup: Setup) => Promise<unknown>;
  given?: (ids: OwnRegistryIds) => Partial<CreateClusterInput>;
  because: (ids: OwnRegistryIds) => Because[];
}

/** A state that looks like such a one and is none. */
type AcceptedCase = Omit<RefusedCase, 'because'>;

/** Each case has a cluster, and so resource groups, of its own. */
const withClusters = <T extends object>(prefix: string, cases: readonly T[]): (T & { cluster: string })[] =>
  cases.map((each, index) => ({ ...each, cluster: `${prefix}${index}` }));

const location = 'westeurope';
const otherSubscription = '22222222-2222-2222-2222-222222222222';
const unseenSubscription = '99999999-9999-9999-9999-999999999999';
const aksDelegation = 'Microsoft.ContainerService/managedClusters';

const lastOf = (id: string): string => id.split('/').at(-1) ?? '';
const nameOf = ({ cluster }: OwnRegistryIds): string => lastOf(cluster);
const inSubscription = (id: string, other: string): string => id.replace(subscriptionId, other);
/** The same name in another resource group, which counts as one of the cluster's. */
const inHub = (ids: OwnRegistryIds, id: string): string => id.replace(ids.group, `${ids.group}.hub`);
const subnetBody = (addressPrefix: string, serviceName?: string) => ({
  properties: {
    addressPrefix,
    ...(serviceName && { delegations: [{ name: 'theirs', properties: { serviceName } }] }),
  },
});
const networkBody = (addressPrefixes: string[], subnets: object[] = []) => ({
  location,
  properties: { addressSpace: { addressPrefixes }, subnets },
});
const namedSubnet = (name: string, addressPrefix: string) => ({ name, ...subnetBody(addressPrefix) });
const endpointBody = (subnet: string, registry: string, manual = false) => ({
  location,
  properties: {
    subnet: { id: subnet },
    [manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections']: [
      { name: 'theirs', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
    ],
  },
});
const linkBody = (vnet: string) => ({
  location: 'global',
  properties: { virtualNetwork: { id: vnet }, registrationEnabled: false },
});
const ruleBody = (sourceRepository: string, targetRepository: string) => ({
  properties: { sourceRepository, targetRepository },
});
const lockId = (scope: string): string => `${scope}/providers/Microsoft.Authorization/locks/keep`;
const lockBody = (level: 'CanNotDelete' | 'ReadOnly') => ({ properties: { level } });
const pools = (...more: object[]): Partial<CreateClusterInput> => ({
  agentPoolProfiles: more.map((pool, index) => ({ name: `pool${index}`, count: 1, ...pool })),
});
const ownRegistry = (more: object): Partial<CreateClusterInput> => ({ registry: { mode: 'bringYourOwn', ...more } });
const withVnetIntegration = { apiServerAccess: 'vnetIntegration' } as const;

/** The registry's side of the endpoint's connection. */
async function connectionOf(azure: SimulatedAzure, ids: OwnRegistryIds): Promise<string> {
  const found = Object.values(await azure.state()).find(({ id }) =>
    id.startsWith(`${ids.registry}/privateEndpointConnections/`),
  );
  return found?.id ?? 'none';
}

const ruleCase = (which: string, name: string, source: string, target: string): RefusedCase => ({
  name: `a cache rule ${which}`,
  arrange: async ({ azure, ids, make }) => {
    await make('registry');
    await azure.put(`${ids.registry}/cacheRules/${name}`, ruleBody(source, target));
  },
  because: ({ registry }) => [
    [
      `${registry}/cacheRules/${name}`,
      /this rule copies .*; nodes need a rule aks-managed-mcr from mcr\.microsoft\.com\/\* to aks-managed-repository\/\*$/,
      /^Delete it .*, or use another registry/,
    ],
  ],
});

const registries: RefusedCase[] = [
  {
    name: 'a registry that is not Premium',
    arrange: ({ make }) => make('registry', { location, sku: { name: 'Standard' } }),
    because: ({ registry }) => [
      [registry, /^its SKU is Standard, and private endpoints need Premium$/, /az acr update --sku Premium/],
    ],
  },
  {
    name: 'a registry that takes no tokens for Azure Resource Manager',
    arrange: ({ make }) =>
      make('registry', {
        location,
        sku: { name: 'Premium' },
        properties: {
          publicNetworkAccess: 'Disabled',
          policies: { azureADAuthenticationAsArmPolicy: { status: 'disabled' } },
        },
      }),
    because: ({ registry }) => [
      [registry, /^it takes no tokens for Azure Resource Manager/, /authentication-as-arm update --status enabled/],
    ],
  },
  ruleCase('of the right name with another target', 'aks-managed-mcr', 'mcr.microsoft.com/*', 'mirror/*'),
  ruleCase('of the right name with another source', 'aks-managed-mcr', 'ghcr.io/*', 'mirror/*'),
  ruleCase('whose target holds the one that is needed', 'my-own', 'ghcr.io/*', '*'),
  ruleCase('that has the target', 'my-own', 'ghcr.io/*', 'aks-managed-repository/*'),
  {
    name: "a cache rule that keeps the preview's target",
    arrange: async ({ azure, ids, make }) => {
      await make('registry');
      await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('ghcr.io/*', '*'));
    },
    given: () => ({ profile: 'preview', kubernetesVersion: '1.34' }),
    because: ({ registry }) => [
      [`${registry}/cacheRules/my-own`, /nodes need a rule .* from mcr\.microsoft\.com\/\* to \*$/, /^Delete it/],
    ],
  },
  {
    name: 'a registry name that is taken in another subscription',
    arrange: async ({ azure, ids }) => {
      await azure.put(inSubscription(ids.group, otherSubscription), { location });
      await azure.put(inSubscription(ids.registry, otherSubscription), ownRegistryBodies(ids).registry);
    },
    because: ({ registry }) => [
      [
        'registry.name',
        new RegExp(`^the name ${lastOf(registry)} cannot be had: .*already in use`),
        /^Give another name\.$/,
      ],
    ],
  },
];

const endpoints: RefusedCase[] = [
  {
    name: 'an endpoint that leads to another registry',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet');
      await make('registry');
      await azure.put(`${ids.registry}x`, ownRegistryBodies(ids).registry);
      await make('privateEndpoint', endpointBody(ids.registrySubnet, `${ids.registry}x`));
    },
    because: ({ privateEndpoint, registry }) => [
      [
        privateEndpoint,
        new RegExp(`^this endpoint leads to ${registry}x, not to ${registry}$`),
        /registry\.privateEndpoint\.name/,
      ],
    ],
  },
  {
    name: 'an endpoint in another network',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet');
      const other = `${ids.vnet}-other`;
      await azure.put(other, networkBody(['172.16.0.0/16'], [namedSubnet('acr-subnet', '172.16.1.0/24')]));
      await make('privateEndpoint', endpointBody(`${other}/subnets/acr-subnet`, ids.registry));
    },
    because: ({ privateEndpoint, vnet }) => [
      [
        privateEndpoint,
        new RegExp(`^this endpoint is in another network, in subnet ${vnet}-other/`),
        /registry\.privateEndpoint\.name, or that network/,
      ],
    ],
  },
  {
    name: 'an endpoint whose connection nobody has approved',
    arrange: ({ ids, make }) => make('privateEndpoint', endpointBody(ids.registrySubnet, ids.registry, true)),
    because: ({ privateEndpoint }) => [
      [privateEndpoint, /^its connection waits for approval$/, /az acr private-endpoint-connection approve/],
    ],
  },
  {
    name: 'an endpoint whose connection was rejected',
    arrange: async ({ azure, ids, make }) => {
      await make('privateEndpoint');
      await azure.put(await connectionOf(azure, ids), {
        properties: { privateLinkServiceConnectionState: { status: 'Rejected' } },
      });
    },
    because: ({ privateEndpoint }) => [[privateEndpoint, /^its connection is Rejected$/, /^Delete the endpoint/]],
  },
  {
    name: 'an endpoint whose connection was removed',
    arrange: async ({ azure, ids, make }) => {
      await make('privateEndpoint');
      await azure.remove(await connectionOf(azure, ids));
    },
    because: ({ privateEndpoint }) => [[privateEndpoint, /^its connection is Disconnected$/, /^Delete the endpoint/]],
  },
  {
    name: 'an endpoint without an address for a replica that is being made',
    arrange: async ({ ids, make, begin }) => {
      await make('privateEndpoint');
      await begin(`${ids.registry}/replications/northeurope`, { location: 'northeurope' });
    },
    because: ({ privateEndpoint, registry }) => [
      [
        privateEndpoint,
        new RegExp(`^the endpoint has no address for ${lastOf(registry)}\\.northeurope\\.data$`),
        /Wait .*replica.*delete the endpoint and start again/,
      ],
    ],
  },
];

const elsewhere: [string, RegExp, RegExp] = [
  'network.virtualNetworkId',
  /^the network is in another subscription than the cluster/,
  /^Use a network in the subscription of the cluster\.$/,
];

const zones: RefusedCase[] = [
  ...[subscriptionId, otherSubscription].map((subscription): RefusedCase => {
    const zoneOf = (ids: OwnRegistryIds) => inSubscription(inHub(ids, ids.zone), subscription);
    return {
      name: `a network that is linked to another zone, in subscription ${subscription}`,
      arrange: async ({ azure, ids }) => {
        const group = inSubscription(ids.group, subscription);
        await azure.put(group, { location });
        await azure.put(inSubscription(ids.vnet, subscription), networkBody(['192.168.0.0/16']));
        await azure.put(`${group}.hub`, { location });
        await azure.put(zoneOf(ids), { location: 'global' });
        const link = `${zoneOf(ids)}/virtualNetworkLinks/theirs`;
        await azure.put(link, linkBody(inSubscription(ids.vnet, subscription)));
      },
      given: ({ vnet }) => ({ network: { virtualNetworkId: inSubscription(vnet, subscription) } }),
      because: (ids) => [
        ...(subscription === subscriptionId ? [] : [elsewhere]),
        [
          zoneOf(ids),
          /^the network is linked to this zone, and .* to one privatelink\.azurecr\.io only$/,
          /resourceId/,
        ],
      ],
    };
  }),
  {
    name: 'a link of the name that leads to another network',
    arrange: async ({ azure, ids, make }) => {
      await make('vnet');
      await azure.put(`${ids.vnet}-other`, networkBody(['172.16.0.0/16']));
      await make('link', linkBody(`${ids.vnet}-other`));
    },
    because: ({ link, vnet }) => [
      [link, new RegExp(`^this link leads to ${vnet}-other$`), /registry\.privateDnsZone\.linkName/],
    ],
  },
  {
    name: 'a record although there is no endpoint',
    arrange: async ({ azure, ids, make }) => {
      await make('zone');
      await azure.put(ids.dataRecord, aRecord('172.16.1.9'));
    },
    because: ({ dataRecord }) => [
      [dataRecord, /^the record is there with 172\.16\.1\.9, and the registry's endpoint is not$/, /remove the record/],
    ],
  },
  {
    name: 'a record that belongs to an endpoint of another name',
    arrange: async ({ azure, ids, make }) => {
      await make('zone');
      await make('registrySubnet');
      await make('registry');
      await azure.put(`${ids.privateEndpoint}-hub`, endpointBody(ids.registrySubnet, ids.registry));
      await azure.put(ids.registryRecord, aRecord('192.168.2.5'));
    },
    because: ({ registryRecord, privateEndpoint }) => [
      [
        registryRecord,
        /^the record is there with 192\.168\.2\.5/,
        new RegExp(`registry\\.privateEndpoint\\.resourceId .*\\(the registry has ${privateEndpoint}-hub\\)`),
      ],
    ],
  },
];

type Given = [where: string, id: (ids: OwnRegistryIds) => string, given: (id: string) => Partial<CreateClusterInput>];
const byId: Given[] = [
  ['network.virtualNetworkId', ({ vnet }) => vnet, (id) => ({ network: { virtualNetworkId: id } })],
  ['registry.containerRegistryId', ({ registry }) => registry, (id) => ownRegistry({ containerRegistryId: id })],
  [
    'registry.privateEndpoint.resourceId',
    ({ privateEndpoint }) => privateEndpoint,
    (id) => ownRegistry({ privateEndpoint: { resourceId: id } }),
  ],
  [
    'registry.privateDnsZone.resourceId',
    ({ zone }) => zone,
    (id) => ownRegistry({ privateDnsZone: { resourceId: id } }),
  ],
  [
    'identity.resourceId',
    ({ controlPlane }) => controlPlane,
    (id) => ({ identity: { type: 'UserAssigned', resourceId: id } }),
  ],
  ['kubeletIdentity.resourceId', ({ kubelet }) => kubelet, (id) => ({ kubeletIdentity: { resourceId: id } })],
];
const missing: RefusedCase[] = byId.flatMap(([where, idOf, given]) =>
  [subscriptionId, unseenSubscription].map((subscription): RefusedCase => {
    const id = (ids: OwnRegistryIds) => inSubscription(idOf(ids), subscription);
    return {
      name: `${where} that does not exist, in subscription ${subscription}`,
      arrange: ({ make }) => make('group'),
      given: (ids) => given(id(ids)),
      because: (ids) => [
        [
          where,
          new RegExp(`^${id(ids)} does not exist, or the worker's identity cannot see it$`),
          /^Correct the ID, or leave it out/,
        ],
      ],
    };
  }),
);

/** A network that is there with these ranges, and subnets beside those of the cluster. */
const network =
  (addressPrefixes: string[], subnets: object[] = []) =>
  ({ make }: Setup) =>
    make('vnet', networkBody(addressPrefixes, subnets));

const ranges: RefusedCase[] = [
  {
    name: 'a network in another region',
    arrange: ({ make }) => make('vnet', { ...networkBody(['192.168.0.0/16']), location: 'northeurope' }),
    because: ({ vnet }) => [
      [vnet, /^the network is in northeurope, the cluster in westeurope$/, /^Use a network in the region/],
    ],
  },
  {
    name: 'a subnet in the range of services',
    given: () => ({
      network: {
        addressPrefixes: ['10.0.0.0/8'],
        nodeSubnet: { addressPrefix: '10.1.0.0/24' },
        registrySubnet: { addressPrefix: '10.0.2.0/24' },
      },
    }),
    because: ({ registrySubnet }) => [
      [registrySubnet, /10\.0\.2\.0\/24 overlaps that of the cluster's services, 10\.0\.0\.0\/16$/, /serviceCidr\.$/],
    ],
  },
  {
    name: 'a subnet in the range that is given for services',
    given: () => ({ serviceCidr: '192.168.0.0/23' }),
    because: ({ nodeSubnet }) => [
      [nodeSubnet, /192\.168\.1\.0\/24 overlaps that of the cluster's services, 192\.168\.0\.0\/23$/, /serviceCidr\.$/],
    ],
  },
  {
    name: 'a network in a range that AKS keeps for itself',
    arrange: ({ make }) => make('vnet', networkBody(['172.16.0.0/12'])),
    given: () => ({
      network: {
        nodeSubnet: { addressPrefix: '172.16.1.0/24' },
        registrySubnet: { addressPrefix: '172.16.2.0/24' },
      },
    }),
    because: ({ vnet }) =>
      [/^172\.16\.0\.0\/12 overlaps 172\.30\.0\.0\/16, which AKS keeps/, /overlaps 172\.31\.0\.0\/16/].map(
        (problem) => [vnet, problem, /^Use another range\.$/],
      ),
  },
  {
    name: 'ranges of the network that overlap',
    given: () => ({ network: { addressPrefixes: ['192.168.0.0/16', '192.168.128.0/17'] } }),
    because: () => [
      ['network.addressPrefixes', /^192\.168\.128\.0\/17 overlaps 192\.168\.0\.0\/16$/, /do not overlap\.$/],
    ],
  },
  {
    name: 'a range that the network does not have',
    arrange: network(['192.168.0.0/16']),
    given: () => ({ network: { addressPrefixes: ['192.168.0.0/16', '172.16.0.0/16'] } }),
    because: () => [
      [
        'network.addressPrefixes',
        /^the network is there without 172\.16\.0\.0\/16: it has 192\.168\.0\.0\/16$/,
        /^Leave the key out/,
      ],
    ],
  },
  {
    name: 'subnets that overlap each other',
    given: () => ({ network: { registrySubnet: { addressPrefix: '192.168.1.128/25' } } }),
    because: () => [
      [
        'network.registrySubnet.addressPrefix',
        /^192\.168\.1\.128\/25 overlaps subnet aks-subnet \(192\.168\.1\.0\/24\)$/,
        /^Give a range that is free\.$/,
      ],
    ],
  },
  {
    name: 'a subnet that overlaps one that is there',
    arrange: network(['192.168.0.0/16'], [namedSubnet('theirs', '192.168.0.0/23')]),
    because: () => [
      [
        'network.nodeSubnet.addressPrefix',
        /^192\.168\.1\.0\/24 overlaps subnet theirs \(192\.168\.0\.0\/23\)$/,
        /^Give a range that is free\.$/,
      ],
    ],
  },
  {
    name: 'a subnet outside the network that is to be',
    given: () => ({ network: { registrySubnet: { addressPrefix: '172.16.1.0/24' } } }),
    because: () => [
      [
        'network.registrySubnet.addressPrefix',
        /^172\.16\.1\.0\/24 is not within the network's 192\.168\.0\.0\/16$/,
        /^Give a range within the network\.$/,
      ],
    ],
  },
  {
    name: 'a subnet outside the network that is there',
    arrange: network(['172.16.0.0/16', '192.168.2.0/23']),
    because: () => [
      [
        'network.nodeSubnet.addressPrefix',
        /^192\.168\.1\.0\/24 is not within the network's 172\.16\.0\.0\/16, 192\.168\.2\.0\/23$/,
        /^Give a range within the network\.$/,
      ],
    ],
  },
  {
    name: 'another range than the subnet has',
    arrange: ({ make }) => make('nodeSubnet'),
    given: () => ({ network: { nodeSubnet: { addressPrefix: '192.168.4.0/24' } } }),
    because: () => [
      [
        'network.nodeSubnet.addressPrefix',
        /^the subnet aks-subnet is there with 192\.168\.1\.0\/24, not 192\.168\.4\.0\/24$/,
        /^Leave the key out, or use another name\.$/,
      ],
    ],
  },
  {
    name: 'one subnet for two uses',
    given: () => ({ network: { registrySubnet: { name: 'AKS-subnet', addressPrefix: '192.168.2.0/24' } } }),
    because: () => [
      ['network.registrySubnet.name', /^AKS-subnet is the subnet of the nodes already$/, /^Use another name\.$/],
    ],
  },
];

const subnets: RefusedCase[] = [
  {
    name: 'a delegated subnet for nodes',
    arrange: ({ make }) => make('nodeSubnet', subnetBody('192.168.1.0/24', aksDelegation)),
    because: ({ nodeSubnet }) => [
      [
        nodeSubnet,
        /^the subnet of the nodes is delegated to Microsoft\.ContainerService\/managedClusters$/,
        /^Use a subnet without delegation\.$/,
      ],
    ],
  },
  {
    name: 'a subnet too small for nodes, surge nodes and pods',
    // Three nodes and one to surge with thirty pods each, and the endpoint of the API server.
    given: () => ({ ...pools({ count: 3 }), network: { nodeSubnet: { addressPrefix: '192.168.1.0/25' } } }),
    because: () => [
      [
        'network.nodeSubnet.addressPrefix',
        /^192\.168\.1\.0\/25 has 123 free addresses, and 125 are needed for nodes, surge nodes and their pods$/,
        /^Use a larger subnet, fewer nodes or a smaller maxPods\.$/,
      ],
    ],
  },
  {
    name: 'a subnet too small for as many nodes as the autoscaler may make',
    given: () => ({
      ...pools({ maxPods: 30 }, { mode: 'User', maxPods: 40, enableAutoScaling: true, minCount: 1, maxCount: 11 }),
    }),
    because: () => [
      ['network.nodeSubnet.addressPrefix', /has 251 free addresses, and 596 are needed/, /^Use a larger subnet/],
    ],
  },
  {
    name: 'a subnet for nodes that others have filled',
    arrange: async ({ azure, ids, make }) => {
      await make('nodeSubnet', subnetBody('192.168.1.0/26'));
      await make('registry');
      await azure.put(`${ids.privateEndpoint}-theirs`, endpointBody(ids.nodeSubnet, ids.registry));
    },
    given: () => pools({ count: 2, maxPods: 18 }),
    because: ({ nodeSubnet }) => [
      [nodeSubnet, /^192\.168\.1\.0\/26 has 57 free addresses, and 58 are needed/, /^Use a larger subnet/],
    ],
  },
  {
    name: 'a delegated subnet for the endpoint',
    arrange: ({ make }) => make('registrySubnet', subnetBody('192.168.2.0/24', 'Microsoft.Web/serverFarms')),
    because: ({ registrySubnet }) => [
      [
        registrySubnet,
        /^the subnet of the private endpoint is delegated to Microsoft\.Web\/serverFarms$/,
        /^Use a subnet without delegation\.$/,
      ],
    ],
  },
  {
    name: 'a subnet for the endpoint that others have filled',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet', subnetBody('192.168.2.0/29'));
      await make('registry');
      await azure.put(`${ids.registry}x`, ownRegistryBodies(ids).registry);
      await azure.put(`${ids.privateEndpoint}-theirs`, endpointBody(ids.registrySubnet, `${ids.registry}x`));
    },
    because: ({ registrySubnet }) => [
      [registrySubnet, /^192\.168\.2\.0\/29 has 1 free addresses, and 2 are needed/, /^Use a larger subnet\.$/],
    ],
  },
  {
    name: 'a subnet too small for the data endpoints of all replicas',
    arrange: async ({ azure, ids, make }) => {
      await make('registrySubnet', subnetBody('192.168.2.0/29'));
      await make('registry');
      for (const region of ['northeurope', 'uksouth'])
        await azure.put(`${ids.registry}/replications/${region}`, { location: region });
    },
    because: ({ registrySubnet }) => [
      [registrySubnet, /^192\.168\.2\.0\/29 has 3 free addresses, and 4 are needed/, /^Use a larger subnet\.$/],
    ],
  },
  {
    name: 'a subnet too small for API servers',
    given: () => ({ ...withVnetIntegration, network: { apiServerSubnet: { addressPrefix: '192.168.3.0/29' } } }),
    because: () => [
      [
        'network.apiServerSubnet.addressPrefix',
        /^192\.168\.3\.0\/29 is too small for API servers$/,
        /^Use \/28 or larger\.$/,
      ],
    ],
  },
  {
    name: 'a subnet for API servers that is there and too small',
    arrange: ({ make }) => make('apiServerSubnet', subnetBody('192.168.3.0/29', aksDelegation)),
    given: () => withVnetIntegration,
    because: ({ apiServerSubnet }) => [
      [apiServerSubnet, /^192\.168\.3\.0\/29 is too small for API servers$/, /^Use \/28 or larger\.$/],
    ],
  },
  {
    name: 'a subnet for API servers that is delegated to others',
    arrange: ({ make }) => make('apiServerSubnet', subnetBody('192.168.3.0/24', 'Microsoft.Web/serverFarms')),
    given: () => withVnetIntegration,
    because: ({ apiServerSubnet }) => [
      [
        apiServerSubnet,
        /^the subnet is delegated to Microsoft\.Web\/serverFarms$/,
        /^Use one that is delegated to Microsoft\.ContainerService\/managedClusters, or to nothing\.$/,
      ],
    ],
  },
  {
    name: 'a subnet for API servers that holds something else',
    arrange: async ({ azure, ids, make }) => {
      await make('apiServerSubnet', subnetBody('192.168.3.0/24'));
      await make('registry');
      await azure.put(`${ids.privateEndpoint}-theirs`, endpointBody(ids.apiServerSubnet, ids.registry));
    },
    given: () => withVnetIntegration,
    because: ({ apiServerSubnet }) => [
      [apiServerSubnet, /^the subnet holds something else than API servers$/, /^Use a subnet of its own\.$/],
    ],
  },
];

const sizes: RefusedCase[] = [
  {
    name: 'a Kubernetes version without network isolation',
    given: () => ({ kubernetesVersion: '1.29' }),
    because: () => [
      [
        'kubernetesVersion',
        /^1\.29 is older than 1\.30, the first with network isolation$/,
        /^Use one of .*1\.34, 1\.35, 1\.36/,
      ],
    ],
  },
  ...['1.31', '1.34.99'].map(
    (kubernetesVersion): RefusedCase => ({
      name: `Kubernetes version ${kubernetesVersion}, which is not offered`,
      given: () => ({ kubernetesVersion }),
      because: () => [
        [
          'kubernetesVersion',
          new RegExp(`^${kubernetesVersion} is not offered in westeurope$`),
          /^Use one of .*1\.34, 1\.35, 1\.36/,
        ],
      ],
    }),
  ),
  ...(
    [
      ['a VM size that is unknown', { vmSize: 'Standard_D4x_v9' }, /^Standard_D4x_v9 is not offered in westeurope$/],
      [
        'a VM size that the subscription cannot have',
        { vmSize: 'Standard_NC24ads_A100_v4' },
        /^Standard_NC24ads_A100_v4 cannot be had in westeurope \(NotAvailableForSubscription\)$/,
      ],
      [
        'a VM size that its zones do not have',
        { vmSize: 'Standard_L8s_v3', availabilityZones: ['1', '3'] },
        /^Standard_L8s_v3 is not offered in zone 3$/,
      ],
      [
        'a VM size that the subscription cannot have in its zones',
        { vmSize: 'Standard_L8s_v3', availabilityZones: ['1', '2'] },
        /^Standard_L8s_v3 is not offered in zone 2$/,
      ],
    ] as const
  ).map(
    ([name, pool, problem]): RefusedCase => ({
      name,
      given: () => pools({}, { mode: 'User', ...pool }),
      because: () => [['agentPoolProfiles[1].vmSize', problem, /^Use (one that `az vm list-skus|other zones)/]],
    }),
  ),
];

const locks: RefusedCase[] = [
  {
    name: 'a lock that forbids to take back what is created',
    arrange: async ({ azure, ids, make }) => {
      await make('group');
      await azure.put(lockId(ids.group), lockBody('CanNotDelete'));
    },
    because: ({ group }) => [
      [
        lockId(group),
        /^this lock forbids to take back what a failed run created \(Virtual network .*, Cluster /,
        /^Remove the lock for the run, or set onFailure to leave\.$/,
      ],
    ],
  },
  {
    name: 'a lock of a registry whose public access must be taken away',
    arrange: async ({ azure, ids }) => {
      await prepareOwnRegistry(azure, nameOf(ids));
      await azure.put(ids.registry, { properties: { publicNetworkAccess: 'Enabled' } }, 'PATCH');
      await azure.put(lockId(ids.registry), lockBody('ReadOnly'));
    },
    because: ({ registry }) => [
      [lockId(registry), /^this lock forbids every change \(Registry [a-z0-9]+\)$/, /^Remove the lock for the run\.$/],
    ],
  },
];

const groups: RefusedCase[] = [
  {
    name: 'a resource group that is being deleted',
    arrange: async ({ ids, make, begin }) => {
      await make('group');
      await begin(ids.group, undefined, 'DELETE');
    },
    because: ({ group }) => [[group, /^the resource group is being deleted$/, /^Wait until it is gone\.$/]],
  },
  {
    name: 'a node resource group that is there',
    arrange: async ({ azure, ids }) => azure.put(nodeGroup(ids), { location }),
    because: (ids) => [
      [
        nodeGroup(ids),
        /^AKS creates the node resource group itself, and it is there already$/,
        /^Remove it, or give another name as nodeResourceGroup\.$/,
      ],
    ],
  },
];

function nodeGroup(ids: OwnRegistryIds): string {
  const { group } = ids;
  const name = nameOf(ids);
  return group.replace(`/rg-${name}`, `/MC_rg-${name}_${name}_${location}`);
}

type Piece = [what: string, part: ResourcePart, body?: object];
/** Everything that has a state, the network left out. Its body is the usual one, or this. */
const pieces: Piece[] = [
  ['subnet', 'nodeSubnet', subnetBody('192.168.1.0/24')],
  ['registry', 'registry'],
  ['cache rule', 'cacheRule'],
  ['private endpoint', 'privateEndpoint'],
  ['private DNS zone', 'zone'],
  ['link', 'link'],
];
const bodyOf = (ids: OwnRegistryIds, part: OwnRegistryPart): unknown =>
  Object.entries(ownRegistryBodies(ids)).find(([key]) => key === part)?.[1];

const states: RefusedCase[] = [
  ...pieces.flatMap(([what, part, body]): RefusedCase[] => [
    {
      name: `an operation in progress on a ${what}`,
      arrange: async ({ ids, make, begin }) => {
        await make(part);
        await begin(ids[part], body ?? bodyOf(ids, part));
      },
      because: (ids) => [
        [ids[part], /^an operation is in progress (on the subnet )?\(Updating\)$/, /^Wait for it to end/],
      ],
    },
    {
      name: `a ${what} in state Failed`,
      arrange: async ({ ids, make, fail }) => {
        await make(part);
        await fail(ids[part], body ?? bodyOf(ids, part));
      },
      because: (ids) => [[ids[part], /^its state is Failed$/, /^Repair or delete it, then start again\.$/]],
    },
  ]),
  {
    name: 'a private endpoint that is being deleted',
    arrange: async ({ ids, make, begin }) => {
      await make('privateEndpoint');
      await begin(ids.privateEndpoint, undefined, 'DELETE');
    },
    because: ({ privateEndpoint }) => [
      [privateEndpoint, /^an operation is in progress \(Deleting\)$/, /^Wait for it to end/],
    ],
  },
  {
    name: 'an operation in progress on a network, which is one on its subnets',
    arrange: async ({ ids, make, begin }) => {
      await make('group');
      await begin(ids.vnet, ownRegistryBodies(ids).vnet);
    },
    because: ({ vnet, nodeSubnet, registrySubnet }) => [
      [vnet, /^an operation is in progress \(Updating\)$/, /^Wait for it to end, then start again\.$/],
      ...[nodeSubnet, registrySubnet].map(
        (id): Because => [id, /^an operation is in progress on the subnet \(Updating\)$/, /^Wait for it to end\.$/],
      ),
    ],
  },
  {
    name: 'a network in state Failed',
    arrange: async ({ ids, make, fail }) => {
      await make('group');
      await fail(ids.vnet, networkBody(['192.168.0.0/16']));
    },
    because: ({ vnet }) => [[vnet, /^its state is Failed$/, /^Repair or delete it, then start again\.$/]],
  },
];

const accepted: AcceptedCase[] = [
  { name: 'everything as it should be', arrange: ({ azure, ids }) => prepareOwnRegistry(azure, nameOf(ids)) },
  {
    name: 'a link of another name, where the name is taken by a link to another network',
    arrange: async ({ azure, ids, make }) => {
      await make('link');
      await azure.put(`${ids.vnet}-other`, networkBody(['172.16.0.0/16']));
      await azure.put(`${ids.zone}/virtualNetworkLinks/taken`, linkBody(`${ids.vnet}-other`));
    },
    given: () => ownRegistry({ privateDnsZone: { linkName: 'taken' } }),
  },
  {
    name: 'a cache rule with the same source and a target of its own',
    arrange: async ({ azure, ids, make }) => {
      await make('registry');
      await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('mcr.microsoft.com/*', 'mirror/*'));
    },
  },
  {
    name: 'a lock against deletion, where nothing is to be taken back',
    arrange: async ({ azure, ids, make }) => {
      await make('group');
      await azure.put(lockId(ids.group), lockBody('CanNotDelete'));
    },
    given: () => ({ onFailure: 'leave' }),
  },
  {
    name: 'a lock of a registry that needs no change',
    arrange: async ({ azure, ids }) => {
      await prepareOwnRegistry(azure, nameOf(ids));
      await azure.put(lockId(ids.registry), lockBody('ReadOnly'));
    },
  },
  {
    name: 'a network that has IPv6 ranges as well',
    arrange: async ({ azure, ids, make }) => {
      const both = ['fd00:db8::/48', '192.168.0.0/16'];
      await make('vnet', networkBody(both, [{ ...namedSubnet('theirs', 'fd00:db8:0:9::/64') }]));
      const addressPrefixes = ['fd00:db8:0:1::/64', '192.168.1.0/24'];
      await azure.put(ids.nodeSubnet, { properties: { addressPrefixes } });
    },
  },
  {
    name: 'subnets that are just large enough',
    given: () => ({
      ...withVnetIntegration,
      // Two nodes and one to surge.
      ...pools({ count: 2, maxPods: 18 }),
      network: {
        nodeSubnet: { addressPrefix: '192.168.1.0/26' },
        registrySubnet: { addressPrefix: '192.168.2.0/29' },
        apiServerSubnet: { addressPrefix: '192.168.3.0/28' },
      },
    }),
  },
  {
    name: 'a subnet that is full of the endpoint itself',
    arrange: async ({ make }) => {
      await make('registrySubnet', subnetBody('192.168.2.0/29'));
      await make('privateEndpoint');
    },
  },
  {
    name: 'cache rules for other sources',
    arrange: async ({ azure, ids, make }) => {
      await make('registry');
      await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('ghcr.io/*', 'github/*'));
    },
  },
];

const apiVersions: Readonly<Record<string, string>> = {
  registries: '2025-11-01',
  cacheRules: '2025-11-01',
  replications: '2025-11-01',
  resourceGroups: '2024-11-01',
  virtualNetworks: '2025-07-01',
  subnets: '2025-07-01',
  privateEndpoints: '2025-07-01',
  privateDnsZones: '2024-06-01',
  virtualNetworkLinks: '2024-06-01',
};

function setupOf(azure: SimulatedAzure, ids: OwnRegistryIds): Setup {
  const operation = { status: 'Failed', code: 'InternalServerError', message: 'It went wrong' } as const;
  return {
    azure,
    ids,
    make: (part, body) => makeByHand(azure, ids, part, body === undefined ? {} : { [part]: body }),
    async begin(id, body, method = 'PUT') {
      await azure.fault({ method, path: `${id}$`, operation: { held: true } });
      const { status } = await azure.send(method, `${id}?api-version=${apiVersions[id.split('/').at(-2) ?? '']}`, body);
      if (status >= 300) throw new Error(`${method} ${id}: ${status}`);
    },
    async fail(id, body) {
      await azure.fault({ method: 'PUT', path: `${id}$`, operation });
      const failed = await azure.put(id, body).then(
        () => false,
        (error) => String(error).includes(operation.code),
      );
      if (!failed) throw new Error(`PUT ${id} did not fail`);
    },
  };
}

/** Writes of the product around a cluster and to the subscriptions: the SDKs name themselves, a test does not. */
async function productWrites(azure: SimulatedAzure, cluster: string): Promise<string[]> {
  const about = new RegExp(`/(mc_)?rg-${cluster}[/_.?]`, 'i');
  const requests = (await azure.recorded()).filter(
    ({ url, headers }) => /azsdk/.test(headers['user-agent'] ?? '') && (about.test(url) || !/\/(mc_)?rg-/i.test(url)),
  );
  if (!requests.some(({ url }) => about.test(url))) throw new Error('no request of the product was recognized');
  // Asking for a name is a POST that writes nothing.
  const writes = requests.filter(({ method, url }) => method !== 'GET' && !url.includes('/checkNameAvailability?'));
  return writes.map(({ method, url }) => `${method} ${url}`);
}

async function expectRefused({ azure, client }: Harness, row: RefusedCase & { cluster: string }): Promise<void> {
  const { cluster, arrange, given, because } = row;
  const ids = ownRegistryIds(cluster);
  await arrange?.(setupOf(azure, ids));
  const changes = await changesAround(azure, cluster);
  const run = await client.createCluster(ownRegistryInput(cluster, given?.(ids)));
  expect(await problemsOf(run.result())).toEqual({
    type: 'PreflightFailed',
    problems: because(ids).map(([where, problem, whatToDo]) => ({
      where,
      problem: expect.stringMatching(problem),
      whatToDo: expect.stringMatching(whatToDo),
    })),
  });
  expect(await changes()).toEqual([]);
  expect(await productWrites(azure, cluster)).toEqual([]);
}

async function expectAccepted({ azure, client }: Harness, row: AcceptedCase & { cluster: string }): Promise<void> {
  const { cluster, arrange, given } = row;
  const ids = ownRegistryIds(cluster);
  await arrange?.(setupOf(azure, ids));
  const run = await client.createCluster(ownRegistryInput(cluster, { ...given?.(ids), dryRun: true }));
  const { plan } = (await run.result()) as PlanReport;
  expect(plan.problems).toEqual([]);
}

describe('createCluster on a registry of its own', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  describe('is stopped before it writes anything', () => {
    it.concurrent.each([
      ...withClusters('r', registries),
      ...withClusters('e', endpoints),
      ...withClusters('z', zones),
      ...withClusters('m', missing),
      ...withClusters('n', ranges),
      ...withClusters('s', subnets),
      ...withClusters('v', sizes),
      ...withClusters('l', locks),
      ...withClusters('g', groups),
      ...withClusters('o', states),
    ])('by $name', (row) => expectRefused(harness, row));
  });

  it.concurrent.each(withClusters('p', accepted))('is not stopped by $name', (row) => expectAccepted(harness, row));

  it('says all problems at once', async () => {
    const { azure, client } = harness;
    const ids = ownRegistryIds('many');
    const { make } = setupOf(azure, ids);
    await make('nodeSubnet', subnetBody('192.168.1.0/24', aksDelegation));
    await make('registry', { location, sku: { name: 'Premium' } });
    await azure.put(`${ids.registry}/cacheRules/my-own`, ruleBody('mcr.microsoft.com/*', '*'));
    await make('privateEndpoint', endpointBody(ids.registrySubnet, ids.registry, true));
    await azure.put(`${ids.vnet}-other`, networkBody(['172.16.0.0/16']));
    await make('link', linkBody(`${ids.vnet}-other`));
    await azure.put(nodeGroup(ids), { location });
    await azure.put(lockId(ids.registry), lockBody('ReadOnly'));
    const before = await stateAround(azure, 'many');

    const given = ownRegistryInput('many', {
      ...pools({ vmSize: 'Standard_D4x_v9' }),
      ...withVnetIntegration,
      kubernetesVersion: '1.29',
      network: { apiServerSubnet: { addressPrefix: '172.16.3.0/24' } },
      identity: { type: 'UserAssigned', resourceId: ids.controlPlane },
      kubeletIdentity: { resourceId: ids.kubelet },
    });
    const run = await client.createCluster(given);
    const { problems } = await problemsOf(run.result());
    expect(problems.map(({ where }) => where).sort()).toEqual(
      [
        'kubernetesVersion',
        nodeGroup(ids),
        'identity.resourceId',
        'kubeletIdentity.resourceId',
        ids.nodeSubnet,
        'network.apiServerSubnet.addressPrefix',
        `${ids.registry}/cacheRules/my-own`,
        ids.privateEndpoint,
        ids.link,
        'agentPoolProfiles[0].vmSize',
        lockId(ids.registry),
      ].sort(),
    );
    const { message } = await failureOf(run.result());
    expect(message).toMatch(/^Nothing was changed\./);
    for (const { where, problem, whatToDo } of problems) expect(message).toContain(`${where}: ${problem}. ${whatToDo}`);
    expect((await run.progress()).problems).toEqual(problems);
    expect(await stateAround(azure, 'many')).toEqual(before);
    expect(await productWrites(azure, 'many')).toEqual([]);
  });
});

describe('createCluster where the vCPU quota is small', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset({ quotas: { standardDDSv5Family: 15, cores: 24 } });
  });
  afterAll(() => harness.close());

  const left = (vCPUs: number, of: string): Because => [
    'agentPoolProfiles',
    new RegExp(`^${vCPUs} vCPUs are needed with surge nodes, and the quota of ${of}$`),
    /^Ask for more quota, or use smaller or fewer nodes\.$/,
  ];
  const tooMany: RefusedCase[] = [
    {
      name: 'the surge node, of a VM family',
      given: () => pools({ count: 3 }),
      because: () => [left(16, 'family standardDDSv5Family in westeurope leaves 15 of 15')],
    },
    {
      name: 'the surge nodes of each pool, of a VM family',
      given: () => pools({}, { mode: 'User', vmSize: 'Standard_D4ds_v5' }),
      because: () => [left(16, 'family standardDDSv5Family in westeurope leaves 15 of 15')],
    },
    {
      name: 'all families together, of the region',
      given: () => pools({ vmSize: 'Standard_D4s_v5', count: 3 }, { mode: 'User', vmSize: 'Standard_E8s_v5' }),
      because: () => [left(32, 'the region westeurope leaves 24 of 24')],
    },
    {
      name: 'both at once',
      given: () => pools({ count: 6 }),
      because: () => [
        left(28, 'family standardDDSv5Family in westeurope leaves 15 of 15'),
        left(28, 'the region westeurope leaves 24 of 24'),
      ],
    },
  ];
  it.concurrent.each(withClusters('q', tooMany))('is stopped by $name', (row) => expectRefused(harness, row));

  const enough: AcceptedCase[] = [
    { name: 'nodes for which the quota of the family suffices', given: () => pools({ count: 2 }) },
    {
      name: 'nodes for which the quota of the region just suffices',
      given: () =>
        pools({ vmSize: 'Standard_D4s_v5', count: 3 }, { mode: 'User', vmSize: 'Standard_D4ds_v5', count: 1 }),
    },
  ];
  it.concurrent.each(withClusters('k', enough))('is not stopped by $name', (row) => expectAccepted(harness, row));
});

/** Permissions of the worker in the cluster's resource group, or elsewhere, and what follows from them. */
interface PermissionCase extends RefusedCase {
  may?: (ids: OwnRegistryIds) => ResetRequest['callerPermissions'];
}

const except =
  (...notActions: string[]) =>
  ({ group }: OwnRegistryIds) => [{ scope: group, actions: ['*'], notActions }];
const give = /^Give it a role with these actions at this scope, then start again\.$/;
const mayNot = (where: string, ...actions: string[]): Because => [
  where,
  new RegExp(`^the worker's identity may not ${actions.join(', ').replaceAll('.', '\\.')}$`),
  give,
];
const assign = 'Microsoft.Authorization/roleAssignments/write';
const unassign = 'Microsoft.Authorization/roleAssignments/delete';
const joinSubnet = 'Microsoft.Network/virtualNetworks/subnets/join/action';
const joinNetwork = 'Microsoft.Network/virtualNetworks/join/action';
const assignIdentity = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';
const approve = 'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action';
const registryAction = (action: string): string => `Microsoft.ContainerRegistry/registries/${action}`;

/** With exactly this, everything can be created and taken back in a resource group that is there. */
const sufficient = [
  ...['Microsoft.Network/virtualNetworks', 'Microsoft.Network/privateEndpoints', 'Microsoft.Network/privateDnsZones'],
  ...['Microsoft.Network/privateDnsZones/virtualNetworkLinks', 'Microsoft.Network/privateDnsZones/A'],
  ...['Microsoft.ContainerRegistry/registries', 'Microsoft.ContainerRegistry/registries/cacheRules'],
  ...['Microsoft.ManagedIdentity/userAssignedIdentities', 'Microsoft.Authorization/roleAssignments'],
  'Microsoft.ContainerService/managedClusters',
]
  .flatMap((type) => [`${type}/write`, `${type}/delete`])
  .concat('Microsoft.ContainerService/managedClusters/runCommand/action')
  .concat(joinSubnet, joinNetwork, assignIdentity, approve);

const missingPermissions: PermissionCase[] = [
  {
    name: 'roles that the worker may not assign, in a group where everything is still to be made',
    may: except(assign),
    arrange: ({ make }) => make('group'),
    because: ({ group }) => [mayNot(group, assign)],
  },
  {
    name: 'roles that the worker may not assign on what is there',
    may: except(assign, unassign),
    arrange: async ({ make }) => {
      await make('nodeSubnet');
      await make('registry');
      await make('kubelet');
    },
    because: ({ nodeSubnet, kubelet, registry }) =>
      [nodeSubnet, kubelet, registry].map((scope) => mayNot(scope, assign, unassign)),
  },
  {
    name: 'a subnet that the worker may not join',
    may: except(joinSubnet),
    arrange: ({ make }) => make('vnet'),
    because: ({ vnet }) => [mayNot(vnet, joinSubnet)],
  },
  {
    name: 'a network that the worker may not link a zone to',
    may: except(joinNetwork),
    arrange: ({ make }) => make('vnet'),
    because: ({ vnet }) => [mayNot(vnet, joinNetwork)],
  },
  {
    name: 'a registry for which the worker may not approve endpoints',
    may: except(approve),
    arrange: ({ make }) => make('registry'),
    because: ({ registry }) => [mayNot(registry, approve)],
  },
  {
    name: 'identities that the worker may not assign to the cluster',
    may: except(assignIdentity),
    arrange: async ({ make }) => {
      await make('controlPlane');
      await make('kubelet');
    },
    because: ({ controlPlane, kubelet }) => [controlPlane, kubelet].map((id) => mayNot(id, assignIdentity)),
  },
  {
    name: 'a registry that the worker could not take back',
    may: except(registryAction('delete')),
    arrange: ({ make }) => make('group'),
    because: ({ group }) => [mayNot(group, registryAction('delete'))],
  },
  {
    name: 'a registry in a group where nothing may be written but the registry itself',
    may: (ids) => [
      { scope: ids.group, actions: ['*'] },
      {
        scope: inHub(ids, ids.group),
        actions: ['Microsoft.Resources/subscriptions/resourceGroups/write', registryAction('write')],
      },
    ],
    arrange: async ({ azure, ids, make }) => {
      await make('group');
      await azure.put(inHub(ids, ids.group), { location });
      await azure.put(inHub(ids, ids.registry), ownRegistryBodies(ids).registry);
    },
    given: (ids) => ownRegistry({ containerRegistryId: inHub(ids, ids.registry) }),
    because: (ids) => [
      mayNot(
        inHub(ids, ids.registry),
        registryAction('cacheRules/write'),
        registryAction('cacheRules/delete'),
        approve,
        assign,
        unassign,
      ),
    ],
  },
  {
    name: 'a resource group that the worker may not create',
    because: () => [
      [
        `/subscriptions/${subscriptionId}`,
        // Everything else is to be made in that group.
        /^the worker's identity may not Microsoft\.Resources\/subscriptions\/resourceGroups\/write, .*managedClusters\/write/,
        give,
      ],
    ],
  },
];

const sufficientPermissions: (AcceptedCase & Pick<PermissionCase, 'may'>)[] = [
  {
    name: 'a worker that may do what is needed and no more',
    may: ({ group }) => [
      { scope: group, actions: ['Microsoft.Resources/subscriptions/resourceGroups/write', ...sufficient] },
    ],
    arrange: ({ make }) => make('group'),
  },
  {
    name: 'a registry that the worker could not take back and need not',
    may: except(registryAction('delete')),
    arrange: ({ make }) => make('group'),
    given: () => ({ onFailure: 'leave' }),
  },
];

describe("createCluster under what the worker's identity may do", () => {
  let harness: Harness;
  const refused = withClusters('w', missingPermissions);
  const allowed = withClusters('a', sufficientPermissions);
  beforeAll(async () => {
    harness = await startHarness();
    const perRow = [...refused, ...allowed].flatMap(({ cluster, may }) => may?.(ownRegistryIds(cluster)) ?? []);
    await harness.azure.reset({ callerPermissions: [{ scope: '/', actions: ['*/read'] }, ...perRow] });
  });
  afterAll(() => harness.close());

  it.concurrent.each(refused)('is stopped by $name', (row) => expectRefused(harness, row));
  it.concurrent.each(allowed)('is not stopped by $name', (row) => expectAccepted(harness, row));
});

describe('createCluster of a cluster that is there', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset({ roleDelaySeconds: 0, quotas: { standardDDSv5Family: 8 } });
  });
  afterAll(() => harness.close());

  it('is not stopped by what its own nodes have taken', async () => {
    const { azure } = harness;
    const ids = ownRegistryIds('there');
    const given = ownRegistryInput('there', {
      ...pools({ count: 2, maxPods: 18, vmSize: 'Standard_D2ds_v5' }),
      network: { nodeSubnet: { addressPrefix: '192.168.1.0/26' } },
    });
    await verifiedCreation(harness, given);
    // Stands for the addresses of nodes and pods.
    await azure.put(`${ids.privateEndpoint}-more`, endpointBody(ids.nodeSubnet, ids.registry));
    const before = await stateAround(azure, 'there');
    const { steps } = await verifiedCreation(harness, given);
    expect([...new Set(steps.map(({ state }) => state))]).toEqual(['unchanged']);
    expect(await stateAround(azure, 'there')).toEqual(before);
  });
});
