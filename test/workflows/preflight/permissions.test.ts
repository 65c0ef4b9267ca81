import { describe, expect, it } from '@jest/globals';
import type { Action, PlannedStep, StepKind } from '../../../contract/index.ts';
import type { AccessFacts, Permission } from '../../../resources/allowances.ts';
import { lockProblems, permissionProblems } from '../../../workflows/preflight/permissions.ts';
import { ordinary, planIsolate, seen } from '../existingCluster/support.ts';
import { ids, planOwnRegistry, there, thereWithout } from '../infrastructure/support.ts';
import { group, nothingThere, planCreate, problemTexts, subscription } from '../support.ts';

const action = 'Microsoft.Network/virtualNetworks/subnets/join/action';
type Permissions = AccessFacts['permissions'];
const may = (...actions: string[]): Permission => ({ actions, notActions: [] });
const mayNot = (...notActions: string[]): Permission => ({ actions: ['*'], notActions });

describe('an action', () => {
  const allowed = (...permissions: Permission[]) =>
    permissionProblems([{ resourceId: ids.nodeSubnet, action }], { permissions: { [subscription]: permissions } })
      .length === 0;

  it.each<[expected: boolean, what: string, permissions: Permission[]]>([
    [true, 'everything is', [may('*')]],
    [true, 'it is', [may(action)]],
    [true, 'it is, in another case', [may(action.toUpperCase())]],
    [true, 'everything of its provider is', [may('Microsoft.Network/*')]],
    [true, 'every join is', [may('Microsoft.Network/*/join/action')]],
    [true, 'every action is', [may('*/action')]],
    [true, 'one of two roles has it', [may('*/read'), may('*/join/action')]],
    [true, 'one role excludes it and another has it', [mayNot(action), may(action)]],
    [true, 'something else is excluded', [mayNot('Microsoft.Authorization/*/Write')]],
    [false, 'nothing is', []],
    [false, 'a role without actions is held', [may()]],
    [false, 'reading is', [may('*/read')]],
    [false, 'another provider is', [may('Microsoft.NetworkFunction/*')]],
    [false, 'the same with more before it is', [may(`x${action}`)]],
    [false, 'only its beginning is', [may('Microsoft.Network/virtualNetworks/subnets/join')]],
    [false, 'a dot stands for any character', [may(action.replace('.', 'x'))]],
    [false, 'it is excluded', [mayNot(action)]],
    [false, 'all of its kind are excluded', [mayNot('Microsoft.Network/*/join/*')]],
    [false, 'it is excluded in another case', [mayNot(action.toLowerCase())]],
  ])('is allowed is %p where %s', (expected, _what, permissions) => {
    expect(allowed(...permissions)).toBe(expected);
  });
});

describe('the permissions of a resource', () => {
  const where = (permissions: Permissions, resourceId = ids.nodeSubnet) =>
    permissionProblems([{ resourceId, action }], { permissions }).map((problem) => problem.where);
  const nothing = may();

  it('are those at the nearest scope that is there', () => {
    const at = (...scopes: string[]): Permissions =>
      Object.fromEntries(scopes.map((scope) => [scope.toLowerCase(), [nothing]]));
    expect(where(at(subscription))).toEqual([subscription]);
    expect(where(at(subscription, group))).toEqual([group]);
    expect(where(at(subscription, group, ids.vnet))).toEqual([ids.vnet]);
    expect(where(at(subscription, group, ids.vnet, ids.nodeSubnet))).toEqual([ids.nodeSubnet]);
  });

  it('may be more than those above', () => {
    expect(where({ [subscription]: [nothing], [ids.vnet.toLowerCase()]: [may(action)] })).toEqual([]);
    expect(where({ [subscription]: [may('*')], [ids.vnet.toLowerCase()]: [nothing] })).toEqual([ids.vnet]);
  });

  it('are found whatever the case of the ID, and named as it was given', () => {
    expect(where({ [group.toLowerCase()]: [nothing] }, ids.nodeSubnet.toUpperCase())).toEqual([group.toUpperCase()]);
  });

  it('of a neighbour whose name begins alike are not its own', () => {
    expect(where({ [`${group}-2`.toLowerCase()]: [nothing], [subscription]: [may('*')] })).toEqual([]);
  });

  it('are no problem where nothing is known of them', () => {
    expect(where({})).toEqual([]);
  });

  it('are missed together, each once', () => {
    const actions = ['a/write', 'a/delete', 'a/write'];
    const required = actions.map((each) => ({ resourceId: ids.vnet, action: each }));
    expect(permissionProblems(required, { permissions: { [subscription]: [nothing] } })).toEqual([
      {
        where: subscription,
        problem: "the worker's identity may not a/write, a/delete",
        whatToDo: expect.stringMatching(/role/),
      },
    ]);
  });
});

