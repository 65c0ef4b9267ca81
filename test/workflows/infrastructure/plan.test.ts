import { describe, expect, it } from '@jest/globals';
import type { StepId, StepKind } from '../../../contract/index.ts';
import type { Discovered } from '../../../resources/discovery.ts';
import { expectSoundGraph, nothingThere, reasons, stepOf } from '../support.ts';
import {
  dataRecord,
  derivedRegistry,
  ids,
  networkThere,
  planOwnRegistry,
  recordThere,
  registryThere,
  subnetsThere,
  subnetThere,
  there,
  thereWithout,
  zoneThere,
} from './support.ts';

const apiServer = { apiServerAccess: 'vnetIntegration' };
const preview = { profile: 'preview', kubernetesVersion: '1.34' };
const noRecords = { [`record:${derivedRegistry}`]: 'create: absent', [`record:${dataRecord}`]: 'create: absent' };
const noZone = { privateDnsZone: 'create: absent', zoneLink: 'create: absent', ...noRecords };

describe("the plan for one's own registry", () => {
  it('creates everything where nothing is there, each step after what it needs', () => {
    const plan = planOwnRegistry();
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
      [`record:${derivedRegistry}`]: ['create', 'privateDnsZone', 'privateEndpoint'],
      [`record:${dataRecord}`]: ['create', 'privateDnsZone', 'privateEndpoint'],
      'role:networkContributor:aks-subnet': ['create', 'identity:controlPlane', 'virtualNetwork'],
      'role:managedIdentityOperator:cluster-kubelet': ['create', 'identity:controlPlane', 'identity:kubelet'],
      [`role:acrPull:${derivedRegistry}`]: ['create', 'identity:kubelet', 'registry'],
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
    const plan = planOwnRegistry({}, {}, there());
    expect(plan.problems).toEqual([]);
    expect(reasons(plan)).toEqual({ cluster: 'create: absent' });
    const others: StepKind[] = ['provider', 'resourceGroup', 'cluster', 'role'];
    const around = plan.steps.filter(({ kind }) => !others.includes(kind));
    expect(new Set(around.map(({ reason }) => reason))).toEqual(new Set(['found as wanted']));
  });

  it('gives the cluster what it is to run on', () => {
    expect(planOwnRegistry({}, apiServer).specification).toMatchObject({
      identity: { type: 'UserAssigned', resourceId: ids.controlPlane },
      containerRegistryId: ids.registry,
      vnetSubnetId: ids.nodeSubnet,
      apiServerSubnetId: ids.apiServerSubnet,
      kubeletIdentityId: ids.kubelet,
    });
  });

  it('names the differences between the profiles that act', () => {
    expect(planOwnRegistry().differences.map(({ id }) => id)).toEqual(['P1', 'P2', 'P3', 'P12', 'P7']);
  });

  it.each<[what: string, step: StepId, namespace: string]>([
    ['the network', 'virtualNetwork', 'Microsoft.Network'],
    ['the zone', 'privateDnsZone', 'Microsoft.Network'],
    ['the registry', 'registry', 'Microsoft.ContainerRegistry'],
    ['an identity', 'identity:kubelet', 'Microsoft.ManagedIdentity'],
  ])('lets %s wait for its resource provider where that is not registered', (_what, id, namespace) => {
    const plan = planOwnRegistry({}, {}, { providers: { ...nothingThere.providers, [namespace]: 'NotRegistered' } });
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
    expectSoundGraph(planOwnRegistry({}, input, seen));
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
            [derivedRegistry]: recordThere(derivedRegistry, '10.9.9.9'),
          },
        }),
      }),
      { [`record:${derivedRegistry}`]: 'update: aRecords: asked 192.168.2.5, got 10.9.9.9' },
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
      {
        'subnet:nodeSubnet':
          'update: defaultOutboundAccess: asked false, got true; other machines in it lose their default outbound access as well',
      },
    ],
    [
      'no identities',
      there({ identities: {}, roles: {} }),
      {
        'identity:controlPlane': 'create: absent',
        'identity:kubelet': 'create: absent',
        'role:networkContributor:aks-subnet': 'create: not held',
        'role:managedIdentityOperator:cluster-kubelet': 'create: not held',
        [`role:acrPull:${derivedRegistry}`]: 'create: not held',
      },
    ],
  ])('fills the gap where there is %s', (_what, seen, steps) => {
    const plan = planOwnRegistry({}, {}, seen);
    expect(plan.problems).toEqual([]);
    expect(reasons(plan)).toEqual({ ...steps, cluster: 'create: absent' });
  });

  const withPolicies = (privateEndpoints?: number) => {
    const { privateEndpoints: _none, ...subnet } = subnetThere('acr-subnet', {
      addressPrefixes: ['192.168.2.0/24'],
      privateEndpointNetworkPolicies: 'Enabled',
    });
    const registrySubnet = { ...subnet, ...(privateEndpoints !== undefined && { privateEndpoints }) };
    return there({ virtualNetwork: networkThere(...subnetsThere.slice(0, 1), registrySubnet) });
  };
  const asked = 'update: privateEndpointNetworkPolicies: asked Disabled, got Enabled';
  it.each([
    [
      'leaves the policies of a subnet for its endpoints alone, and says what they mean',
      {},
      1,
      'none: found as wanted; privateEndpointNetworkPolicies stays Enabled: security rules and routes of the subnet hold for the endpoint too',
    ],
    [
      'switches them off under profile preview, and says whom else that is about',
      preview,
      2,
      `${asked}; its security rules and routes then no longer hold for the 2 private endpoints in it`,
    ],
    ['switches them off in a run that version 0.1 began', {}, undefined, asked],
  ])('%s', (_what, input, privateEndpoints, said) => {
    const { action, reason } = stepOf(
      planOwnRegistry({}, input, withPolicies(privateEndpoints)),
      'subnet:registrySubnet',
    );
    expect(`${action}: ${reason}`).toBe(said);
  });

  it('keeps what undo has to put back', () => {
    const { infrastructure: plan } = planOwnRegistry(
      {},
      { ...apiServer, ...preview },
      there({
        virtualNetwork: networkThere(
          subnetThere('aks-subnet', { defaultOutboundAccess: true }),
          subnetThere('acr-subnet', { addressPrefixes: ['192.168.2.0/24'], privateEndpointNetworkPolicies: 'Enabled' }),
          subnetThere('apiserver-subnet', { addressPrefixes: ['192.168.3.0/28'] }),
        ),
        registry: registryThere({ publicNetworkAccess: 'Enabled', anonymousPullEnabled: true }),
        privateDnsZone: zoneThere({ records: { [derivedRegistry]: recordThere(derivedRegistry, '10.9.9.9') } }),
      }),
    );
    expect(plan.subnets.map(({ use, before }) => [use, before])).toEqual([
      ['nodeSubnet', { defaultOutboundAccess: true }],
      ['registrySubnet', { privateEndpointNetworkPolicies: 'Enabled' }],
      ['apiServerSubnet', { delegation: '' }],
    ]);
    expect(plan.registry?.before).toEqual({ publicNetworkAccess: 'Enabled', anonymousPullEnabled: true });
    expect(plan.records.map(({ name, before }) => [name, before])).toEqual([
      [derivedRegistry, ['10.9.9.9']],
      [dataRecord, undefined],
    ]);
  });
});
