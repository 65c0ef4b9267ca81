import { describe, expect, it } from '@jest/globals';
import {
  type ChangeRegistryInput,
  changeRegistryInput,
  type DisableIsolationInput,
  disableIsolationInput,
  type IsolateClusterInput,
  isolateClusterInput,
  parse,
  type ReimageNodePoolsInput,
  reimageNodePoolsInput,
} from '../../../contract/index.ts';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import type { ClusterFacts } from '../../../resources/managedClusters.ts';
import type { NodeFacts } from '../../../resources/nodes.ts';
import { planChangeRegistry } from '../../../workflows/changeRegistry.ts';
import { planDisableIsolation } from '../../../workflows/disableIsolation.ts';
import { planIsolateCluster } from '../../../workflows/isolateCluster.ts';
import { planReimageNodePools } from '../../../workflows/reimageNodePools.ts';
import { actions, clusterThere, nothingThere } from '../support.ts';

const cluster = { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' };
const group = `/subscriptions/${cluster.subscriptionId}/resourceGroups`;
const managedNetworkId = `${group}/MC_rg_cluster_westeurope/providers/Microsoft.Network/virtualNetworks/aks-vnet-1`;
const ownSubnet = `${group}/rg/providers/Microsoft.Network/virtualNetworks/own/subnets/nodes`;
const registryId = (name: string) => `${group}/rg/providers/Microsoft.ContainerRegistry/registries/${name}`;
const kubeletIdentityId = `${group}/MC_rg_cluster_westeurope/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agentpool`;

const [usual] = clusterThere().agentPoolProfiles;
const pool = (name: string, changes: Partial<AgentPoolFacts> = {}): AgentPoolFacts => ({
  ...(usual as AgentPoolFacts),
  name,
  mode: 'User',
  ...changes,
});
const systemPool = pool('system', { mode: 'System' });

const node = (name: string, of: string): NodeFacts => ({
  name,
  pool: of,
  bootId: `boot-${name}`,
  createdAt: '2026-01-01T00:00:00Z',
  ready: true,
});

/** An ordinary cluster: images from Microsoft, egress by a load balancer, a network that AKS manages. */
const ordinary = (changes: Partial<ClusterFacts> = {}): ClusterFacts => {
  const { containerRegistryId: _none, ...facts } = clusterThere();
  return {
    ...facts,
    artifactSource: 'Direct',
    outboundType: 'loadBalancer',
    kubeletIdentityId,
    agentPoolProfiles: [systemPool, pool('work')],
    ...changes,
  };
};

const isolated = (changes: Partial<ClusterFacts> = {}): ClusterFacts =>
  clusterThere({ kubeletIdentityId, agentPoolProfiles: [systemPool, pool('work')], ...changes });

function seen(found: ClusterFacts | undefined, changes: Partial<ExistingClusterFacts> = {}): ExistingClusterFacts {
  const { infrastructure, allowances, providers, features } = nothingThere;
  return {
    subscription: { state: 'Enabled', tenantId: 'tenant' },
    ...(found && { cluster: found }),
    managedNetworkId,
    registryEndpointIds: [],
    tenants: { [cluster.subscriptionId]: 'tenant' },
    kubernetes: { seen: { nodes: [node('s', 'system'), node('w', 'work')], disruptionBudgets: [] } },
    probes: {},
    discovered: { infrastructure, allowances, providers, features },
    ...changes,
  };
}

const inNetwork = (found: ClusterFacts): ClusterFacts => ({
  ...found,
  agentPoolProfiles: found.agentPoolProfiles.map((each) => ({ ...each, vnetSubnetId: ownSubnet })),
});

function accepted<T>(parsed: ReturnType<typeof parse<T>>): T {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const isolate = (facts: ExistingClusterFacts, input: Partial<IsolateClusterInput> = {}) =>
  planIsolateCluster(
    accepted(parse(isolateClusterInput, { cluster, registry: { mode: 'managed' }, ...input })),
    facts,
    'run',
  );
const change = (facts: ExistingClusterFacts, input: Partial<ChangeRegistryInput> = {}) =>
  planChangeRegistry(
    accepted(parse(changeRegistryInput, { cluster, registry: { mode: 'bringYourOwn', name: 'other' }, ...input })),
    facts,
    'run',
  );
const disable = (facts: ExistingClusterFacts, input: Partial<DisableIsolationInput> = {}) =>
  planDisableIsolation(accepted(parse(disableIsolationInput, { cluster, ...input })), facts);
const reimage = (facts: ExistingClusterFacts, input: Partial<ReimageNodePoolsInput> = {}) =>
  planReimageNodePools(accepted(parse(reimageNodePoolsInput, { cluster, ...input })), facts);

const acting = (plan: { steps: readonly { id: string; action: string }[] }): string[] =>
  plan.steps.filter(({ action }) => action !== 'none').map(({ id }) => id);
const problems = (plan: { problems: readonly { problem: string }[] }): string =>
  plan.problems.map(({ problem }) => problem).join('\n');
const needsOf = (plan: { steps: readonly { id: string; needs: readonly string[] }[] }, id: string) =>
  plan.steps.find((step) => step.id === id)?.needs;

describe('isolateCluster', () => {
  it('changes the artifact source, reimages, has nodes prove it, and only then cuts egress', () => {
    const plan = isolate(seen(ordinary()));
    expect(plan.problems).toEqual([]);
    expect(acting(plan)).toEqual(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe', 'outboundType']);
    expect(plan.bootstrap).toEqual({ artifactSource: 'Cache', containerRegistryId: null });
    expect(needsOf(plan, 'reimage:work')).toEqual(['bootstrap']);
    expect(needsOf(plan, 'outboundType')).toEqual(
      expect.arrayContaining(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe']),
    );
  });

  it('does as the guide says under profile preview: one update, then the nodes', () => {
    const plan = isolate(seen(ordinary()), { profile: 'preview' });
    expect(plan.bootstrap).toEqual({ artifactSource: 'Cache', containerRegistryId: null, outboundType: 'none' });
    expect(acting(plan).slice(-4)).toEqual(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe']);
    expect(plan.differences.map(({ id }) => id)).toContain('P4');
  });

  it('prepares a registry of one’s own in the network that the cluster is in, for the identity that it has', () => {
    const { infrastructure, ...discovered } = seen(undefined).discovered ?? nothingThere;
    const facts = seen(ordinary(), {
      discovered: {
        ...discovered,
        infrastructure: {
          ...infrastructure,
          identities: { kubelet: { id: kubeletIdentityId, principalId: 'p', clientId: 'c', marks: {} } },
          virtualNetwork: {
            id: managedNetworkId,
            location: 'westeurope',
            provisioningState: 'Succeeded',
            marks: {},
            addressPrefixes: ['10.224.0.0/12'],
            subnets: [
              {
                id: `${managedNetworkId}/subnets/aks-subnet`,
                name: 'aks-subnet',
                provisioningState: 'Succeeded',
                addressPrefixes: ['10.224.0.0/16'],
                defaultOutboundAccess: null,
                privateEndpointNetworkPolicies: 'Disabled',
                delegations: [],
                addressesInUse: 10,
              },
            ],
          },
        },
      },
    });
    const plan = isolate(facts, { registry: { mode: 'bringYourOwn', name: 'mine1' } });
    expect(problems(plan)).toBe('');
    expect(actions(plan)).toMatchObject({
      virtualNetwork: 'none',
      'subnet:registrySubnet': 'none',
      'identity:kubelet': 'none',
      registry: 'create',
      cacheRule: 'create',
      privateEndpoint: 'create',
      zoneLink: 'create',
      'role:acrPull:mine1': 'create',
    });
    expect(plan.infrastructure.roles.map(({ role }) => role)).toEqual(['acrPull']);
    expect(plan.bootstrap).toMatchObject({ containerRegistryId: registryId('mine1') });
  });

  it('reimages what is behind where egress was cut in the wrong order, and changes nothing else', () => {
    const behind = { node: 's', image: 'i', pulled: false, bootstrapSource: 'Direct', message: '' };
    const plan = isolate(
      seen(isolated(), {
        imageSource: 'r.azurecr.io/aks-managed-repository',
        probes: {
          system: { seen: { ...behind, bootstrapSource: 'r.azurecr.io/aks-managed-repository' } },
          work: { seen: behind },
        },
      }),
    );
    expect(acting(plan)).toEqual(['reimage:work', 'pullProbe']);
  });

  it('does nothing where everything is as wanted', () => {
    const source = 'r.azurecr.io/aks-managed-repository';
    const current = { seen: { node: 'n', image: 'i', pulled: true, bootstrapSource: source, message: '' } };
    const plan = isolate(seen(isolated(), { imageSource: source, probes: { system: current, work: current } }));
    expect(acting(plan)).toEqual([]);
  });

  it('waits for the approvals that are asked for', () => {
    const plan = isolate(seen(ordinary()), { approvals: ['reimage', 'cutEgress'] });
    expect(acting(plan)).toEqual([
      'bootstrap',
      'approve:reimage',
      'reimage:work',
      'reimage:system',
      'pullProbe',
      'approve:cutEgress',
      'outboundType',
    ]);
    expect(needsOf(plan, 'reimage:work')).toEqual(['bootstrap', 'approve:reimage']);
    expect(needsOf(plan, 'outboundType')).toContain('approve:cutEgress');
  });

  it('says which step cannot be taken back', () => {
    const plan = isolate(seen(ordinary({ outboundType: 'managedNATGateway' })), {
      profile: 'preview',
      outboundType: 'block',
    });
    expect(plan.steps.find(({ id }) => id === 'bootstrap')?.forwardOnly).toBeUndefined();
    const own = isolate(seen(inNetwork(ordinary({ outboundType: 'userDefinedRouting' }))));
    expect(own.steps.find(({ id }) => id === 'outboundType')?.forwardOnly).toBeUndefined();
  });

  it.each<[string, ExistingClusterFacts, RegExp]>([
    ['unknown', seen(undefined), /does not exist/],
    ['stopped', seen(ordinary({ powerState: 'Stopped' })), /is stopped/],
    ['of an old version', seen(ordinary({ currentKubernetesVersion: '1.29.9' })), /older than 1.30/],
    [
      'with a service principal',
      seen(ordinary({ identity: { type: 'None', userAssignedIdentities: [] } })),
      /service principal/,
    ],
    ['with kubenet', seen(ordinary({ networkPlugin: 'kubenet' })), /kubenet/],
    ['with an unmanaged channel', seen(ordinary({ nodeOSUpgradeChannel: 'Unmanaged' })), /Unmanaged/],
    [
      'with Windows nodes',
      seen(ordinary({ agentPoolProfiles: [systemPool, pool('win', { osType: 'Windows' })] })),
      /Windows/,
    ],
    [
      'with node addresses',
      seen(ordinary({ agentPoolProfiles: [systemPool, pool('work', { enableNodePublicIP: true })] })),
      /public IP/,
    ],
    [
      'with a stopped pool',
      seen(ordinary({ agentPoolProfiles: [systemPool, pool('work', { powerState: 'Stopped' })] })),
      /pool is stopped/,
    ],
    [
      'with a budget that allows nothing',
      seen(ordinary(), {
        kubernetes: {
          seen: {
            nodes: [],
            disruptionBudgets: [{ namespace: 'shop', name: 'cart', disruptionsAllowed: 0, expectedPods: 2 }],
          },
        },
      }),
      /shop\/cart allows no disruption/,
    ],
    [
      'without run-command',
      seen(ordinary(), { kubernetes: { unseen: { because: 'notAllowed', message: 'disabled' } } }),
      /run-command is not allowed/,
    ],
  ])('refuses a cluster %s before it changes anything', (_case, facts, expected) => {
    expect(problems(isolate(facts))).toMatch(expected);
  });

  it('goes on without run-command, or with such a budget, if told so', () => {
    const facts = seen(ordinary(), { kubernetes: { unseen: { because: 'notAllowed', message: 'disabled' } } });
    expect(problems(isolate(facts, { probes: 'ifAllowed' }))).toBe('');
  });

  it('names every pool of the input that the cluster has not', () => {
    const plan = isolate(seen(ordinary()), { reimage: { canaryPool: 'nope', order: ['work', 'gone'] } });
    expect(plan.problems.map(({ where }) => where)).toEqual(['reimage.order[1]', 'reimage.canaryPool']);
  });

  it('refuses a registry of another tenant', () => {
    const other = '22222222-2222-2222-2222-222222222222';
    const containerRegistryId = registryId('theirs').replace(cluster.subscriptionId, other);
    const facts = seen(ordinary(), { tenants: { [cluster.subscriptionId]: 'ours', [other]: 'theirs' } });
    expect(problems(isolate(facts, { registry: { mode: 'bringYourOwn', containerRegistryId } }))).toMatch(
      /registry is in tenant theirs, the cluster in ours/,
    );
  });

  it('counts the surge nodes of the pools that are reimaged at the same time', () => {
    const tight = (used: number) => {
      const facts = seen(ordinary());
      const { discovered = nothingThere } = facts;
      const usages = { standardddsv5family: { used, limit: 350 }, cores: { used, limit: 350 } };
      return { ...facts, discovered: { ...discovered, allowances: { ...discovered.allowances, usages } } };
    };
    // One node of 4 vCPUs for each of two pools.
    expect(problems(isolate(tight(346)))).toBe('');
    expect(problems(isolate(tight(347)))).toMatch(/4 vCPUs are needed for surge nodes/);
    expect(problems(isolate(tight(346), { reimage: { maxParallelPools: 2 } }))).toMatch(/8 vCPUs/);
  });
});

describe('the order of pools', () => {
  const pools = [systemPool, pool('a'), pool('b'), pool('c')];
  const order = (input: ReimageNodePoolsInput['reimage']) =>
    reimage(seen(ordinary({ agentPoolProfiles: pools })), input ? { reimage: input } : {}).reimages.map(
      ({ name }) => name,
    );

  it.each([
    ['system pools last', {}, ['a', 'b', 'c', 'system']],
    ['named ones first', { order: ['c', 'system'] }, ['c', 'system', 'a', 'b']],
    ['the canary before all', { canaryPool: 'b' }, ['b', 'a', 'c', 'system']],
    ['as they are', { systemPoolsLast: false }, ['system', 'a', 'b', 'c']],
  ])('has %s', (_case, input, expected) => {
    expect(order(input)).toEqual(expected);
  });

  it('lets every other pool wait for the canary', () => {
    const plan = reimage(seen(ordinary({ agentPoolProfiles: pools })), {
      reimage: { canaryPool: 'b', maxParallelPools: 8 },
    });
    expect(needsOf(plan, 'reimage:b')).toEqual([]);
    expect(needsOf(plan, 'reimage:system')).toEqual(['reimage:b']);
  });

  it('skips pools of mode Machines and says so', () => {
    const plan = reimage(seen(ordinary({ agentPoolProfiles: [systemPool, pool('vm', { mode: 'Machines' })] })));
    expect(plan.reimages.map(({ name }) => name)).toEqual(['system']);
    expect(plan.steps.find(({ id }) => id === 'reimage:vm')).toMatchObject({
      action: 'none',
      reason: expect.stringContaining('mode Machines'),
    });
  });

  it('takes the pools that are named', () => {
    const plan = reimage(seen(ordinary({ agentPoolProfiles: pools })), { agentPools: ['c'] });
    expect(plan.reimages.map(({ name }) => name)).toEqual(['c']);
  });
});

describe('changeRegistry', () => {
  it('is not for a cluster without a registry', () => {
    expect(problems(change(seen(ordinary()), { registry: { mode: 'managed' } }))).toMatch(/Microsoft directly/);
  });

  it('goes from one’s own registry to one that AKS manages', () => {
    const plan = change(seen(isolated({ containerRegistryId: registryId('mine') })), { registry: { mode: 'managed' } });
    expect(plan.bootstrap).toEqual({ artifactSource: 'Cache', containerRegistryId: null });
    expect(acting(plan)).toEqual(['bootstrap', 'reimage:work', 'reimage:system', 'pullProbe']);
  });

  it('deletes the old registry only if this product made it, and last', () => {
    const found = isolated({ containerRegistryId: registryId('mine') });
    const endpoint = `${group}/rg/providers/Microsoft.Network/privateEndpoints/myPrivateEndpoint`;
    const old = { id: registryId('mine'), endpoints: [{ id: endpoint }], owned: [registryId('mine'), endpoint] };
    const plan = change(seen(found, { old }), { registry: { mode: 'managed' }, oldRegistry: 'delete' });
    expect(acting(plan).slice(-2)).toEqual(['old:privateEndpoint:myPrivateEndpoint', 'old:registry:mine']);
    expect(needsOf(plan, 'old:registry:mine')).toEqual(
      expect.arrayContaining(['pullProbe', 'old:privateEndpoint:myPrivateEndpoint']),
    );
    const foreign = change(seen(found, { old: { ...old, owned: [] } }), {
      registry: { mode: 'managed' },
      oldRegistry: 'delete',
    });
    expect(problems(foreign)).toMatch(/was not made by this product/);
  });
});

describe('disableIsolation', () => {
  it('changes both in one update, and reimages', () => {
    const plan = disable(seen(isolated()));
    expect(plan.bootstrap).toEqual({ artifactSource: 'Direct', outboundType: 'loadBalancer' });
    expect(acting(plan)).toEqual(['outboundType', 'bootstrap', 'reimage:work', 'reimage:system']);
  });

  it.each([
    ['userDefinedRouting', isolated(), /does not change none to userDefinedRouting in a network that AKS manages/],
    ['managedNATGateway', inNetwork(isolated()), /does not change none to managedNATGateway in one's own network/],
  ] as const)('refuses %s where the network does not allow it', (outboundType, found, expected) => {
    expect(problems(disable(seen(found), { outboundType }))).toMatch(expected);
  });
});
