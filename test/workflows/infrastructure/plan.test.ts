import { describe, expect, it } from '@jest/globals';
import type { Discovered } from '../../../resources/discovery.ts';
import type { InfrastructureFacts } from '../../../resources/infrastructure.ts';
import { type BuiltInRole, builtInRoles, type RoleHolder } from '../../../resources/roles.ts';
import { discoveryRequest } from '../../../workflows/newCluster/plan.ts';
import { given, parsed } from '../../contract/inputs/support.ts';
import { nothingThere, planOf } from '../support.ts';
import {
  acting,
  cacheRuleThere,
  dataRecord,
  endpointThere,
  everythingThere,
  group,
  ids,
  linkThere,
  networkThere,
  planOwn,
  recordThere,
  registryName,
  registryThere,
  stepOf,
  subnetsThere,
  subnetThere,
  subscription,
  there,
  thereWithout,
  zoneThere,
} from './support.ts';

const apiServer = { apiServerAccess: 'vnetIntegration' };
const preview = { profile: 'preview', kubernetesVersion: '1.34' };
const noRecords = { [`record:${registryName}`]: 'create: absent', [`record:${dataRecord}`]: 'create: absent' };
const noZone = { privateDnsZone: 'create: absent', zoneLink: 'create: absent', ...noRecords };
const elsewhere = (type: string, name: string) => `${subscription}/resourceGroups/other/providers/${type}/${name}`;