/** The actions that an identity misses which may only read, by scope. */
const missed = (plan: ReturnType<typeof planCreate>): Record<string, string[]> =>
  Object.fromEntries(
    plan.problems.map(({ where, problem }) => [where, problem.split(' may not ')[1]?.split(', ') ?? []]),
  );
const reading = { ...nothingThere.allowances, permissions: { [subscription]: [may('*/read')] } };

describe('createCluster needs permission', () => {
  it('to write and take back everything that it creates, and to use it', () => {
    expect(missed(planOwnRegistry({}, {}, { allowances: reading }))[subscription]?.sort()).toEqual(
      [
        'Microsoft.Authorization/roleAssignments',
        'Microsoft.ContainerRegistry/registries',
        'Microsoft.ContainerRegistry/registries/cacheRules',
        'Microsoft.ContainerService/managedClusters',
        'Microsoft.ManagedIdentity/userAssignedIdentities',
        'Microsoft.Network/privateDnsZones',
        'Microsoft.Network/privateDnsZones/A',
        'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
        'Microsoft.Network/privateEndpoints',
        'Microsoft.Network/virtualNetworks',
        'Microsoft.Resources/subscriptions/resourceGroups',
      ]
        .flatMap((type) => [`${type}/write`, `${type}/delete`])
        .concat(
          'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action',
          'Microsoft.ContainerService/managedClusters/runCommand/action',
          'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
          'Microsoft.Network/virtualNetworks/join/action',
          'Microsoft.Network/virtualNetworks/subnets/join/action',
        )
        .sort(),
    );
  });

  it('to read what it writes, before anything is written', () => {
    const permissions = { [subscription]: [mayNot('*/cacheRules/read', '*/virtualNetworkLinks/read', '*/A/read')] };
    const plan = (more: Pick<AccessFacts, 'reads'>) =>
      missed(planOwnRegistry({}, {}, { allowances: { ...reading, permissions, ...more } }));
    expect(plan({ reads: true })).toEqual({
      [subscription]: [
        'Microsoft.ContainerRegistry/registries/cacheRules/read',
        'Microsoft.Network/privateDnsZones/virtualNetworkLinks/read',
      ],
    });
    // Version 0.1 did not look which reads are allowed.
    expect(plan({})).toEqual({});
  });

  it('to take back with onFailure hold as well: an operator may decide so', () => {
    const actions = missed(planOwnRegistry({}, { onFailure: 'hold' }, { allowances: reading }))[subscription] ?? [];
    expect(actions).toContain('Microsoft.ContainerService/managedClusters/delete');
  });

  it('to take nothing back with onFailure leave', () => {
    const actions = missed(planOwnRegistry({}, { onFailure: 'leave' }, { allowances: reading }))[subscription] ?? [];
    expect(actions.filter((each) => each.endsWith('/delete'))).toEqual([]);
    expect(actions).toContain('Microsoft.ContainerService/managedClusters/write');
  });

  it('for the cluster alone, and for what it uses, where the rest is there', () => {
    const seen = { ...there(), allowances: reading };
    expect(missed(planOwnRegistry({}, { onFailure: 'leave' }, seen))[subscription]).toEqual([
      'Microsoft.ContainerService/managedClusters/write',
      'Microsoft.Network/virtualNetworks/subnets/join/action',
      'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
      'Microsoft.ContainerService/managedClusters/runCommand/action',
    ]);
  });

  it('on what is in another scope than the rest', () => {
    const permissions = {
      [subscription]: [may('*')],
      [ids.registry.toLowerCase()]: [may('*/read')],
      [ids.kubelet.toLowerCase()]: [may('*/read')],
    };
    const seen = { ...thereWithout('privateEndpoint', 'privateDnsZone'), allowances: { ...reading, permissions } };
    expect(missed(planOwnRegistry({}, {}, seen))).toEqual({
      [ids.registry]: ['Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action'],
      [ids.kubelet]: ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'],
    });
  });

  it('to register what is not registered, at the subscription', () => {
    const providers = { ...nothingThere.providers, 'Microsoft.Network': 'NotRegistered' };
    const permissions = { [subscription]: [mayNot('*/register/action')] };
    const input = { profile: 'preview', kubernetesVersion: '1.34' };
    expect(missed(planCreate(input, { providers, allowances: { ...reading, permissions } }))).toEqual({
      [subscription]: [
        'Microsoft.Features/providers/features/register/action',
        'Microsoft.ContainerService/register/action',
        'Microsoft.ContainerRegistry/register/action',
        'Microsoft.Network/register/action',
      ],
    });
  });
});

