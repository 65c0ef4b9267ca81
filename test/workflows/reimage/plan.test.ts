import { describe, expect, it } from '@jest/globals';
import { clusterWorkflowId, type ReimageNodePoolsInput } from '../../../contract/index.ts';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import { temporaryPoolName } from '../../../resources/derivedNames.ts';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import { keyOf } from '../../../resources/ids.ts';
import { markTags } from '../../../resources/marks.ts';
import {
  bootingFrom,
  isolated,
  notAllowed,
  ordinary,
  planDisable,
  planIsolate,
  planReimage,
  pool,
  seen,
  systemPool,
} from '../existingCluster/support.ts';
import { acting, cluster, problemTexts, stepOf } from '../support.ts';

describe('a pool that has more nodes than AKS counts', () => {
  const counted = (changes: Partial<AgentPoolFacts>) =>
    problemTexts(planReimage(seen(ordinary({ agentPoolProfiles: [pool('work', changes)] }))));

  it('is not reimaged: an update would remove the others', () => {
    expect(counted({ count: 0 })).toEqual(['it has 1 node, and AKS counts 0: an update would remove the others']);
  });

  it('is reimaged where they agree, or an autoscaler is at work', () => {
    expect(counted({ count: 1 })).toEqual([]);
    expect(counted({ count: 3 })).toEqual([]);
    expect(counted({ count: 0, enableAutoScaling: true })).toEqual([]);
  });
});

describe('the order of pools', () => {
  const pools = [systemPool, pool('a'), pool('b'), pool('c')];
  const order = (input: ReimageNodePoolsInput['reimage']) =>
    planReimage(seen(ordinary({ agentPoolProfiles: pools })), input ? { reimage: input } : {}).reimages.map(
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
    const plan = planReimage(seen(ordinary({ agentPoolProfiles: pools })), {
      reimage: { canaryPool: 'b', maxParallelPools: 8 },
    });
    expect(stepOf(plan, 'reimage:b').needs).toEqual([]);
    expect(stepOf(plan, 'reimage:system').needs).toEqual(['reimage:b']);
  });

  it('skips pools of mode Machines and says so', () => {
    const plan = planReimage(seen(ordinary({ agentPoolProfiles: [systemPool, pool('vm', { mode: 'Machines' })] })));
    expect(plan.reimages.map(({ name }) => name)).toEqual(['system']);
    expect(stepOf(plan, 'reimage:vm')).toMatchObject({
      action: 'none',
      reason: expect.stringContaining('mode Machines'),
    });
  });

  it('refuses an update after which pools of mode Machines would boot as before', () => {
    const profiles = [systemPool, pool('work', { mode: 'Machines' })];
    const refused = expect.stringMatching(/^AKS does not reimage pools of mode Machines/);
    expect(problemTexts(planIsolate(seen(ordinary({ agentPoolProfiles: profiles }))))).toContainEqual(refused);
    expect(problemTexts(planDisable(seen(isolated({ agentPoolProfiles: profiles }))))).toContainEqual(refused);
    // Machines that boot as they are to, and pools without machines, are in nobody's way.
    const there = { imageSource: 'r.azurecr.io', probes: bootingFrom('r.azurecr.io') };
    const again = planIsolate(seen(isolated({ agentPoolProfiles: profiles }), there));
    expect(problemTexts(again)).not.toContainEqual(refused);
    const empty = ordinary({ agentPoolProfiles: [systemPool, pool('empty', { mode: 'Machines', count: 0 })] });
    expect(problemTexts(planIsolate(seen(empty)))).not.toContainEqual(refused);
  });

  it('takes the pools that are named', () => {
    const plan = planReimage(seen(ordinary({ agentPoolProfiles: pools })), { agentPools: ['c'] });
    expect(plan.reimages.map(({ name }) => name)).toEqual(['c']);
  });
});