describe("the plan for one's own registry", () => {
  it('creates everything where nothing is there, each step after what it needs', () => {
    const plan = planOwn();
    expect(plan.problems).toEqual([]);
    expect(Object.fromEntries(plan.steps.map(({ id, action, needs }) => [id, [action, ...needs]]))).toEqual({
      'provider:Microsoft.ContainerService': ['none'],
      'provider:Microsoft.ContainerRegistry': ['none'],
      resourceGroup: ['create'],
      virtualNetwork: ['create', 'resourceGroup'],
      'identity:controlPlane': ['create', 'resourceGroup'],
      'identity:kubelet': ['create', 'resourceGroup'],
      registry: ['create', 'resourceGroup'],
      cacheRule: ['create', 'registry'],
      privateEndpoint: ['create', 'registry', 'virtualNetwork'],
      privateDnsZone: ['create', 'resourceGroup'],
      zoneLink: ['create', 'privateDnsZone', 'virtualNetwork'],
      [`record:${registryName}`]: ['create', 'privateDnsZone', 'privateEndpoint'],
      [`record:${dataRecord}`]: ['create', 'privateDnsZone', 'privateEndpoint'],
      'role:networkContributor:aks-subnet': ['create', 'identity:controlPlane', 'virtualNetwork'],
      'role:managedIdentityOperator:cluster-kubelet': ['create', 'identity:controlPlane', 'identity:kubelet'],
      [`role:acrPull:${registryName}`]: ['create', 'identity:kubelet', 'registry'],
      cluster: ['create', ...stepOf(plan, 'cluster').needs],
    });
    expect([...stepOf(plan, 'cluster').needs].sort()).toEqual(
      plan.steps
        .slice(0, -1)
        .map(({ id }) => id)
        .sort(),
    );
    expect(new Set(plan.steps.filter(({ action }) => action === 'create').map(({ reason }) => reason))).toEqual(
      new Set(['absent', 'not held']),
    );
  });

  it('does nothing where everything is there', () => {
    const plan = planOwn({}, {}, there());
    expect(plan.problems).toEqual([]);
    expect(acting(plan)).toEqual({ cluster: 'create: absent' });
    const reasons = plan.steps.filter(({ id }) => !/^(provider|resourceGroup|cluster|role)/.test(id));
    expect(new Set(reasons.map(({ reason }) => reason))).toEqual(new Set(['found as wanted']));
  });

  it('gives the cluster what it is to run on', () => {
    expect(planOwn({}, apiServer).specification).toMatchObject({
      identity: { type: 'UserAssigned', resourceId: ids.controlPlane },
      containerRegistryId: ids.registry,
      vnetSubnetId: ids.nodeSubnet,
      apiServerSubnetId: ids.apiServerSubnet,
      kubeletIdentityId: ids.kubelet,
    });
  });

  it('names the differences between the profiles that act', () => {
    expect(planOwn().differences.map(({ id }) => id)).toEqual(['P1', 'P2', 'P3', 'P7']);
  });

  it.each<[what: string, step: string, namespace: string]>([
    ['the network', 'virtualNetwork', 'Microsoft.Network'],
    ['the zone', 'privateDnsZone', 'Microsoft.Network'],
    ['the registry', 'registry', 'Microsoft.ContainerRegistry'],
    ['an identity', 'identity:kubelet', 'Microsoft.ManagedIdentity'],
  ])('lets %s wait for its resource provider where that is not registered', (_what, id, namespace) => {
    const plan = planOwn({}, {}, { providers: { ...nothingThere.providers, [namespace]: 'NotRegistered' } });
    expect(stepOf(plan, id).needs).toEqual(['resourceGroup', `provider:${namespace}`]);
    expect(stepOf(plan, 'cluster').needs).toContain(`provider:${namespace}`);
  });

  it.each<[what: string, input: Record<string, unknown>, seen: Partial<Discovered>]>([
    ['nothing there', {}, {}],
    ['nothing there, VNet integration', apiServer, {}],
    ['everything there', {}, there()],
    ['a network without subnets', apiServer, there({ virtualNetwork: networkThere() })],
    ['nothing registered', apiServer, { providers: {} }],
    ['profile preview', preview, {}],
  ])('has a sound graph with unique steps: %s', (_what, input, seen) => {
    const before = new Set<string>();
    for (const { id, needs } of planOwn({}, input, seen).steps) {
      expect(needs.filter((need) => !before.has(need))).toEqual([]);
      expect(before).not.toContain(id);
      before.add(id);
    }
  });

  it.each<[what: string, seen: Partial<Discovered>, steps: Record<string, unknown>]>([
    [
      'no endpoint',
      thereWithout('privateEndpoint', 'privateDnsZone'),
      { privateEndpoint: 'create: absent', ...noZone },
    ],
    ['no zone', thereWithout('privateDnsZone'), noZone],
    ['no link', there({ privateDnsZone: zoneThere({ links: [] }) }), { zoneLink: 'create: absent' }],
    ['no records', there({ privateDnsZone: zoneThere({ records: {} }) }), noRecords],
    [
      'a record with another address',
      there({
        privateDnsZone: zoneThere({
          records: {
            ...zoneThere().records,
            [registryName]: recordThere(registryName, '10.9.9.9'),
          },
        }),
      }),
      { [`record:${registryName}`]: 'update: aRecords: asked 192.168.2.5, got 10.9.9.9' },
    ],
    [
      'a record without addresses',
      there({
        privateDnsZone: zoneThere({ records: { ...zoneThere().records, [dataRecord]: recordThere(dataRecord) } }),
      }),
      { [`record:${dataRecord}`]: 'update: aRecords: asked 192.168.2.4, got none' },
    ],
    ['no rule', there({ registry: registryThere({ cacheRules: [] }) }), { cacheRule: 'create: absent' }],
    [
      'a registry that is open',
      there({ registry: registryThere({ publicNetworkAccess: 'Enabled' }) }),
      { registry: 'update: publicNetworkAccess: asked Disabled, got Enabled' },
    ],
    [
      'a registry that everybody may pull from',
      there({ registry: registryThere({ anonymousPullEnabled: true }) }),
      { registry: 'update: anonymousPullEnabled: asked false, got true' },
    ],
    [
      'no subnets',
      there({ virtualNetwork: networkThere() }),
      { 'subnet:nodeSubnet': 'create: absent', 'subnet:registrySubnet': 'create: absent' },
    ],
    [
      'a subnet with a way out',
      there({
        virtualNetwork: networkThere(
          subnetThere('AKS-subnet', { defaultOutboundAccess: true }),
          ...subnetsThere.slice(1),
        ),
      }),
      { 'subnet:nodeSubnet': 'update: defaultOutboundAccess: asked false, got true' },
    ],
    [
      'a subnet with endpoint policies',
      there({
        virtualNetwork: networkThere(
          ...subnetsThere.slice(0, 1),
          subnetThere('acr-subnet', { addressPrefixes: ['192.168.2.0/24'], privateEndpointNetworkPolicies: 'Enabled' }),
        ),
      }),
      { 'subnet:registrySubnet': 'update: privateEndpointNetworkPolicies: asked Disabled, got Enabled' },
    ],
    [
      'no identities',
      there({ identities: {}, roles: {} }),
      {
        'identity:controlPlane': 'create: absent',
        'identity:kubelet': 'create: absent',
        'role:networkContributor:aks-subnet': 'create: not held',
        'role:managedIdentityOperator:cluster-kubelet': 'create: not held',
        [`role:acrPull:${registryName}`]: 'create: not held',
      },
    ],
  ])('fills the gap where there is %s', (_what, seen, steps) => {
    const plan = planOwn({}, {}, seen);
    expect(plan.problems).toEqual([]);
    expect(acting(plan)).toEqual({ ...steps, cluster: 'create: absent' });
  });

  it('keeps what undo has to put back', () => {
    const { infrastructure: plan } = planOwn(
      {},
      apiServer,
      there({
        virtualNetwork: networkThere(
          subnetThere('aks-subnet', { defaultOutboundAccess: true }),
          subnetThere('acr-subnet', { addressPrefixes: ['192.168.2.0/24'], privateEndpointNetworkPolicies: 'Enabled' }),
          subnetThere('apiserver-subnet', { addressPrefixes: ['192.168.3.0/28'] }),
        ),
        registry: registryThere({ publicNetworkAccess: 'Enabled', anonymousPullEnabled: true }),
        privateDnsZone: zoneThere({ records: { [registryName]: recordThere(registryName, '10.9.9.9') } }),
      }),
    );
    expect(plan.subnets.map(({ use, before }) => [use, before])).toEqual([
      ['nodeSubnet', { defaultOutboundAccess: true }],
      ['registrySubnet', { privateEndpointNetworkPolicies: 'Enabled' }],
      ['apiServerSubnet', { delegation: '' }],
    ]);
    expect(plan.registry?.before).toEqual({ publicNetworkAccess: 'Enabled', anonymousPullEnabled: true });
    expect(plan.records.map(({ name, before }) => [name, before])).toEqual([
      [registryName, ['10.9.9.9']],
      [dataRecord, undefined],
    ]);
  });
});

