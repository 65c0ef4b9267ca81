import { describe, expect, it } from '@jest/globals';
import type { ReimageNodePoolsInput } from '../../../contract/index.ts';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import {
  bootingFrom,
  isolated,
  notAllowed,
  ordinary,
  planIsolate,
  planReimage,
  pool,
  seen,
  systemPool,
} from '../existingCluster/support.ts';
import { acting, problemTexts, stepOf } from '../support.ts';

describe('a pool that has more nodes than AKS counts', () => {
  const counted = (changes: Partial<AgentPoolFacts>) =>
    problemTexts(planReimage(seen(ordinary({ agentPoolProfiles: [pool('work', changes)] }))));

  it('is not reimaged: an update would remove the others', () => {
    expect(counted({ count: 0 })).toEqual(['it has 1 nodes, and AKS counts 0: an update would remove the others']);
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

  it('takes the pools that are named', () => {
    const plan = planReimage(seen(ordinary({ agentPoolProfiles: pools })), { agentPools: ['c'] });
    expect(plan.reimages.map(({ name }) => name)).toEqual(['c']);
  });
});

describe('a temporary pool', () => {
  const problems = (whenNotReimaged: 'temporaryPool' | 'wait', ...names: string[]) =>
    problemTexts(
      planReimage(seen(ordinary({ agentPoolProfiles: [systemPool, ...names.map((name) => pool(name))] })), {
        reimage: { whenNotReimaged },
      }),
    );

  it('must not have the name of a pool that is there', () => {
    expect(problems('temporaryPool', 'work', 'tmpwork')).toEqual([
      'a node pool has the name that a temporary copy of work would get',
    ]);
    expect(problems('temporaryPool', 'work', 'workload001', 'workload002')).toEqual([]);
    expect(problems('wait', 'work', 'tmpwork')).toEqual([]);
  });
});

describe('a pool', () => {
  it('may have a name that every object in JavaScript has', () => {
    const cluster = seen(ordinary({ agentPoolProfiles: [systemPool, pool('constructor')] }));
    expect(planReimage(cluster).reimages.map(({ name }) => name)).toContain('constructor');
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
});