const step = (act: Action, resourceId: string, kind: StepKind = 'registry'): PlannedStep => ({
  id: 'registry',
  kind,
  title: `${act} it`,
  action: act,
  reason: '',
  needs: [],
  resourceId,
});

describe('a lock', () => {
  const locked = (level: string, scope: string, planned: PlannedStep, rollsBack = false): string[] => {
    const id = `${scope}/providers/Microsoft.Authorization/locks/mine`;
    const problems = lockProblems([planned], { locks: [{ id, level }] }, rollsBack);
    expect(problems.filter(({ where }) => where !== id)).toEqual([]);
    return problems.map(({ problem }) => problem);
  };
  const above = [ids.registry, group, subscription];

  it.each(above)('ReadOnly on %s forbids every change of the registry', (scope) => {
    for (const act of ['create', 'update', 'delete'] as const) {
      expect(locked('ReadOnly', scope, step(act, ids.registry))).toEqual([
        `this lock forbids every change (${act} it)`,
      ]);
    }
    expect(locked('ReadOnly', scope, step('none', ids.registry))).toEqual([]);
  });

  it.each(above)('CanNotDelete on %s forbids to delete, and to take back', (scope) => {
    expect(locked('CanNotDelete', scope, step('delete', ids.registry))).toEqual([
      'this lock forbids to delete (delete it)',
    ]);
    expect(locked('CanNotDelete', scope, step('create', ids.registry), true)).toEqual([
      'this lock forbids to take back what a failed run created (create it)',
    ]);
    expect(locked('CanNotDelete', scope, step('create', ids.registry), false)).toEqual([]);
    expect(locked('CanNotDelete', scope, step('update', ids.registry), true)).toEqual([]);
    expect(locked('CanNotDelete', scope, step('none', ids.registry), true)).toEqual([]);
  });

  it.each(['ReadOnly', 'CanNotDelete'])('%s on what is within forbids to delete what is around it', (level) => {
    expect(locked(level, ids.cacheRule, step('delete', ids.registry))).toHaveLength(1);
    expect(locked(level, ids.registry, step('delete', group))).toHaveLength(1);
    expect(locked(level, ids.cacheRule, step('update', ids.registry))).toEqual([]);
    expect(locked(level, ids.cacheRule, step('create', ids.registry), true)).toEqual([]);
  });

  it.each(['ReadOnly', 'CanNotDelete'])('%s on something else does not matter', (level) => {
    for (const scope of [ids.vnet, `${ids.registry}2`, `${group}2`, subscription.replaceAll('1', '2')]) {
      expect(locked(level, scope, step('delete', ids.registry), true)).toEqual([]);
    }
  });

  it('compares without case', () => {
    expect(locked('ReadOnly', group.toUpperCase(), step('create', ids.registry))).toHaveLength(1);
  });

  it('lets providers and features be registered: they are the subscription’s', () => {
    for (const kind of ['provider', 'feature'] as const) {
      const registration = step('create', `${subscription}/providers/Microsoft.Network`, kind);
      expect(locked('ReadOnly', subscription, registration, true)).toEqual([]);
    }
  });

  it('covers the roles on what it protects', () => {
    const role = step('create', ids.registry, 'role');
    expect(locked('ReadOnly', ids.registry, role)).toHaveLength(1);
  });

  it('elsewhere in the subscription lets roles be taken away there', () => {
    const roles = step('delete', subscription, 'roles');
    expect(locked('CanNotDelete', `${subscription}/resourceGroups/other`, roles)).toEqual([]);
    expect(locked('CanNotDelete', subscription, roles)).toHaveLength(1);
  });

  it('that would hinder createCluster is named with all its steps, before anything is written', () => {
    const locks = [{ id: `${group}/providers/Microsoft.Authorization/locks/keep`, level: 'CanNotDelete' }];
    const seen = { ...thereWithout('privateDnsZone'), allowances: { ...nothingThere.allowances, locks } };
    const { problems } = planOwnRegistry({}, {}, seen);
    expect(problems).toEqual([
      {
        where: locks[0]?.id,
        problem: expect.stringMatching(
          /take back.*\(Private DNS zone.*, Link.*, Record.*, Record.*, Cluster cluster\)/,
        ),
        whatToDo: expect.stringContaining('onFailure'),
      },
    ]);
    expect(planOwnRegistry({}, { onFailure: 'leave' }, seen).problems).toEqual([]);
  });
});