describe('the network', () => {
  it('is one request with all its subnets where it is absent', () => {
    const { infrastructure: plan, steps } = planOwn({}, apiServer);
    expect(plan.virtualNetwork).toMatchObject({ id: ids.vnet, addressPrefixes: ['192.168.0.0/16'] });
    expect(plan.virtualNetwork?.subnets).toEqual([
      {
        id: ids.nodeSubnet,
        name: 'aks-subnet',
        use: 'nodeSubnet',
        addressPrefix: '192.168.1.0/24',
        defaultOutboundAccess: false,
      },
      {
        id: ids.registrySubnet,
        name: 'acr-subnet',
        use: 'registrySubnet',
        addressPrefix: '192.168.2.0/24',
        privateEndpointNetworkPolicies: 'Disabled',
      },
      {
        id: ids.apiServerSubnet,
        name: 'apiserver-subnet',
        use: 'apiServerSubnet',
        addressPrefix: '192.168.3.0/24',
        delegation: 'Microsoft.ContainerService/managedClusters',
      },
    ]);
    expect(plan.subnets).toEqual([]);
    expect(steps.filter(({ id }) => id.startsWith('subnet:'))).toEqual([]);
  });

  it('that is there gets its subnets one after the other, and everything in it waits for the last', () => {
    const plan = planOwn({}, apiServer, there({ virtualNetwork: networkThere() }));
    const chain = ['virtualNetwork', 'subnet:nodeSubnet', 'subnet:registrySubnet', 'subnet:apiServerSubnet'];
    for (const [index, id] of chain.entries()) {
      if (index > 0) expect(stepOf(plan, id).needs).toEqual(chain.slice(0, index));
    }
    for (const id of ['privateEndpoint', 'zoneLink', 'role:networkContributor:apiserver-subnet', 'cluster']) {
      expect(stepOf(plan, id).needs).toEqual(expect.arrayContaining(chain));
    }
  });

  it("keeps its subnet's range where none is given", () => {
    const virtualNetwork = networkThere(
      subnetThere('aks-subnet', { addressPrefixes: ['192.168.64.0/20'] }),
      ...subnetsThere.slice(1),
    );
    const { infrastructure: plan } = planOwn({}, {}, there({ virtualNetwork }));
    expect(plan.subnets.map(({ addressPrefix }) => addressPrefix)).toEqual(['192.168.64.0/20', '192.168.2.0/24']);
  });

  it('has ranges and names as given', () => {
    const network = {
      name: 'mine',
      addressPrefixes: ['172.16.0.0/16'],
      nodeSubnet: { name: 'nodes', addressPrefix: '172.16.0.0/20' },
      registrySubnet: { addressPrefix: '172.16.16.0/28' },
    };
    const { infrastructure: plan } = planOwn({}, { network });
    const id = `${group}/providers/Microsoft.Network/virtualNetworks/mine`;
    expect(plan.virtualNetwork).toMatchObject({
      id,
      addressPrefixes: ['172.16.0.0/16'],
      subnets: [
        { id: `${id}/subnets/nodes`, addressPrefix: '172.16.0.0/20' },
        { id: `${id}/subnets/acr-subnet`, addressPrefix: '172.16.16.0/28' },
      ],
    });
  });

  it('with a managed registry needs no subnet for an endpoint, and only the roles of the control plane', () => {
    const plan = planOf({ network: {} });
    expect(plan.problems).toEqual([]);
    expect(acting(plan)).toEqual({
      resourceGroup: 'create: absent',
      virtualNetwork: 'create: absent',
      'identity:controlPlane': 'create: absent',
      'role:networkContributor:aks-subnet': 'create: not held',
      cluster: 'create: absent',
    });
    expect(plan.specification).not.toHaveProperty('containerRegistryId');
    expect(plan.specification).not.toHaveProperty('kubeletIdentityId');
  });
});

