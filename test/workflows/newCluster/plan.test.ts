import { describe, expect, it } from '@jest/globals';
import type { Discovered } from '../../../resources/discovery.ts';
import { type ClusterFacts, clusterMismatches, isBusy } from '../../../resources/managedClusters.ts';
import { discoveryRequest, planCreateCluster } from '../../../workflows/newCluster/plan.ts';
import { given, parsed } from '../../contract/inputs/support.ts';
import { actions, clusterThere, madeEarlier, nothingThere, planOf } from '../support.ts';

const subscription = '/subscriptions/11111111-1111-1111-1111-111111111111';
const cluster = `${subscription}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/cluster`;
const group = { location: 'westeurope', provisioningState: 'Succeeded', tags: {} };
const identity = `${subscription}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id`;
const userAssigned = { identity: { type: 'UserAssigned', resourceId: identity } };
const isolation = 'NetworkIsolatedClusterPreview';
const vnetIntegration = 'EnableAPIServerVnetIntegrationPreview';
/** The oldest default of the guide must be on offer. */
const guideVersions = {
  kubernetesVersions: [{ version: '1.30', isDefault: true, isPreview: false, patchVersions: ['1.30.3'] }],
};

describe('the plan of createCluster', () => {
  it('refuses a managed registry in a network that is linked to another zone for registries', () => {
    const zone =
      '/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io';
    const infrastructure = { otherLinkedZones: [zone], identities: {}, roles: {} };
    const { problems } = planOf({ network: {} }, { infrastructure });
    expect(problems).toContainEqual(
      expect.objectContaining({ where: zone, problem: expect.stringContaining('AKS cannot link it') }),
    );
  });

  it('creates group and cluster where nothing is there', () => {
    const plan = planOf();
    expect(plan.problems).toEqual([]);
    expect(actions(plan)).toEqual({
      'provider:Microsoft.ContainerService': 'none',
      'provider:Microsoft.ContainerRegistry': 'none',
      resourceGroup: 'create',
      cluster: 'create',
    });
    expect(plan.specification).toEqual({
      cluster: { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' },
      location: 'westeurope',
      tags: { ...madeEarlier, 'aks-isolation-run': 'this run' },
      kubernetesVersion: '1.34',
      dnsPrefix: 'cluster-rg-111111',
      nodeResourceGroup: 'MC_rg_cluster_westeurope',
      identity: { type: 'SystemAssigned' },
      agentPoolProfiles: parsed(given()).agentPoolProfiles,
      artifactSource: 'Cache',
      outboundType: 'none',
      enablePrivateCluster: true,
      enableVnetIntegration: false,
    });
  });

  it('does nothing where everything is there', () => {
    const plan = planOf({}, { resourceGroup: group, nodeResourceGroup: group, cluster: clusterThere() });
    expect(plan.problems).toEqual([]);
    expect(new Set(Object.values(actions(plan)))).toEqual(new Set(['none']));
  });

  it("keeps the operator's tags beside its own", () => {
    expect(planOf({ tags: { team: 'platform' } }).specification.tags).toMatchObject({
      team: 'platform',
      'aks-isolation-run': 'this run',
    });
  });

  it('registers the providers that are not, those of the nodes too, and the cluster waits for them', () => {
    const { 'Microsoft.ContainerRegistry': _unknown, ...known } = nothingThere.providers;
    const providers = { ...known, 'Microsoft.Network': 'NotRegistered' };
    const plan = planOf({}, { providers });
    expect(actions(plan)).toMatchObject({
      'provider:Microsoft.ContainerService': 'none',
      'provider:Microsoft.ContainerRegistry': 'create',
      'provider:Microsoft.Network': 'create',
    });
    expect(plan.steps.at(-1)?.needs).toEqual(
      expect.arrayContaining(['provider:Microsoft.ContainerRegistry', 'provider:Microsoft.Network', 'resourceGroup']),
    );
  });

  it.each([
    ['Registered', 'none'],
    ['Registering', 'create'],
    ['Pending', 'create'],
    ['NotRegistered', 'create'],
    ['Unregistered', 'create'],
    [undefined, 'create'],
  ])('plans, under profile preview, for a feature flag that is %s: %s', (state, action) => {
    const features: Record<string, string> = state === undefined ? {} : { [isolation]: state };
    const plan = planOf({ profile: 'preview' }, { features, ...guideVersions });
    const step = plan.steps.find(({ id }) => id === `feature:${isolation}`);
    expect(step).toMatchObject({ action, reason: state ?? 'NotFound', forwardOnly: expect.stringMatching(/stay/) });
  });

  it('registers the guide’s providers again under profile preview, after the flags', () => {
    const plan = planOf({ profile: 'preview', apiServerAccess: 'vnetIntegration' }, guideVersions);
    expect(actions(plan)).toMatchObject({
      [`feature:${isolation}`]: 'create',
      [`feature:${vnetIntegration}`]: 'create',
      'provider:Microsoft.ContainerService': 'update',
      'provider:Microsoft.ContainerRegistry': 'update',
    });
    expect(plan.steps.find(({ id }) => id === 'provider:Microsoft.ContainerService')?.needs).toEqual([
      `feature:${isolation}`,
      `feature:${vnetIntegration}`,
    ]);
  });

  it('registers nothing for a cluster that is there', () => {
    const there = clusterThere({ kubernetesVersion: '1.30.3' });
    expect(
      new Set(Object.values(actions(planOf({ profile: 'preview' }, { cluster: there, resourceGroup: group })))),
    ).toEqual(new Set(['none']));
  });

  it.each([
    ['current', 'privateLink', { enablePrivateCluster: true, enableVnetIntegration: false }],
    ['current', 'vnetIntegration', { enablePrivateCluster: true, enableVnetIntegration: true }],
    ['preview', 'privateLink', { enablePrivateCluster: true, enableVnetIntegration: false }],
    ['preview', 'vnetIntegration', { enablePrivateCluster: false, enableVnetIntegration: true }],
  ] as const)('asks, under profile %s with %s, for %p', (profile, apiServerAccess, expected) => {
    expect(planOf({ profile, apiServerAccess }, guideVersions).specification).toMatchObject(expected);
  });

  it.each([
    [{}, ['P1', 'P7']],
    [{ kubernetesVersion: '1.34' }, ['P1']],
    [{ apiServerAccess: 'vnetIntegration' }, ['P1', 'P5', 'P7']],
    [{ profile: 'preview', outboundType: 'block' }, ['P1', 'P6', 'P7']],
  ])('names the differences between the profiles that act for %p', (changes, ids) => {
    expect(planOf(changes, guideVersions).differences.map(({ id }) => id)).toEqual(ids);
  });

  it.each(
    (['current', 'preview'] as const).flatMap((profile) =>
      (['privateLink', 'vnetIntegration'] as const).flatMap((apiServerAccess) =>
        [{}, { providers: {} }, { cluster: clusterThere() }].map((seen): [string, string, Partial<Discovered>] => [
          profile,
          apiServerAccess,
          seen,
        ]),
      ),
    ),
  )('has a sound graph: %s, %s', (profile, apiServerAccess, seen) => {
    const { steps } = planOf({ profile, apiServerAccess }, seen);
    const before = new Set<string>();
    for (const { id, needs } of steps) {
      expect(needs.filter((need) => !before.has(need))).toEqual([]);
      expect(before).not.toContain(id);
      before.add(id);
    }
  });
});

describe('names that Azure bounds', () => {
  it.each([
    ['is as AKS makes it', 'rg', 'cluster', 'MC_rg_cluster_westeurope'],
    ['is cut at 80 characters', 'r'.repeat(90), 'cluster', `MC_${'r'.repeat(77)}`],
    ['does not end in a dot', `${'r'.repeat(76)}.r`, 'cluster', `MC_${'r'.repeat(76)}`],
  ])('the node resource group %s', (_what, resourceGroup, name, expected) => {
    const subscriptionId = '11111111-1111-1111-1111-111111111111';
    const { specification } = planOf({ cluster: { subscriptionId, resourceGroup, name } });
    expect(specification.nodeResourceGroup).toBe(expected);
  });

  it.each([
    ['short names', 'a', 'b', 'a-b-111111'],
    ['long names', 'c'.repeat(63), 'r'.repeat(90), `${'c'.repeat(10)}-${'r'.repeat(16)}-111111`],
    ['names with characters that DNS has not', 'my_cluster', 'my.group(1)_', 'mycluster-mygroup1-111111'],
  ])('the DNS prefix is made of %s', (_what, name, resourceGroup, expected) => {
    const subscriptionId = '11111111-1111-1111-1111-111111111111';
    const { dnsPrefix } = planOf({ cluster: { subscriptionId, resourceGroup, name } }).specification;
    expect(dnsPrefix).toBe(expected);
    expect(parsed(given({ dnsPrefix })).dnsPrefix).toBe(dnsPrefix);
  });

  it('are taken from the input where it has them', () => {
    const names = { dnsPrefix: 'mine', nodeResourceGroup: 'nodes' };
    expect(planOf(names).specification).toMatchObject(names);
    expect(discoveryRequest(parsed(given(names))).nodeResourceGroup).toBe('nodes');
  });
});

describe('what discovery looks at', () => {
  it('are the features of the profile and the identity of the input', () => {
    const input = { profile: 'preview', apiServerAccess: 'vnetIntegration', ...userAssigned };
    expect(discoveryRequest(parsed(given(input)))).toMatchObject({
      location: 'westeurope',
      nodeResourceGroup: 'MC_rg_cluster_westeurope',
      features: [isolation, vnetIntegration],
      infrastructure: { identityIds: { controlPlane: identity } },
    });
    expect(discoveryRequest(parsed(given()))).toMatchObject({ features: [] });
    expect(discoveryRequest(parsed(given())).infrastructure.identityIds).toEqual({});
  });
});

type Case = [what: string, where: string, problem: RegExp, input: Record<string, unknown>, seen: Partial<Discovered>];
const found = (changes: Partial<ClusterFacts>): Partial<Discovered> => ({
  resourceGroup: group,
  nodeResourceGroup: group,
  cluster: clusterThere(changes),
});
const pool = clusterThere().agentPoolProfiles[0];

const stops: Case[] = [
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
    { resourceGroup: { ...group, provisioningState: 'Deleting' } },
  ],
  ['an identity that does not exist', 'identity.resourceId', /does not exist/, userAssigned, {}],
  [
    'a node resource group that is there',
    `${subscription}/resourceGroups/MC_rg_cluster_westeurope`,
    /there already/,
    {},
    { nodeResourceGroup: group },
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
  ['a busy cluster', cluster, /in progress \(Updating\)/, {}, found({ provisioningState: 'Updating' })],
  [
    'a busy cluster in a state nobody knows',
    cluster,
    /in progress \(Migrating\)/,
    {},
    found({ provisioningState: 'Migrating' }),
  ],
  ["somebody else's failed cluster", cluster, /state is Failed/, {}, found({ provisioningState: 'Failed' })],
  ["somebody else's cancelled cluster", cluster, /state is Canceled/, {}, found({ provisioningState: 'Canceled' })],
  ['a cluster elsewhere', cluster, /^location: asked westeurope, got eastus$/, {}, found({ location: 'eastus' })],
  [
    'another identity type',
    cluster,
    /^identity.type/,
    {},
    found({ identity: { type: 'UserAssigned', userAssignedIdentities: [] } }),
  ],
  [
    'images from elsewhere',
    cluster,
    /^bootstrapProfile.artifactSource: asked Cache, got Direct/,
    {},
    found({ artifactSource: 'Direct' }),
  ],
  ['another outbound type', cluster, /^networkProfile.outboundType/, {}, found({ outboundType: 'loadBalancer' })],
  [
    'a public API server',
    cluster,
    /^apiServerAccessProfile.enablePrivateCluster/,
    {},
    found({ enablePrivateCluster: false }),
  ],
  [
    'other API server access',
    cluster,
    /^apiServerAccessProfile.enableVnetIntegration/,
    {},
    found({ enableVnetIntegration: true }),
  ],
  [
    'another DNS prefix than the one given',
    cluster,
    /^dnsPrefix: asked mine, got made-elsewhere$/,
    { dnsPrefix: 'mine' },
    found({}),
  ],
  [
    'a pool that scales by itself',
    cluster,
    /^agentPoolProfiles.nodepool1.enableAutoScaling: asked false, got true/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, enableAutoScaling: true, minCount: 1, maxCount: 5 }] : [] }),
  ],
  ['another node resource group', cluster, /^nodeResourceGroup/, {}, found({ nodeResourceGroup: 'other' })],
  ['another version', cluster, /^kubernetesVersion: asked 1.33, got 1.34/, { kubernetesVersion: '1.33' }, found({})],
  [
    'another VM size',
    cluster,
    /^agentPoolProfiles.nodepool1.vmSize/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, vmSize: 'Standard_D2s_v5' }] : [] }),
  ],
  [
    'another mode',
    cluster,
    /^agentPoolProfiles.nodepool1.mode/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, mode: 'User' }] : [] }),
  ],
  [
    'another number of nodes',
    cluster,
    /^agentPoolProfiles.nodepool1.count/,
    {},
    found({ agentPoolProfiles: pool ? [{ ...pool, count: 2 }] : [] }),
  ],
];