describe('the node resource group', () => {
  const nodeGroup = `${subscription}/resourceGroups/MC_rg_cluster_westeurope`;
  const lockAt = (scope: string, level: string) => ({
    id: `${scope}/providers/Microsoft.Authorization/locks/l`,
    level,
  });
  const locked = (scope: string, level: string) => {
    const allowances = { ...nothingThere.allowances, locks: [lockAt(scope, level)] };
    const { infrastructure, providers, features } = nothingThere;
    return planIsolate(seen(ordinary(), { discovered: { infrastructure, allowances, providers, features } })).problems;
  };

  it.each([
    ['on it', nodeGroup],
    ['in it', `${nodeGroup}/providers/Microsoft.Network/loadBalancers/kubernetes`],
    ['above it', subscription],
  ])('keeps AKS from every step on the cluster while a lock is %s', (_where, scope) => {
    for (const level of ['CanNotDelete', 'ReadOnly']) {
      expect(locked(scope, level)).toEqual([
        expect.objectContaining({ where: expect.stringContaining(scope), problem: expect.stringMatching(/lock/) }),
      ]);
    }
  });

  it('is not touched by a lock elsewhere', () => {
    expect(locked(`${subscription}/resourceGroups/another`, 'ReadOnly')).toEqual([]);
  });

  it('that is locked down takes no endpoint and no link', () => {
    const own = { registry: { mode: 'bringYourOwn', name: 'other' } } as const;
    const problems = (restriction: string) =>
      problemTexts(planIsolate(seen(ordinary({ nodeGroupRestriction: restriction })), own)).filter((text) =>
        /lockdown/.test(text),
      );
    expect(problems('ReadOnly')).toEqual([expect.stringMatching(/restrictionLevel ReadOnly/)]);
    expect(problems('Unrestricted')).toEqual([]);
    expect(problemTexts(planIsolate(seen(ordinary({ nodeGroupRestriction: 'ReadOnly' }))))).toEqual([]);
  });
});