describe('what is given by resource ID', () => {
  const vnet = elsewhere('Microsoft.Network/virtualNetworks', 'hub');
  const registry = elsewhere('Microsoft.ContainerRegistry/registries', 'shared');
  const endpoint = elsewhere('Microsoft.Network/privateEndpoints', 'theirs');
  const zone = elsewhere('Microsoft.Network/privateDnsZones', 'privatelink.azurecr.io');
  const controlPlane = elsewhere('Microsoft.ManagedIdentity/userAssignedIdentities', 'one');
  const kubelet = elsewhere('Microsoft.ManagedIdentity/userAssignedIdentities', 'two');
  const byId: [Record<string, unknown>, Record<string, unknown>] = [
    { containerRegistryId: registry, privateEndpoint: { resourceId: endpoint }, privateDnsZone: { resourceId: zone } },
    {
      network: { virtualNetworkId: vnet },
      identity: { type: 'UserAssigned', resourceId: controlPlane },
      kubeletIdentity: { resourceId: kubelet },
    },
  ];

  it('is looked at there, with its group and subscription for permissions', () => {
    const [own, input] = byId;
    const request = discoveryRequest(parsed(given({ registry: { mode: 'bringYourOwn', ...own }, ...input })));
    expect(request.infrastructure).toEqual({
      subscriptionId: '11111111-1111-1111-1111-111111111111',
      location: 'westeurope',
      virtualNetworkId: vnet,
      registryId: registry,
      privateEndpointId: endpoint,
      privateDnsZoneId: zone,
      identityIds: { controlPlane, kubelet },
      roleScopes: [
        { scope: `${vnet}/subnets/aks-subnet`, holder: 'controlPlane' },
        { scope: kubelet, holder: 'controlPlane' },
        { scope: registry, holder: 'kubelet' },
      ],
    });
    const subnets = ['aks-subnet', 'acr-subnet'].map((name) => `${vnet}/subnets/${name}`);
    const resources = [vnet, ...subnets, registry, endpoint, zone, controlPlane, kubelet];
    const scopes = [subscription, group, `${subscription}/resourceGroups/other`, ...resources];
    expect([...request.allowances.scopes].sort()).toEqual(scopes.sort());
  });

  it('is never created: it must exist', () => {
    const { problems } = planOwn(...byId);
    const missing = problems.filter(({ problem }) => problem.includes('does not exist'));
    expect(missing.map(({ where }) => where)).toEqual([
      'network.virtualNetworkId',
      'registry.containerRegistryId',
      'registry.privateEndpoint.resourceId',
      'registry.privateDnsZone.resourceId',
      'identity.resourceId',
      'kubeletIdentity.resourceId',
    ]);
  });
});

