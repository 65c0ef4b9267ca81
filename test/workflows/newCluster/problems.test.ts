import { describe, expect, it } from '@jest/globals';
import type { Discovered } from '../../../resources/discovery.ts';
import { type ClusterFacts, clusterMismatches, isBusy } from '../../../resources/managedClusters.ts';
import { planCreateCluster } from '../../../workflows/newCluster/plan.ts';
import { given, parsed } from '../../contract/inputs/support.ts';
import { clusterId, clusterThere, groupThere, nothingThere, planCreate, subscription } from '../support.ts';

const identity = `${subscription}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity`;
const userAssigned = { identity: { type: 'UserAssigned', resourceId: identity } };

const other = '22222222-2222-2222-2222-222222222222';
const foreignRegistry = {
  registry: {
    mode: 'bringYourOwn',
    containerRegistryId: `/subscriptions/${other}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/theirs`,
  },
};

const withRegistry: Discovered['infrastructure'] = {
  ...nothingThere.infrastructure,
  registry: {
    id: foreignRegistry.registry.containerRegistryId,
    provisioningState: 'Succeeded',
    marks: {},
    location: 'westeurope',
    loginServer: 'theirs.azurecr.io',
    sku: 'Premium',
    publicNetworkAccess: 'Disabled',
    anonymousPullEnabled: false,
    roleAssignmentMode: 'LegacyRegistryPermissions',
    cacheRules: [],
    privateEndpoints: [],
    replicas: [],
  },
};

type RefusedCase = [
  what: string,
  where: string,
  problem: RegExp,
  input: Record<string, unknown>,
  seen: Partial<Discovered>,
];
const found = (changes: Partial<ClusterFacts>): Partial<Discovered> => ({
  resourceGroup: groupThere,
  nodeResourceGroup: groupThere,
  cluster: clusterThere(changes),
});
const pool = clusterThere().agentPoolProfiles[0];