describe('the title of a step', () => {
  it('tells a pool of virtual machines as what it is', () => {
    const virtualMachines = [
      { size: 'Standard_D4ds_v5', count: 2 },
      { size: 'Standard_D8ds_v5', count: 1 },
    ];
    const vms = pool('vms', { type: 'VirtualMachines', vmSize: '', count: 3, virtualMachines });
    const unknown = pool('more', { type: 'VirtualMachines', vmSize: '', count: 0 });
    const plan = planReimage(
      seen(ordinary({ agentPoolProfiles: [systemPool, pool('work', { count: 2 }), vms, unknown] })),
    );
    expect(plan.steps.map(({ title }) => title)).toEqual([
      'Reimage node pool work (User, 2 nodes)',
      'Reimage node pool vms (User, virtual machines: 2 of Standard_D4ds_v5, 1 of Standard_D8ds_v5)',
      'Reimage node pool more (User, virtual machines)',
      'Reimage node pool system (System, 3 nodes)',
    ]);
  });
});

/** Two names of Windows pools whose copies would get the same name. */
const twinNames = ((): [string, string] => {
  const seenNames = new Map<string, string>();
  for (let number = 0; ; number += 1) {
    const name = `w${number.toString(36).padStart(4, '0')}`;
    const copy = temporaryPoolName({ name, osType: 'Windows' });
    const other = seenNames.get(copy);
    if (other !== undefined) return [other, name];
    seenNames.set(copy, name);
  }
})();

describe('a temporary pool', () => {
  const problemsOf = (whenNotReimaged: 'temporaryPool' | 'wait', pools: AgentPoolFacts[]) =>
    problemTexts(
      planReimage(seen(ordinary({ agentPoolProfiles: [systemPool, ...pools] })), { reimage: { whenNotReimaged } }),
    );
  const problems = (whenNotReimaged: 'temporaryPool' | 'wait', ...names: string[]) =>
    problemsOf(
      whenNotReimaged,
      names.map((name) => pool(name)),
    );

  it('must not have the name of a pool that is there', () => {
    expect(problems('temporaryPool', 'work', 'tmpwork')).toEqual([
      'a node pool has the name that a temporary copy of work would get',
    ]);
    expect(problems('temporaryPool', 'work', 'workload001', 'workload002')).toEqual([]);
    expect(problems('wait', 'work', 'tmpwork')).toEqual([]);
  });

  it('must not have the name of another one: those of Windows have room for six characters', () => {
    const windows = twinNames.map((name) => pool(name, { osType: 'Windows' }));
    const [one, other] = twinNames;
    expect(problemsOf('temporaryPool', windows)).toEqual([
      `temporary copies of ${one} and ${other} would get the same name`,
    ]);
    expect(problemsOf('wait', windows)).toEqual([]);
  });
});

describe('the permissions of a reimage', () => {
  it('are those of a replacement too, where that is its way out', () => {
    const found = seen(ordinary());
    const pools = 'Microsoft.ContainerService/managedClusters/agentPools';
    const actions = [`${pools}/upgradeNodeImageVersion/action`];
    const allowances = found.discovered && {
      ...found.discovered.allowances,
      permissions: { [keyOf(ordinary().id)]: [{ actions, notActions: [] }] },
    };
    const facts = { ...found, discovered: found.discovered && allowances && { ...found.discovered, allowances } };
    const problems = (whenNotReimaged: 'fail' | 'temporaryPool') =>
      problemTexts(planReimage(facts as ExistingClusterFacts, { reimage: { whenNotReimaged } }));
    expect(problems('fail')).toEqual([]);
    expect(problems('temporaryPool')).toEqual([`the worker's identity may not ${pools}/write, ${pools}/delete`]);
  });
});