describe('names', () => {
  it('of identities and endpoint are as given, in the resource group of the cluster', () => {
    const plan = planOwn(
      { name: 'myregistry', privateEndpoint: { name: 'pe', connectionName: 'c' }, privateDnsZone: { linkName: 'l' } },
      { identity: { type: 'UserAssigned', name: 'control' }, kubeletIdentity: { name: 'kub' } },
    );
    const { registry, privateEndpoint, zoneLink, identities } = plan.infrastructure;
    expect([
      registry?.id,
      privateEndpoint?.id,
      zoneLink?.id,
      identities.controlPlane?.id,
      identities.kubelet?.id,
    ]).toEqual([
      `${group}/providers/Microsoft.ContainerRegistry/registries/myregistry`,
      `${group}/providers/Microsoft.Network/privateEndpoints/pe`,
      `${ids.zone}/virtualNetworkLinks/l`,
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/control`,
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kub`,
    ]);
    expect(privateEndpoint?.connectionName).toBe('c');
    expect(plan.infrastructure.records.map(({ name }) => name)).toEqual(['myregistry', 'myregistry.westeurope.data']);
  });

  it.each([
    ['short ones', 'c', 'r', 'cr11111111'],
    ['long ones', 'C'.repeat(40), 'R'.repeat(90), `${'c'.repeat(20)}${'r'.repeat(20)}11111111`],
    ['others than letters and digits', 'my_cluster-1', 'my.group(1)', 'mycluster1mygroup111111111'],
  ])('of a registry are made of those of cluster and group, if %s', (_what, name, resourceGroup, expected) => {
    const subscriptionId = '11111111-1111-1111-1111-111111111111';
    const { registry } = planOwn({}, { cluster: { subscriptionId, resourceGroup, name } }).infrastructure;
    expect(registry?.id.split('/').at(-1)).toBe(expected);
    expect(expected).toMatch(/^[a-z0-9]{5,50}$/);
  });
});

