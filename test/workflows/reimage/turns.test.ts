import { describe, expect, it } from '@jest/globals';
import type { ReimageNodePoolsInput } from '../../../contract/index.ts';
import type { AgentPoolFacts } from '../../../resources/agentPools.ts';
import type { ExistingClusterFacts } from '../../../resources/discovery.ts';
import type { DisruptionBudgetFacts } from '../../../resources/nodes.ts';
import { noDependencies } from '../../../workflows/isolation/problems.ts';
import { mayBegin } from '../../../workflows/reimage/turns.ts';
import {
  closedSubnet,
  inNetwork,
  isolated,
  notAllowed,
  ordinary,
  planChange,
  planDisable,
  planIsolate,
  planReimage,
  pool,
  seen,
  systemPool,
} from '../existingCluster/support.ts';
import { stepOf } from '../support.ts';

const users = ['a', 'b', 'c'].map((name) => pool(name));
const secondSystem = pool('system2', { mode: 'System' });

const budget = (name: string, pools: string[] | undefined, expectedPods = 2): DisruptionBudgetFacts => ({
  namespace: 'shop',
  name,
  disruptionsAllowed: 1,
  expectedPods,
  ...(pools && { pools }),
});

function facts(
  pools: AgentPoolFacts[],
  budgets: DisruptionBudgetFacts[] = [],
  changes: Partial<ExistingClusterFacts> = {},
): ExistingClusterFacts {
  const kubernetes = { seen: { nodes: [], disruptionBudgets: budgets } };
  return seen(ordinary({ agentPoolProfiles: pools }), { kubernetes, ...changes });
}

const turnsOf = (given: ExistingClusterFacts, reimage: ReimageNodePoolsInput['reimage'] = {}) =>
  planReimage(given, { reimage }).turns;
const wavesOf = (given: ExistingClusterFacts, reimage: ReimageNodePoolsInput['reimage'] = {}) =>
  turnsOf(given, reimage)?.waves.map(({ pools }) => pools);

describe('pools are reimaged at the same time', () => {
  it('four of them at most, and system pools after all others', () => {
    expect(turnsOf(facts([systemPool, ...users]))).toEqual({
      atATime: 4,
      because: 'more only by reimage.maxParallelPools',
      waves: [
        { pools: ['a', 'b', 'c'], because: 'the others' },
        { pools: ['system'], because: 'system pools last' },
      ],
      apart: [],
    });
  });

  it.each([
    ['after the canary', { canaryPool: 'b' }, [['b'], ['a', 'c'], ['system']]],
    ['after those that the order names, one after another', { order: ['c', 'a'] }, [['c'], ['a'], ['b'], ['system']]],
    ['with the system pools where the input has them', { systemPoolsLast: false }, [['system', 'a', 'b', 'c']]],
    ['with the system pool that the order names before', { order: ['system'] }, [['system'], ['a', 'b', 'c']]],
  ])('%s', (_case, input, expected) => {
    expect(wavesOf(facts([systemPool, ...users]), input)).toEqual(expected);
  });

  it('never two system pools', () => {
    const apart = [{ pools: ['system', 'system2'], because: 'system pools' }];
    const pools = [systemPool, secondSystem, ...users];
    expect(turnsOf(facts(pools))?.apart).toEqual(apart);
    expect(turnsOf(facts(pools), { systemPoolsLast: false })?.apart).toEqual(apart);
  });

  it('never two on which pods of one disruption budget are', () => {
    const budgets = [
      budget('cart', ['a', 'b']),
      budget('web', ['c']),
      budget('none', undefined, 0),
      budget('both', ['a', 'b']),
    ];
    const given = facts([systemPool, ...users], budgets);
    expect(turnsOf(given)?.apart).toEqual([{ pools: ['a', 'b'], because: 'disruption budget shop/cart' }]);
    expect(turnsOf(given, { ignoreDisruptionBudgets: true })?.apart).toEqual([]);
    // They are in two waves.
    expect(turnsOf(facts([systemPool, ...users], [budget('dns', ['a', 'system'])]))?.apart).toEqual([]);
  });

  it('and the plan says one larger group in place of those within it', () => {
    const budgets = [budget('two', ['a', 'b']), budget('three', ['a', 'b', 'c'])];
    expect(turnsOf(facts(users, budgets))?.apart).toEqual([
      { pools: ['a', 'b', 'c'], because: 'disruption budget shop/three' },
    ]);
  });

  it('not where the input says how many, and not where there is one', () => {
    expect(turnsOf(facts([systemPool, ...users]), { maxParallelPools: 1 })).toBeUndefined();
    expect(turnsOf(facts([systemPool, ...users]), { maxParallelPools: 3 })).toBeUndefined();
    expect(turnsOf(facts([systemPool]))).toBeUndefined();
  });
});