describe('the copy of a pool that an earlier run has left', () => {
  const copy = (of: string, changes: Partial<AgentPoolFacts> = {}) =>
    pool(`tmp${of}`, { copyOf: of, marks: { [markTags.workflow]: clusterWorkflowId(cluster) }, ...changes });
  const planned = (pools: AgentPoolFacts[], input: Partial<ReimageNodePoolsInput> = {}) =>
    planReimage(seen(ordinary({ agentPoolProfiles: [systemPool, ...pools] })), input);
  const shown = ({ steps }: ReturnType<typeof planned>) => steps.map(({ id, action, needs }) => [id, action, needs]);

  it('goes before its pool is reimaged, and is no pool that is reimaged', () => {
    const plan = planned([pool('work'), copy('work')], { reimage: { whenNotReimaged: 'temporaryPool' } });
    expect(problemTexts(plan)).toEqual([]);
    expect(shown(plan)).toEqual([
      ['temporaryPool:tmpwork', 'delete', []],
      ['reimage:work', 'update', ['temporaryPool:tmpwork']],
      ['reimage:system', 'update', []],
    ]);
  });

  it('stays until a pool is reimaged whose nodes a failed drain may have closed', () => {
    const plan = planned([pool('work', { provisioningState: 'Failed' }), copy('work')], { agentPools: ['work'] });
    expect(shown(plan)).toEqual([
      ['reimage:work', 'update', []],
      ['temporaryPool:tmpwork', 'delete', ['reimage:work']],
    ]);
  });

  it('becomes the pool that was deleted, which the input may name', () => {
    const plan = planned([copy('work')], { agentPools: ['work'] });
    expect(problemTexts(plan)).toEqual([]);
    expect(plan.steps).toMatchObject([
      { id: 'temporaryPool:tmpwork', action: 'create', resourceId: expect.stringMatching(/agentPools\/work$/) },
    ]);
  });

  it('is ended by every scenario that changes an existing cluster, after its update', () => {
    const facts = seen(ordinary({ agentPoolProfiles: [systemPool, copy('work')] }));
    expect(stepOf(planIsolate(facts), 'temporaryPool:tmpwork').needs).toContain('bootstrap');
    expect(stepOf(planIsolate(facts), 'outboundType').needs).toContain('temporaryPool:tmpwork');
    expect(stepOf(planDisable(facts), 'temporaryPool:tmpwork').action).toBe('create');
  });

  it.each([
    ['carries the marks of another cluster', { marks: { [markTags.workflow]: 'aks/other' } }],
    ['carries no marks', { marks: {} }],
  ])("is somebody else's pool where it %s", (_what, changes) => {
    const pools = [pool('work'), copy('work', changes)];
    expect(planned(pools).reimages.map(({ name }) => name)).toEqual(['work', 'tmpwork', 'system']);
    expect(problemTexts(planned(pools, { reimage: { whenNotReimaged: 'temporaryPool' } }))).toEqual([
      'a node pool has the name that a temporary copy of work would get',
    ]);
  });
});

describe('a pool', () => {
  it('may have a name that every object in JavaScript has', () => {
    const facts = seen(ordinary({ agentPoolProfiles: [systemPool, pool('constructor')] }));
    expect(planReimage(facts).reimages.map(({ name }) => name)).toContain('constructor');
  });

  const source = 'r.azurecr.io/aks-managed-repository';

  it.each<[name: string, changes: Partial<ExistingClusterFacts>, reason: string]>([
    ['boots from there already', { probes: bootingFrom(source) }, `node n boots from ${source} already`],
    [
      'cannot be asked',
      { kubernetes: notAllowed },
      'taken to boot as the cluster says: nobody may run a command there',
    ],
  ])('stays where the cluster is as wanted and its oldest node %s', (_name, changes, reason) => {
    const plan = planIsolate(seen(isolated(), { imageSource: source, ...changes }), { probes: 'ifAllowed' });
    expect(acting(plan)).toEqual([]);
    expect(stepOf(plan, 'reimage:work').reason).toBe(reason);
  });

  it('is reimaged, with no way back, where the cluster is as wanted and the node is not known to be', () => {
    const plan = planIsolate(seen(isolated(), { imageSource: source }));
    expect(stepOf(plan, 'reimage:work')).toMatchObject({
      action: 'update',
      reason: 'its nodes are not known to boot as the cluster says',
      forwardOnly: expect.stringMatching(/no inverse/),
    });
  });

  it('is reimaged, with a way back, where the bootstrap of the cluster changes, whatever its nodes say', () => {
    const plan = planIsolate(seen(ordinary(), { imageSource: source, probes: bootingFrom(source) }));
    expect(stepOf(plan, 'reimage:work').reason).toBe('the bootstrap of its nodes changes');
    expect(stepOf(plan, 'reimage:work')).not.toHaveProperty('forwardOnly');
  });
});