describe('records', () => {
  it('are named after the host of a registry, which may have a hash in its name', () => {
    const loginServer = `${registryName}-a1b2c3.azurecr.io`;
    const seen = there({ registry: registryThere({ loginServer }) });
    const { records } = planOwn({}, {}, seen).infrastructure;
    expect(records.map(({ name }) => name)).toEqual([
      `${registryName}-a1b2c3`,
      `${registryName}-a1b2c3.westeurope.data`,
    ]);
  });

  const elsewhere = { ...linkThere('spoke'), virtualNetworkId: ids.vnet.replace('/rg/', '/spoke/') };
  const otherEndpoint = { id: ids.endpoint.replace('/rg/', '/spoke/'), status: 'Approved' };
  const stale = { ...zoneThere().records, [registryName]: recordThere(registryName, '10.9.9.9') };

  it.each([
    ['the zone serves this network alone', [linkThere()], [otherEndpoint], []],
    ['the registry has this endpoint alone', [linkThere(), elsewhere], [], []],
    ['it may be that of another network’s endpoint', [linkThere(), elsewhere], [otherEndpoint], [otherEndpoint.id]],
  ])('with another address are updated or left alone: %s', (_title, links, endpoints, named) => {
    const privateEndpoints = [...registryThere().privateEndpoints, ...endpoints];
    const seen = {
      registry: registryThere({ privateEndpoints }),
      privateDnsZone: zoneThere({ links, records: stale }),
    };
    const { problems } = planOwn({}, {}, there(seen));
    expect(problems.map(({ where, problem }) => [where, problem])).toEqual(
      named.map((id) => [`${ids.zone}/A/${registryName}`, expect.stringContaining(id)]),
    );
  });

  const replicated = registryThere({ replicas: ['swedencentral', 'northeurope'] });
  const all = [
    registryName,
    ...['westeurope', 'swedencentral', 'northeurope'].map((at) => `${registryName}.${at}.data`),
  ];

  it("are those of the registry, of its region and of each replica's", () => {
    const { records, privateEndpoint } = planOwn({}, {}, there({ registry: replicated })).infrastructure;
    expect(records.map(({ name }) => name)).toEqual(all);
    expect(privateEndpoint?.records).toEqual(all);
  });

  it("follow the registry's region, not that of the cluster", () => {
    const { records } = planOwn(
      {},
      {},
      there({ registry: registryThere({ location: 'swedencentral' }) }),
    ).infrastructure;
    expect(records.map(({ name }) => name)).toEqual([registryName, `${registryName}.swedencentral.data`]);
  });

  it('are as wanted whatever the order of their addresses', () => {
    const both = ['192.168.2.4', '192.168.2.5'];
    const seen = there({
      privateEndpoint: endpointThere({
        addresses: { ...endpointThere().addresses, [`${registryName}.azurecr.io`]: both },
      }),
      privateDnsZone: zoneThere({
        records: { ...zoneThere().records, [registryName]: recordThere(registryName, ...[...both].reverse()) },
      }),
    });
    expect(acting(planOwn({}, {}, seen))).toEqual({ cluster: 'create: absent' });
  });
});

describe('the link of the zone', () => {
  it('may have any name if it leads to the network', () => {
    const seen = there({ privateDnsZone: zoneThere({ links: [linkThere('theirs')] }) });
    const plan = planOwn({}, {}, seen);
    expect(stepOf(plan, 'zoneLink')).toMatchObject({ action: 'none', resourceId: linkThere('theirs').id });
  });
});