const refused: RefusedCase[] = [
  [
    'a disabled subscription',
    subscription,
    /Disabled/,
    {},
    { subscription: { state: 'Disabled', tenantId: 'tenant', locations: ['westeurope'] } },
  ],
  ['an unknown region', 'location', /westeurop is no region/, { location: 'westeurop' }, { kubernetesVersions: [] }],
  [
    'a group that is being deleted',
    `${subscription}/resourceGroups/rg`,
    /being deleted/,
    {},
    { resourceGroup: { ...groupThere, provisioningState: 'Deleting' } },
  ],
  ['an identity that does not exist', 'identity.resourceId', /does not exist/, userAssigned, {}],
  [
    'a node resource group that is there',
    `${subscription}/resourceGroups/MC_rg_cluster_westeurope`,
    /there already/,
    {},
    { nodeResourceGroup: groupThere },
  ],
  ['a version that is too old', 'kubernetesVersion', /1\.29 is older than 1\.30/, { kubernetesVersion: '1.29' }, {}],
  [
    'a version that is not offered',
    'kubernetesVersion',
    /1\.31 is not offered in westeurope/,
    { kubernetesVersion: '1.31' },
    {},
  ],
  ['a patch that is not offered', 'kubernetesVersion', /1\.34\.4 is not offered/, { kubernetesVersion: '1.34.4' }, {}],
  [
    'a region without a default version',
    'kubernetesVersion',
    /no default/,
    {},
    { kubernetesVersions: [{ version: '1.34', isDefault: false, isPreview: false, patchVersions: [] }] },
  ],
  [
    "the guide's version where it is no longer offered",
    'kubernetesVersion',
    /1\.30\.3 is not offered/,
    { profile: 'preview' },
    {},
  ],
  [
    'a registry of another tenant',
    'registry.containerRegistryId',
    /registry is in tenant theirs, the cluster in tenant/,
    foreignRegistry,
    { tenants: { [other]: 'theirs' }, infrastructure: withRegistry },
  ],
  [
    'a registry in a subscription that is not seen',
    'registry.containerRegistryId',
    /cannot see subscription 22222222/,
    foreignRegistry,
    { tenants: {}, infrastructure: withRegistry },
  ],
  ['a busy cluster', clusterId, /in progress \(Updating\)/, {}, found({ provisioningState: 'Updating' })],
  [
    'a busy cluster in a state nobody knows',
    clusterId,
    /in progress \(Migrating\)/,
    {},
    found({ provisioningState: 'Migrating' }),
  ],
  ["somebody else's failed cluster", clusterId, /state is Failed/, {}, found({ provisioningState: 'Failed' })],
  ["somebody else's cancelled cluster", clusterId, /state is Canceled/, {}, found({ provisioningState: 'Canceled' })],
  ['a cluster elsewhere', clusterId, /^location: asked westeurope, got eastus$/, {}, found({ location: 'eastus' })],
  [
    'another identity type',
    clusterId,
    /^identity.type/,
    {},
    found({ identity: { type: 'UserAssigned', userAssignedIdentities: [] } }),
  ],
  [
    'images from elsewhere',
    clusterId,
    /^bootstrapProfile.artifactSource: asked Cache, got Direct/,
    {},
    found({ artifactSource: 'Direct' }),
  ],
  ['another outbound type', clusterId, /^networkProfile.outboundType/, {}, found({ outboundType: 'loadBalancer' })],
  [
    'a public API server',
    clusterId,
    /^apiServerAccessProfile.enablePrivateCluster/,
    {},
    found({ enablePrivateCluster: false }),
  ],
  [
    'other API server access',
    clusterId,
    /^apiServerAccessProfile.enableVnetIntegration/,
    {},
    found({ enableVnetIntegration: true }),
  ],
  [
    'another DNS prefix than the one given',
    clusterId,
    /^dnsPrefix: asked mine, got made-elsewhere$/,
    { dnsPrefix: 'mine' },
    found({}),
  ],
  [
    'a pool that scales by itself',
    clusterId,
    /^agentPoolProfiles.nodepool1.enableAutoScaling: asked false, got true/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, enableAutoScaling: true, minCount: 1, maxCount: 5 }] : [] }),
  ],
  ['another node resource group', clusterId, /^nodeResourceGroup/, {}, found({ nodeResourceGroup: 'other' })],
  ['another version', clusterId, /^kubernetesVersion: asked 1.33, got 1.34/, { kubernetesVersion: '1.33' }, found({})],
  [
    'another VM size',
    clusterId,
    /^agentPoolProfiles.nodepool1.vmSize/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, vmSize: 'Standard_D2s_v5' }] : [] }),
  ],
  [
    'another mode',
    clusterId,
    /^agentPoolProfiles.nodepool1.mode/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, mode: 'User' }] : [] }),
  ],
  [
    'another number of nodes',
    clusterId,
    /^agentPoolProfiles.nodepool1.count/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, count: 2 }] : [] }),
  ],
];