describe('pools are reimaged one by one', () => {
  const alone = (because: RegExp) => ({ atATime: 1, because: expect.stringMatching(because), waves: [], apart: [] });

  it('where nobody could look into the cluster, unless budgets are ignored', () => {
    const given = facts([systemPool, ...users], [], { kubernetes: notAllowed });
    expect(turnsOf(given)).toEqual(alone(/^disruption budgets were not seen: disabled/));
    expect(turnsOf(given, { ignoreDisruptionBudgets: true })?.atATime).toBe(4);
  });

  it('where the pods of a budget could not be found', () => {
    expect(turnsOf(facts(users, [budget('cart', undefined)]))).toEqual(alone(/shop\/cart are was not seen/));
  });

  it('where operations are aborted', () => {
    expect(planReimage(facts(users), { abortOperations: true }).turns).toEqual(alone(/abortOperations/));
  });

  it('where the quota was not seen', () => {
    const { discovered } = facts(users);
    const { vmSizes: _sizes, ...allowances } = discovered?.allowances ?? {};
    const given = { ...facts(users), discovered: { ...discovered, allowances } } as ExistingClusterFacts;
    expect(turnsOf(given)).toEqual(alone(/quota of vCPUs/));
  });

  it('where commands run on new nodes alone: their images come from nowhere until then', () => {
    const pools = { agentPoolProfiles: [systemPool, ...users] };
    const quiet = { kubernetes: { seen: { nodes: [], disruptionBudgets: [] } } };
    const isolation = seen(ordinary(pools), quiet);
    expect(planIsolate(isolation).turns?.atATime).toBe(4);
    expect(planIsolate(isolation, { profile: 'preview' }).turns).toEqual(alone(/commands/));
    expect(planChange(seen(isolated(pools), quiet)).turns).toEqual(alone(/commands/));
    expect(planDisable(seen(isolated(pools), quiet)).turns?.atATime).toBe(4);
  });
});

describe('the quota', () => {
  /** 350 vCPUs are left; a surge node of a pool of 100 nodes takes 4, ten take 40. */
  const within = (counts: number[], reimage: ReimageNodePoolsInput['reimage'] = { whenNotReimaged: 'fail' }) => {
    const turns = turnsOf(facts(counts.map((count, index) => pool(`p${index}`, { count }))), reimage);
    return [turns?.atATime, turns?.because];
  };

  it('of surge nodes bounds the number of pools', () => {
    expect(within([100, 100, 100, 100])).toEqual([4, 'more only by reimage.maxParallelPools']);
    expect(within([300, 300, 300, 300])).toEqual([2, expect.stringMatching(/^the quota of .* leaves 350 of/)]);
    expect(within([300, 300, 10, 10])).toEqual([4, expect.anything()]);
    expect(within([800, 800])).toEqual([1, expect.stringMatching(/^the quota of/)]);
  });

  it('has room for one copy beside them, where it has room for that alone', () => {
    // A copy of 70 nodes takes 280 vCPUs, and each surge of 7 takes 28.
    const copied = { whenNotReimaged: 'temporaryPool' } as const;
    expect(within([70, 70, 70, 70], copied)).toEqual([3, expect.anything()]);
    expect(within([70, 70, 70, 70], { ladder: ['localDNS'] })).toEqual([4, expect.anything()]);
    // The ladder does without a copy that is too large, and the plan says so.
    expect(within([100, 100, 100, 100], {})).toEqual([4, expect.anything()]);
  });

  it('has the ladder keep its copies, which are made one at a time', () => {
    const plan = planReimage(facts([70, 70, 70].map((count, index) => pool(`p${index}`, { count }))));
    expect(plan.turns?.atATime).toBe(4);
    const { ladder = [] } = stepOf(plan, 'reimage:p0');
    expect(ladder.find(({ by }) => by === 'temporaryPool')).not.toHaveProperty('without');
  });
});

describe('the addresses of a subnet', () => {
  // A /24 has 251. Nodes have one address each, or one for each of their pods too.
  it.each([
    [1, 4],
    [33, 3],
    [50, 1],
  ])('of which a node takes %i let %i pools go together', (eachTakes, expected) => {
    const profiles = [pool('a'), pool('b'), pool('c'), pool('d')].map((each) => ({ ...each, count: 1 }));
    const addressesInUse = eachTakes * profiles.length;
    const subnet = { ...closedSubnet, addressPrefixes: ['10.10.0.0/24', 'fd00::/64'], addressesInUse };
    const dependencies = { ...noDependencies, subnets: [subnet] };
    const found = inNetwork(ordinary({ agentPoolProfiles: profiles }));
    const { turns } = planIsolate(seen(found, { dependencies, kubernetes: facts([]).kubernetes }));
    expect(turns?.atATime).toBe(expected);
    if (expected < 4) expect(turns?.because).toMatch(/^subnet nodes has \d+ free addresses/);
  });
});

describe('it is the turn of a pool', () => {
  const waves = [
    { pools: ['a', 'b', 'c'], because: '' },
    { pools: ['s', 't'], because: '' },
  ];
  const turns = { atATime: 2, waves, apart: [{ pools: ['a', 'b'], because: '' }] };

  it.each([
    ['a', [], ['b', 's'], true],
    ['b', ['a'], ['c'], false],
    ['c', ['a'], ['b', 's'], true],
    ['c', ['a', 'x'], [], false],
    ['s', [], ['b'], false],
    ['s', ['c'], [], false],
    ['s', ['t'], [], true],
    // Undo may come to the last wave first.
    ['b', ['s'], [], false],
    ['b', [], ['s'], true],
  ])('%s, while %j run and %j wait: %s', (name, running, waiting, expected) => {
    expect(mayBegin(name, { running, waiting }, turns)).toBe(expected);
  });
});