describe('the cache rule', () => {
  const asked = { current: 'aks-managed-repository/*', preview: '*' };
  it.each<[profile: 'current' | 'preview', name: string, target: string, action: string, ruleName: string]>([
    ['current', 'aks-managed-mcr', asked.current, 'none', 'aks-managed-mcr'],
    ['current', 'another', asked.current, 'create', 'aks-managed-mcr'],
    ['current', 'aks-managed-mcr', asked.preview, 'create', 'aks-managed-mcr'],
    ['preview', 'acr-cache-rule', asked.preview, 'none', 'acr-cache-rule'],
    ['preview', 'any-name', asked.preview, 'none', 'any-name'],
    ['preview', 'acr-cache-rule', asked.current, 'create', 'acr-cache-rule'],
  ])('of profile %s, where there is %s to %s: %s', (profile, name, target, action, ruleName) => {
    const registry = registryThere({
      cacheRules: [cacheRuleThere(name, target)],
      anonymousPullEnabled: profile === 'preview',
    });
    const plan = planOwn({}, { profile, kubernetesVersion: '1.34' }, there({ registry }));
    expect(stepOf(plan, 'cacheRule')).toMatchObject({ action, resourceId: `${ids.registry}/cacheRules/${ruleName}` });
    expect(plan.infrastructure.cacheRule).toMatchObject({ targetRepository: asked[profile] });
  });

  it('comes with anonymous pull under profile preview', () => {
    expect(planOwn({}, preview).infrastructure.registry).toMatchObject({ anonymousPullEnabled: true });
    expect(planOwn().infrastructure.registry).toMatchObject({
      publicNetworkAccess: 'Disabled',
      anonymousPullEnabled: false,
    });
  });
});

describe('a role', () => {
  const { owner, contributor, networkContributor, managedIdentityOperator, acrPull } = builtInRoles;
  const reader = builtInRoles.containerRegistryRepositoryReader;
  type Held = { readonly id: string; readonly name: string };
  const where: [holder: RoleHolder, scope: string, step: string, wanted: BuiltInRole, own: Held][] = [
    ['controlPlane', ids.nodeSubnet, 'aks-subnet', 'networkContributor', networkContributor],
    ['controlPlane', ids.kubelet, 'cluster-kubelet', 'managedIdentityOperator', managedIdentityOperator],
    ['kubelet', ids.registry, registryName, 'acrPull', acrPull],
  ];
  const holding = (holder: RoleHolder, scope: string, ...held: Held[]): Partial<InfrastructureFacts> => ({
    roles: { ...everythingThere.roles, [`${holder} ${scope.toLowerCase()}`]: held.map(({ id }) => id) },
  });

  it.each(
    where.flatMap(([holder, scope, name, wanted, own]) =>
      [own, contributor, owner].map((held) => [wanted, name, held.name, holder, scope, held] as const),
    ),
  )('%s on %s is not needed beside %s', (wanted, name, _held, holder, scope, held) => {
    const plan = planOwn({}, {}, there(holding(holder, scope, held)));
    expect(stepOf(plan, `role:${wanted}:${name}`)).toMatchObject({ action: 'none', reason: `${held.name} is held` });
  });

  it.each(where)('of the %s on %s is assigned where another one is held', (holder, scope, name, wanted, own) => {
    const other = own === acrPull ? networkContributor : acrPull;
    const plan = planOwn({}, {}, there(holding(holder, scope, other)));
    expect(stepOf(plan, `role:${wanted}:${name}`)).toMatchObject({ action: 'create', reason: 'not held' });
  });

  it('on a registry with repository permissions is Container Registry Repository Reader, which no other includes', () => {
    const registry = registryThere({ roleAssignmentMode: 'AbacRepositoryPermissions' });
    const id = `role:containerRegistryRepositoryReader:${registryName}`;
    const seen = (...held: Held[]) => there({ registry, ...holding('kubelet', ids.registry, ...held) });
    expect(stepOf(planOwn({}, {}, seen(acrPull, contributor, owner)), id)).toMatchObject({
      action: 'create',
      title: `Container Registry Repository Reader on ${registryName} for the kubelet identity`,
    });
    expect(stepOf(planOwn({}, {}, seen(reader)), id)).toMatchObject({ action: 'none' });
  });

  it('is needed on the subnet of the API server too', () => {
    expect(planOwn({}, apiServer).infrastructure.roles.map(({ role, scope }) => [role, scope])).toEqual([
      ['networkContributor', ids.nodeSubnet],
      ['networkContributor', ids.apiServerSubnet],
      ['managedIdentityOperator', ids.kubelet],
      ['acrPull', ids.registry],
    ]);
  });
});