describe('createCluster is stopped before it changes anything', () => {
  it.each(refused)('by %s', (_what, where, problem, input, seen) => {
    const { problems } = planCreate(input, seen);
    expect(problems).toEqual([
      { where, problem: expect.stringMatching(problem), whatToDo: expect.stringMatching(/\w.*\.$/) },
    ]);
  });

  it('by a subscription that is missing, which is all that can be said then', () => {
    const { problems } = planCreateCluster(
      parsed(given()),
      {
        providers: {},
        features: {},
        kubernetesVersions: [],
        infrastructure: nothingThere.infrastructure,
        allowances: { permissions: {}, locks: [], vmSizes: {}, usages: {} },
      },
      'this run',
    );
    expect(problems.map(({ where }) => where)).toEqual([subscription]);
  });

  it('by everything at once', () => {
    const { problems } = planCreate(
      { ...userAssigned, location: 'mars', kubernetesVersion: '1.28' },
      {
        subscription: { state: 'Warned', tenantId: 'tenant', locations: [] },
        nodeResourceGroup: groupThere,
        resourceGroup: { ...groupThere, provisioningState: 'Deleting' },
      },
    );
    expect(problems.map(({ where }) => where).sort()).toEqual(
      [
        'kubernetesVersion',
        subscription,
        'location',
        `${subscription}/resourceGroups/rg`,
        `${subscription}/resourceGroups/MC_rg_cluster_mars`,
        'identity.resourceId',
      ].sort(),
    );
  });

  it('by every difference at once, each named', () => {
    const { problems } = planCreate(
      {},
      found({ outboundType: 'loadBalancer', artifactSource: 'Direct', agentPoolProfiles: [] }),
    );
    expect(problems.map(({ problem }) => problem.split(':')[0])).toEqual([
      'bootstrapProfile.artifactSource',
      'networkProfile.outboundType',
      'agentPoolProfiles.nodepool1.vmSize',
      'agentPoolProfiles.nodepool1.mode',
      'agentPoolProfiles.nodepool1.enableAutoScaling',
      'agentPoolProfiles.nodepool1.count',
    ]);
  });

  it('by a network that is linked to another zone, where AKS is to manage the registry', () => {
    const zone =
      '/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io';
    const infrastructure = { otherLinkedZones: [zone], identities: {}, roles: {} };
    const { problems } = planCreate({ network: {} }, { infrastructure });
    expect(problems).toContainEqual(
      expect.objectContaining({ where: zone, problem: expect.stringContaining('AKS cannot link it') }),
    );
  });
});

describe('a cluster that is there', () => {
  it.each([
    ['its own version, where none is asked for', undefined, '1.32.1', '1.32.1'],
    ['the minor version that it runs', '1.34', '1.34', '1.34.5'],
    ['the patch version that it runs', '1.34.5', '1.34', '1.34.5'],
  ])('keeps %s', (_what, kubernetesVersion, asked, currentKubernetesVersion) => {
    expect(
      planCreate({ kubernetesVersion }, found({ kubernetesVersion: asked, currentKubernetesVersion })).problems,
    ).toEqual([]);
  });

  it('may have as many nodes as its autoscaler made', () => {
    const agentPoolProfiles = [{ name: 'nodepool1', enableAutoScaling: true, minCount: 1, maxCount: 9 }];
    expect(
      planCreate(
        { agentPoolProfiles },
        found({ agentPoolProfiles: pool ? [{ ...pool, ...agentPoolProfiles[0], count: 7 }] : [] }),
      ).problems,
    ).toEqual([]);
  });

  it('is compared without case, as Azure does', () => {
    const { specification } = planCreate();
    const seen = clusterThere({
      nodeResourceGroup: 'mc_RG_cluster_westeurope',
      outboundType: 'None',
      artifactSource: 'cache',
      dnsPrefix: specification.dnsPrefix,
    });
    expect(clusterMismatches(specification, seen)).toEqual([]);
  });

  it.each([
    ['Succeeded', false],
    ['Failed', false],
    ['Canceled', false],
    ['Cancelled', false],
    ['Creating', true],
    ['Deleting', true],
    ['ProvisionControlPlane', true],
  ])('in state %s: busy is %p', (provisioningState, busy) => {
    expect(isBusy(clusterThere({ provisioningState }))).toBe(busy);
  });
});

describe('a worker that may not run a command in the cluster', () => {
  const [permissions] = Object.values(nothingThere.allowances.permissions);
  const notActions = ['Microsoft.ContainerService/managedClusters/runCommand/action'];
  const seen = {
    allowances: {
      ...nothingThere.allowances,
      permissions: { [subscription]: (permissions ?? []).map((each) => ({ ...each, notActions })) },
    },
  };

  it('creates none whose isolation nobody could prove, unless that is accepted', () => {
    expect(planCreate({}, seen).problems).toMatchObject([
      { problem: expect.stringContaining('managedClusters/runCommand/action') },
    ]);
    expect(planCreate({ probes: 'ifAllowed' }, seen).problems).toEqual([]);
  });
});
