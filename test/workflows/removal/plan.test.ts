import { describe, expect, it } from '@jest/globals';
import { clusterParts, deleteClusterInput, parse, type StepKind } from '../../../contract/index.ts';
import type { DeletionFacts } from '../../../resources/discovery.ts';
import { type DeleteClusterPlan, deletionRequest, planDeleteCluster } from '../../../workflows/removal/plan.ts';
import { dataRecord, derivedRegistry, ids } from '../infrastructure/support.ts';
import { clusterThere, expectSoundGraph, group, madeEarlier, stepOf, subscription } from '../support.ts';

const cluster = { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'rg', name: 'cluster' };
const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/cluster`;
const nodeGroup = `${subscription}/resourceGroups/MC_rg_cluster_westeurope`;
const elsewhere = (type: string, name: string) => `${subscription}/resourceGroups/other/providers/${type}/${name}`;
const records = [`${ids.zone}/A/${derivedRegistry}`, `${ids.zone}/A/${dataRecord}`];
const identityIds = [ids.controlPlane, ids.kubelet];
const everything = [ids.vnet, ids.registry, ids.endpoint, ids.zone, ids.link, ...records, ...identityIds];
const identity = (id: string) => ({ id, principalId: `principal of ${id.split('/').at(-1)}`, clientId: '', marks: {} });
const madeForIt = { location: 'westeurope', provisioningState: 'Succeeded', tags: madeEarlier };
const somebodys = { ...madeForIt, tags: {} };

/** A cluster for which createCluster has made everything. */
const everythingMade: DeletionFacts = {
  subscription: { state: 'Enabled', tenantId: 'tenant' },
  cluster: clusterThere(),
  resourceGroup: madeForIt,
  content: [clusterId, ids.vnet, ids.registry, ids.endpoint, ids.zone, ids.link, ...identityIds],
  owned: everything,
  shared: [],
  used: [ids.vnet, ids.registry, ids.endpoint, ids.zone, ...identityIds],
  identities: identityIds.map(identity),
  access: { permissions: { [subscription]: [{ actions: ['*'], notActions: [] }] }, locks: [] },
};
const { cluster: _cluster, ...clusterGone } = everythingMade;

function inputOf(changes: Record<string, unknown>) {
  const parsed = parse(deleteClusterInput, { cluster, ...changes });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}
const planDeletion = (alsoDelete: readonly string[] = [], seen: DeletionFacts = everythingMade): DeleteClusterPlan =>
  planDeleteCluster(inputOf({ alsoDelete }), seen);
const deleted = ({ steps }: DeleteClusterPlan): string[] =>
  steps.filter(({ action }) => action === 'delete').map(({ id }) => id);
const reasons = ({ steps }: DeleteClusterPlan): Record<string, string> =>
  Object.fromEntries(steps.flatMap(({ id, action, reason }) => (action === 'none' ? [[id, reason]] : [])));

describe('the plan of deleteCluster', () => {
  it('leaves a zone that somebody else uses as well, and takes its own records and link out of it', () => {
    const plan = planDeletion(['privateDnsZone'], { ...everythingMade, shared: [ids.zone] });
    expect(reasons(plan)['privateDnsZone:privatelink.azurecr.io']).toBe('stays: somebody else uses it as well');
    expect(deleted(plan)).toEqual([
      'cluster',
      `record:${derivedRegistry}`,
      `record:${dataRecord}`,
      'zoneLink:MyDNSLink',
    ]);
  });

  it.each([
    ['the input asks', { approvals: ['delete'] }, {}, 'asked for'],
    ["the worker's policy wants it", {}, { required: ['delete'] }, 'the policy of the worker wants it'],
  ])('waits at a gate before everything where %s', (_why, asked, policy, reason) => {
    const access = { ...everythingMade.access, policy: { approvals: { starterMayApprove: true, ...policy } } };
    for (const seen of [everythingMade, clusterGone]) {
      const plan = planDeleteCluster(inputOf({ ...asked, alsoDelete: [...clusterParts] }), { ...seen, access });
      expect(stepOf(plan, 'approve:delete')).toMatchObject({ action: 'check', needs: [], reason });
      for (const { action, needs } of plan.steps.slice(1))
        if (action !== 'none') expect(needs).toContain('approve:delete');
      expectSoundGraph(plan);
    }
  });

  it('is the cluster alone, and says of everything else why it stays', () => {
    const plan = planDeletion();
    expect(plan.problems).toEqual([]);
    expect(stepOf(plan, 'cluster')).toMatchObject({ action: 'delete', reason: 'found, Succeeded', needs: [] });
    const stays = (part: string) => `stays: add ${part} to alsoDelete if it is to go`;
    expect(reasons(plan)).toEqual({
      'virtualNetwork:cluster-vnet': stays('virtualNetwork'),
      [`registry:${derivedRegistry}`]: stays('registry'),
      'privateEndpoint:myPrivateEndpoint': stays('privateEndpoint'),
      'privateDnsZone:privatelink.azurecr.io': stays('privateDnsZone'),
      'zoneLink:MyDNSLink': stays('privateDnsZone'),
      [`record:${derivedRegistry}`]: stays('privateDnsZone'),
      [`record:${dataRecord}`]: stays('privateDnsZone'),
      'identity:cluster-identity': stays('identities'),
      'identity:cluster-kubelet': stays('identities'),
      resourceGroup: stays('resourceGroup'),
    });
    expect(plan.gone).toEqual([clusterId, nodeGroup]);
  });

  it('is everything that was made for it, each after what uses it', () => {
    const plan = planDeletion(clusterParts);
    expect(plan.problems).toEqual([]);
    const needs = Object.fromEntries(plan.steps.map((step) => [step.id, step.needs]));
    const others: StepKind[] = ['cluster', 'roles', 'resourceGroup'];
    const parts = plan.steps.filter(({ kind }) => !others.includes(kind)).map(({ id }) => id);
    expect(needs).toEqual({
      cluster: [],
      'roles:cluster-identity': ['cluster'],
      'roles:cluster-kubelet': ['cluster'],
      'privateEndpoint:myPrivateEndpoint': ['cluster'],
      'zoneLink:MyDNSLink': ['cluster'],
      [`record:${derivedRegistry}`]: ['cluster'],
      [`record:${dataRecord}`]: ['cluster'],
      'virtualNetwork:cluster-vnet': ['cluster', 'privateEndpoint:myPrivateEndpoint', 'zoneLink:MyDNSLink'],
      [`registry:${derivedRegistry}`]: ['cluster', 'privateEndpoint:myPrivateEndpoint'],
      'privateDnsZone:privatelink.azurecr.io': [
        'cluster',
        `record:${derivedRegistry}`,
        `record:${dataRecord}`,
        'zoneLink:MyDNSLink',
      ],
      'identity:cluster-identity': ['cluster', 'roles:cluster-identity'],
      'identity:cluster-kubelet': ['cluster', 'roles:cluster-kubelet'],
      resourceGroup: ['cluster', ...parts],
    });
    expect(deleted(plan)).toEqual(plan.steps.map(({ id }) => id));
    expect(plan.steps.filter(({ forwardOnly }) => !forwardOnly?.includes('cannot be brought back'))).toEqual([]);
    expect([...plan.gone].sort()).toEqual([clusterId, nodeGroup, group, ...everything].sort());
    expect(plan.roles).toEqual([
      {
        step: 'roles:cluster-identity',
        identityId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/cluster-identity`,
        principalId: 'principal of cluster-identity',
        subscriptionIds: [cluster.subscriptionId],
      },
      {
        step: 'roles:cluster-kubelet',
        identityId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/cluster-kubelet`,
        principalId: 'principal of cluster-kubelet',
        subscriptionIds: [cluster.subscriptionId],
      },
    ]);
  });

  it.each<[part: string, steps: string[]]>([
    ['privateEndpoint', ['privateEndpoint:myPrivateEndpoint']],
    [
      'privateDnsZone',
      [
        `record:${derivedRegistry}`,
        `record:${dataRecord}`,
        'zoneLink:MyDNSLink',
        'privateDnsZone:privatelink.azurecr.io',
      ],
    ],
    ['registry', [`registry:${derivedRegistry}`]],
    [
      'identities',
      ['roles:cluster-identity', 'roles:cluster-kubelet', 'identity:cluster-identity', 'identity:cluster-kubelet'],
    ],
  ])('is, with %s, that beside the cluster', (part, steps) => {
    expect(deleted(planDeletion([part]))).toEqual(['cluster', ...steps]);
  });

  it('leaves what was not made for the cluster, whatever is asked for', () => {
    const foreign = [elsewhere('Microsoft.ContainerRegistry/registries', 'shared'), ids.zone, ids.kubelet];
    const owned = [ids.vnet, ids.endpoint, ids.link, ...records, ids.controlPlane];
    const plan = planDeletion(clusterParts, {
      ...everythingMade,
      resourceGroup: somebodys,
      owned,
      used: [...owned, ...foreign.map((id) => id.replace('resourceGroups', 'resourcegroups'))],
    });
    expect(plan.problems).toEqual([]);
    const stays = 'stays: it was not made for this cluster';
    expect(reasons(plan)).toEqual({
      'registry:shared': stays,
      'privateDnsZone:privatelink.azurecr.io': stays,
      'identity:cluster-kubelet': stays,
      resourceGroup: stays,
    });
    expect([...plan.gone].sort()).toEqual([clusterId, nodeGroup, ...owned].sort());
    // Roles that were assigned for the cluster go, though the identity stays.
    expect(plan.roles.map(({ step }) => step)).toEqual(['roles:cluster-identity', 'roles:cluster-kubelet']);
  });

  it('knows namesakes apart, such as the endpoints of two clusters that share a registry', () => {
    const theirs = elsewhere('Microsoft.Network/privateEndpoints', 'myPrivateEndpoint');
    const namesake = elsewhere('Microsoft.ManagedIdentity/userAssignedIdentities', 'cluster-kubelet');
    const plan = planDeletion(['privateEndpoint', 'identities'], {
      ...everythingMade,
      used: [...everythingMade.used, theirs, namesake],
      identities: [...everythingMade.identities, identity(namesake)],
    });
    expect(new Set(plan.steps.map(({ id }) => id)).size).toBe(plan.steps.length);
    expect(plan.steps.find(({ resourceId }) => resourceId === theirs)).toMatchObject({ action: 'none' });
    expect(plan.steps.find(({ resourceId }) => resourceId === ids.endpoint)).toMatchObject({ action: 'delete' });
    const planned = new Set(plan.steps.map(({ id }) => id));
    expect(plan.steps.flatMap(({ needs }) => needs).filter((need) => !planned.has(need))).toEqual([]);
    expect(plan.roles).toHaveLength(3);
  });

  it('takes roles away in every subscription in which something of the cluster is', () => {
    const other = '22222222-2222-2222-2222-222222222222';
    const used = [ids.zone.replace(cluster.subscriptionId, other)];
    const [roles] = planDeletion(['identities'], { ...everythingMade, used }).roles;
    expect(roles?.subscriptionIds).toEqual([cluster.subscriptionId, other]);
  });

  it('leaves what nobody can tell the users of, and says first what could not be read', () => {
    const roles = { at: ids.registry, what: 'roles on it', why: 'AuthorizationFailed' };
    const locks = { at: subscription, what: 'locks', why: 'AuthorizationFailed' };
    const plan = planDeletion(clusterParts, {
      ...everythingMade,
      users: { [ids.registry]: { users: [], unchecked: [], unread: [roles] } },
      access: { ...everythingMade.access, unread: [locks] },
    });
    expect(reasons(plan)[`registry:${derivedRegistry}`]).toMatch(
      /^stays: nobody can tell who uses it, for roles on it/,
    );
    expect(plan.unread).toEqual([`locks could not be read: ${subscription} (AuthorizationFailed)`]);
    expect(planDeletion().unread).toBeUndefined();
  });

  it('says that there is nothing to delete where nothing is there, as with a mistyped name', () => {
    const { cluster: _gone, resourceGroup: _group, ...nothing } = everythingMade;
    const plan = planDeletion(clusterParts, { ...nothing, content: [], owned: [], used: [], identities: [] });
    expect(plan.problems).toMatchObject([
      { where: clusterId, problem: expect.stringMatching(/^there is nothing to delete: no such/) },
    ]);
    expect(reasons(plan)).toEqual({ cluster: 'absent', resourceGroup: 'absent' });
  });

  it('says that there is nothing to delete where all that is left is to stay', () => {
    const plan = planDeletion([], { ...clusterGone, used: [] });
    expect(plan.problems).toMatchObject([{ problem: expect.stringMatching(/nothing to delete.* is to stay/) }]);
  });

  it('takes what a failed run left, though there is no cluster', () => {
    const plan = planDeletion(clusterParts, { ...clusterGone, used: [] });
    expect(deleted(plan)).toEqual(plan.steps.map(({ id }) => id).filter((id) => id !== 'cluster'));
    expect(reasons(plan)).toEqual({ cluster: 'absent' });
  });

  it.each(['Failed', 'Updating', 'Creating', 'Deleting'])('deletes a cluster in state %s', (provisioningState) => {
    const plan = planDeletion([], { ...everythingMade, cluster: clusterThere({ provisioningState }) });
    expect(plan.problems).toEqual([]);
    expect(stepOf(plan, 'cluster')).toMatchObject({ action: 'delete', reason: `found, ${provisioningState}` });
  });

  it('asks discovery for what carries the marks of any run on the cluster', () => {
    const marks = { 'aks-isolation-workflow': madeEarlier['aks-isolation-workflow'] };
    expect(deletionRequest(inputOf({}))).toEqual({ cluster, marks });
    expect(deletionRequest(inputOf({ privateDnsZoneId: ids.zone }))).toMatchObject({ privateDnsZoneId: ids.zone });
  });
});

describe('the steps of deleteCluster', () => {
  // Azure lists resources in any order, and a step can be declared only after those that it needs.
  it.each([
    ['as they come', everything],
    ['the other way round', [...everything].reverse()],
  ])('each come after those that they need, of resources %s', (_what, owned) => {
    expectSoundGraph(planDeletion(clusterParts, { ...everythingMade, owned }));
  });
});

describe('deleteCluster is stopped before it deletes anything', () => {
  it('by a subscription that is missing, which is all that can be said then', () => {
    const { subscription: _unseen, ...unseen } = everythingMade;
    const { problems } = planDeletion(clusterParts, unseen);
    expect(problems.map(({ where }) => where)).toEqual([subscription]);
  });

  const foreign = `${group}/providers/Microsoft.Storage/storageAccounts/theirs`;
  it.each<[what: string, holds: string | undefined, alsoDelete: readonly string[], seen: Partial<DeletionFacts>]>([
    ['something else in the group', foreign, clusterParts, { content: [...everythingMade.content, foreign] }],
    ['a part in the group that stays', ids.registry, clusterParts.filter((part) => part !== 'registry'), {}],
    ['something else in a group that stays', undefined, clusterParts.slice(0, -1), { content: [foreign] }],
    ['something else in a group of others', undefined, clusterParts, { content: [foreign], resourceGroup: somebodys }],
    [
      'what goes with something',
      undefined,
      clusterParts,
      {
        content: [
          ...everythingMade.content.map((id) => id.toUpperCase()),
          `${ids.zone}/virtualNetworkLinks/theirs`,
          `${group}/providers/Microsoft.Network/networkInterfaces/myPrivateEndpoint.nic.1`,
        ],
      },
    ],
  ])('by %s: %s', (_what, holds, alsoDelete, changes) => {
    const { problems } = planDeletion(alsoDelete, { ...everythingMade, ...changes });
    const problem = `the resource group holds what would stay: ${holds}`;
    expect(problems).toEqual(holds ? [{ where: 'alsoDelete', problem, whatToDo: expect.any(String) }] : []);
  });

  it('by a network that is to go without the endpoint in it', () => {
    expect(planDeletion(['virtualNetwork', 'privateEndpoint']).problems).toEqual([]);
    expect(planDeletion(['virtualNetwork']).problems).toEqual([
      {
        where: 'alsoDelete',
        problem: `the virtual network cannot go while an endpoint in it stays: ${ids.endpoint}`,
        whatToDo: 'Add privateEndpoint, or leave virtualNetwork out.',
      },
    ]);
    // One of others, to the same registry, may be in another network.
    const owned = everythingMade.owned.filter((id) => id !== ids.endpoint);
    expect(planDeletion(['virtualNetwork'], { ...everythingMade, owned }).problems).toEqual([]);
  });

  it('by a zone that is to go and cannot be found: it is in another subscription', () => {
    const notFound = (ids: string[]) => ids.filter((id) => !id.includes('privateDnsZones'));
    const seen = { ...everythingMade, owned: notFound(everythingMade.owned), used: notFound(everythingMade.used) };
    expect(planDeletion(['privateDnsZone'], seen).problems).toMatchObject([{ where: 'privateDnsZoneId' }]);
    expect(planDeletion(['registry'], seen).problems).toEqual([]);
    expect(planDeletion(['privateDnsZone'], { ...clusterGone, owned: [], used: [] }).problems).toMatchObject([
      { problem: expect.stringContaining('nothing to delete') },
    ]);
  });

  it('by permissions that are missing', () => {
    const access = {
      ...everythingMade.access,
      permissions: { [subscription]: [{ actions: ['*/read'], notActions: [] }] },
    };
    const { problems } = planDeletion(clusterParts, { ...everythingMade, access });
    expect(problems.map(({ where }) => where)).toEqual([subscription]);
    expect(problems[0]?.problem.split(' may not ')[1]?.split(', ').sort()).toEqual([
      'Microsoft.ContainerRegistry/registries/delete',
      'Microsoft.ContainerService/managedClusters/delete',
      'Microsoft.ManagedIdentity/userAssignedIdentities/delete',
      'Microsoft.Network/privateDnsZones/A/delete',
      'Microsoft.Network/privateDnsZones/delete',
      'Microsoft.Network/privateDnsZones/virtualNetworkLinks/delete',
      'Microsoft.Network/privateEndpoints/delete',
      'Microsoft.Network/virtualNetworks/delete',
      'Microsoft.Resources/subscriptions/resourceGroups/delete',
    ]);
    expect(planDeletion([], { ...everythingMade, access }).problems[0]?.problem).toMatch(
      /may not Microsoft.*managedClusters\/delete$/,
    );
  });

  it.each<[scope: string, alsoDelete: string[], held: RegExp | undefined]>([
    [clusterId, [], /Cluster cluster/],
    [group, [], /Cluster cluster/],
    [ids.registry, ['registry'], /\(Registry clusterrg11111111\)/],
    [ids.cacheRule, ['registry'], /\(Registry clusterrg11111111\)/],
    [ids.registry, [], undefined],
    [elsewhere('Microsoft.Storage/storageAccounts', 'theirs'), ['identities'], undefined],
    [subscription, ['identities'], /Cluster cluster.*Roles of cluster-identity.*Identity cluster-kubelet/],
  ])('by a lock on %s when alsoDelete is %p: %p', (scope, alsoDelete, held) => {
    const id = `${scope}/providers/Microsoft.Authorization/locks/keep`;
    const { problems } = planDeletion(alsoDelete, {
      ...everythingMade,
      access: { ...everythingMade.access, locks: [{ id, level: 'CanNotDelete' }] },
    });
    expect(problems).toEqual(
      held ? [{ where: id, problem: expect.stringMatching(held), whatToDo: 'Remove the lock for the run.' }] : [],
    );
  });
});