describe('createCluster is stopped before it changes anything', () => {
  it.each(stops)('by %s', (_what, where, problem, input, seen) => {
    const { problems } = planOf(input, seen);
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
    const { problems } = planOf(
      { ...userAssigned, location: 'mars', kubernetesVersion: '1.28' },
      {
        subscription: { state: 'Warned', tenantId: 'tenant', locations: [] },
        nodeResourceGroup: group,
        resourceGroup: { ...group, provisioningState: 'Deleting' },
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
    const { problems } = planOf(
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
});

describe('a cluster that is there', () => {
  it.each(['Failed', 'Canceled'])('is created again if an earlier run left it %s', (provisioningState) => {
    const plan = planOf({}, found({ provisioningState, tags: madeEarlier }));
    expect(plan.problems).toEqual([]);
    expect(plan.steps.at(-1)).toMatchObject({
      action: 'update',
      reason: `${provisioningState}: created again`,
      forwardOnly: 'It was there before this run',
    });
  });

  it.each([
    ['its own version, where none is asked for', undefined, '1.32.1', '1.32.1'],
    ['the minor version that it runs', '1.34', '1.34', '1.34.5'],
    ['the patch version that it runs', '1.34.5', '1.34', '1.34.5'],
  ])('keeps %s', (_what, kubernetesVersion, asked, currentKubernetesVersion) => {
    expect(
      planOf({ kubernetesVersion }, found({ kubernetesVersion: asked, currentKubernetesVersion })).problems,
    ).toEqual([]);
  });

  it('may have as many nodes as its autoscaler made', () => {
    const agentPoolProfiles = [{ name: 'nodepool1', enableAutoScaling: true, minCount: 1, maxCount: 9 }];
    expect(
      planOf(
        { agentPoolProfiles },
        found({ agentPoolProfiles: pool ? [{ ...pool, ...agentPoolProfiles[0], count: 7 }] : [] }),
      ).problems,
    ).toEqual([]);
  });

  it('is compared without case, as Azure does', () => {
    const { specification } = planOf();
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
