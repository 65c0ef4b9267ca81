import { describe, expect, it } from '@jest/globals';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import type { AuditFacts } from '../../../resources/discovery.ts';
import type { ClusterFacts } from '../../../resources/managedClusters.ts';
import type { RegistryFacts } from '../../../resources/registries.ts';
import { preconditionProblems, preconditions } from '../../../workflows/isolation/preconditions.ts';
import { isolated, pool, systemPool } from '../existingCluster/support.ts';

const nothing: AuditFacts = { endpoints: [], kubeletRoles: [], subnets: [], publicAddresses: [] };
const registry = (changes: Partial<RegistryFacts>): AuditFacts => ({
  ...nothing,
  registry: {
    id: '/own',
    provisioningState: 'Succeeded',
    marks: {},
    location: 'westeurope',
    loginServer: 'own.azurecr.io',
    sku: 'Premium',
    publicNetworkAccess: 'Disabled',
    anonymousPullEnabled: false,
    roleAssignmentMode: 'LegacyRegistryPermissions',
    cacheRules: [],
    privateEndpoints: [],
    replicas: [],
    ...changes,
  },
});
const pools = (changes: Partial<AgentPoolFacts>): Partial<ClusterFacts> => ({
  agentPoolProfiles: [systemPool, pool('work', changes)],
});

type RefusedCase = [id: string, cluster: Partial<ClusterFacts>, problem: RegExp, facts?: AuditFacts];

const refused: RefusedCase[] = [
  ['kubernetesVersion', { currentKubernetesVersion: '1.29.9' }, /older than 1\.30/],
  ['identity', { identity: { type: 'None', userAssignedIdentities: [] } }, /service principal/],
  ['apiServer', { enablePrivateCluster: false, enableVnetIntegration: false }, /API server is public/],
  ['networkPlugin', { networkPlugin: 'kubenet' }, /kubenet/],
  ['networkPlugin', { networkPlugin: 'Kubenet' }, /kubenet/],
  ['identity', { identity: { type: 'none', userAssignedIdentities: [] } }, /service principal/],
  ['nodeOSUpgradeChannel', { nodeOSUpgradeChannel: 'Unmanaged' }, /Unmanaged/],
  ['nodeProvisioning', { nodeProvisioningMode: 'Auto' }, /node auto provisioning/],
  ['loadBalancer', { loadBalancerSku: 'Basic' }, /Basic/],
  ['httpProxy', { usesHttpProxy: true }, /HTTP proxy/],
  [
    'longTermSupport',
    { currentKubernetesVersion: '1.33.9', hasLongTermSupport: false },
    /long-term support only/,
    { ...nothing, longTermVersions: ['1.33'] },
  ],
  [
    'extensions',
    {},
    /microsoft\.flux needs egress/,
    { ...nothing, extensions: [{ id: '/flux', type: 'microsoft.flux' }] },
  ],
  [
    'networkEncryption',
    { enableVnetIntegration: true, ...pools({ vmSize: 'Standard_D4s_v5' }) },
    /encrypts traffic/,
    { ...nothing, isNetworkEncrypted: true },
  ],
  ['poolType', pools({ type: 'VirtualMachines' }), /no scale set/],
  ['poolType', pools({ type: 'AvailabilitySet' }), /no scale set/],
  ['poolSystem', pools({ osType: 'Windows' }), /Windows/],
  ['poolSystem', pools({ osType: 'windows', osSKU: 'Windows2022' }), /Windows/],
  ['registryTokens', { containerRegistryId: '/own' }, /takes no tokens/, registry({ takesArmTokens: false })],
];
const accepted: [name: string, cluster: Partial<ClusterFacts>][] = [
  ['as this product makes it', {}],
  ['with VNet integration', { enablePrivateCluster: false, enableVnetIntegration: true }],
  ['with SecurityPatch, which is supported since 2025-07-20', { nodeOSUpgradeChannel: 'SecurityPatch' }],
  ['with node provisioning by hand', { nodeProvisioningMode: 'Manual' }],
  ['with a Standard load balancer, however it is spelled', { loadBalancerSku: 'Standard' }],
  ['whose facts an older version has read', pools({})],
  ['with a network plugin of its owner', { networkPlugin: 'none' }],
  ['with nodes of ARM64 and Azure Linux', pools({ vmSize: 'Standard_D4pds_v5', osSKU: 'AzureLinux' })],
  ['whose pool is empty and scales from 0', pools({ count: 0, enableAutoScaling: true, minCount: 0, maxCount: 3 })],
  ['with the identity of its owner', { identity: { type: 'UserAssigned', userAssignedIdentities: ['/theirs'] } }],
];

describe('a precondition of isolation', () => {
  it.each(refused)('is broken: %s by %o', (id, changes, problem, facts = nothing) => {
    const problems = preconditionProblems(isolated(changes), facts);
    expect(problems).toEqual([
      expect.objectContaining({ problem: expect.stringMatching(problem), whatToDo: expect.any(String) }),
    ]);
    const { broken } = preconditions.find((each) => each.id === id) ?? {};
    expect(broken?.(isolated(changes), facts)).toHaveLength(1);
  });

  it('is broken for each one of the table', () => {
    expect(new Set(refused.map(([id]) => id))).toEqual(new Set(preconditions.map(({ id }) => id)));
  });

  it('has a source that was read on a day', () => {
    for (const { source, asOf } of preconditions) {
      expect(source).not.toBe('');
      expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });

  it.each(accepted)('holds for a cluster %s', (_name, changes) => {
    expect(preconditionProblems(isolated(changes), nothing)).toEqual([]);
  });

  it.each<[name: string, cluster: Partial<ClusterFacts>, facts: Partial<AuditFacts>]>([
    ['a long-term version with its support plan', { hasLongTermSupport: true }, { longTermVersions: ['1.34'] }],
    [
      'an extension that needs no egress',
      {},
      { extensions: [{ id: '/k', type: 'microsoft.azuremonitor.containers' }] },
    ],
    ['an encrypted network with private link', { enableVnetIntegration: false }, { isNetworkEncrypted: true }],
  ])('holds for %s', (_name, changes, around) => {
    expect(preconditionProblems(isolated(changes), { ...nothing, ...around })).toEqual([]);
  });

  it('says where it was read, and when', () => {
    const [problem] = preconditionProblems(isolated({ usesHttpProxy: true }), nothing);
    expect(problem?.problem).toMatch(/concepts-network-isolated\.md.*read 2026-\d\d-\d\d/);
  });

  it('names the pool that breaks it', () => {
    const [problem] = preconditionProblems(isolated(pools({ osType: 'Windows' })), nothing);
    expect(problem?.where).toMatch(/\/agentPools\/work$/);
  });

  it('is not asked of the registry that AKS manages', () => {
    expect(preconditionProblems(isolated(), registry({ takesArmTokens: false }))).toEqual([]);
  });
});