describe('a reimage is refused', () => {
  it('names every pool of the input that the cluster has not', () => {
    const plan = planIsolate(seen(ordinary()), { reimage: { canaryPool: 'nope', order: ['work', 'gone'] } });
    expect(plan.problems.map(({ where }) => where)).toEqual(['reimage.order[1]', 'reimage.canaryPool']);
  });

  it('for a pool that is stopped', () => {
    const stopped = ordinary({ agentPoolProfiles: [systemPool, pool('work', { powerState: 'Stopped' })] });
    expect(problemTexts(planIsolate(seen(stopped)))).toEqual(['the node pool is stopped, and cannot be reimaged']);
  });

  it('while a disruption budget allows no disruption, unless the operator ignores it', () => {
    const budget = { namespace: 'shop', name: 'cart', disruptionsAllowed: 0, expectedPods: 2 };
    const facts = seen(ordinary(), { kubernetes: { seen: { nodes: [], disruptionBudgets: [budget] } } });
    expect(problemTexts(planIsolate(facts))).toEqual([
      'disruption budget shop/cart allows no disruption now (2 pods), so that nodes cannot be drained',
    ]);
    expect(problemTexts(planIsolate(facts, { reimage: { ignoreDisruptionBudgets: true } }))).toEqual([]);
  });

  it('not for a budget whose pods are on nodes of pools that are not touched', () => {
    const budgetOn = (...nodes: string[]) => {
      const budget = { namespace: 'shop', name: 'cart', disruptionsAllowed: 0, expectedPods: 2, nodes };
      const found = seen(ordinary());
      const nodesThere = 'seen' in found.kubernetes ? found.kubernetes.seen.nodes : [];
      const facts = { ...found, kubernetes: { seen: { nodes: nodesThere, disruptionBudgets: [budget] } } };
      return problemTexts(planReimage(facts, { agentPools: ['work'] }));
    };
    expect(budgetOn('s')).toEqual([]);
    expect(budgetOn()).toEqual([]);
    expect(budgetOn('s', 'w')).toEqual([expect.stringContaining('shop/cart allows no disruption')]);
  });
});

describe('a surge that is raised for a reimage', () => {
  const planned = (changes: Partial<AgentPoolFacts>, maxSurge = '50%') =>
    planReimage(seen(ordinary({ agentPoolProfiles: [systemPool, pool('work', { count: 10, ...changes })] })), {
      reimage: { maxSurge },
    });

  it('stands in the plan where it makes the rounds fewer', () => {
    const reasonOf = (changes: Partial<AgentPoolFacts>) => stepOf(planned(changes), 'reimage:work').reason;
    expect(reasonOf({})).toMatch(/maxSurge 10% -> 50% meanwhile: 5 nodes/);
    expect(reasonOf({ maxSurge: '7' })).not.toMatch(/meanwhile/);
    expect(reasonOf({ count: 1 })).not.toMatch(/meanwhile/);
  });

  it('counts for the quota', () => {
    // 350 vCPUs are left: 100 nodes of four are more.
    const count = { count: 200 };
    expect(problemTexts(planned(count)).join()).toMatch(/400 vCPUs are needed for surge nodes/);
    expect(problemTexts(planned(count, '5%')).join()).not.toMatch(/surge nodes/);
  });

  it('that a run has left has the pool reimaged', () => {
    const left = { maxSurge: '50%', formerMaxSurge: { former: '10%', raised: '50%' } };
    expect(stepOf(planned(left), 'reimage:work').reason).toMatch(/left its maxSurge at 50%/);
  });
});
