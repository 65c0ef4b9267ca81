import { describe, expect, it } from '@jest/globals';
import { parseRolloutFleet } from '../../../contract/parseRolloutFleet.ts';
import type { FleetCluster } from '../../../resources/fleet.ts';
import { planFleet, type Seen } from '../../../workflows/fleet/found.ts';

const [one, two] = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'] as const;

const cluster = (name: string, subscriptionId: string = one): FleetCluster => ({
  subscriptionId,
  resourceGroup: 'rg',
  name,
  region: 'westeurope',
});
const named = (...names: string[]) => names.map((name) => ({ subscriptionId: one, resourceGroup: 'rg', name }));

const planOf = (more: object, ...seen: Partial<Seen>[]) => {
  const given = { name: 'x', scenario: 'auditCluster', rings: [{ name: 'all' }], ...more };
  const parsed = parseRolloutFleet(given);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const looks = seen.map((each) => ({ subscriptionId: one, clusters: [], problems: [], tells: [], ...each }));
  return planFleet(parsed.value, looks).plan;
};

describe('the clusters of a rollout', () => {
  it('that are named are those that are there, in their order, whatever their case', () => {
    const plan = planOf({ clusters: named('B', 'a') }, { clusters: [cluster('a'), cluster('b'), cluster('c')] });
    expect(plan.problems).toEqual([]);
    expect(plan.rings[0]?.clusters).toEqual([`${one}/rg/b`, `${one}/rg/a`]);
  });

  it('that are named and not there are problems, all of them', () => {
    const { problems } = planOf({ clusters: named('a', 'b', 'c') }, { clusters: [cluster('b')] });
    expect(problems.map(({ where }) => where)).toEqual(['clusters[0]', 'clusters[2]']);
  });

  it('that are named where nobody may look are taken at their word, which is told', () => {
    const plan = planOf({ clusters: named('a') }, { forbidden: 'AuthorizationFailed' });
    expect(plan).toMatchObject({ problems: [], unread: [expect.stringContaining('AuthorizationFailed')] });
  });

  it('that are selected are not complete where nobody may look into a subscription', () => {
    const { problems } = planOf(
      { select: { subscriptions: [one, two] } },
      { clusters: [cluster('a')] },
      { subscriptionId: two, forbidden: 'AuthorizationFailed' },
    );
    expect(problems).toMatchObject([{ where: `/subscriptions/${two}`, problem: expect.stringContaining('complete') }]);
  });

  it('that are selected and none, or more than a rollout takes, are a problem', () => {
    const select = { subscriptions: [one] };
    expect(planOf({ select }, {}).problems).toMatchObject([{ where: 'select' }]);
    const clusters = Array.from({ length: 5_001 }, (_, n) => cluster(`c${n}`));
    expect(planOf({ select }, { clusters }).problems).toMatchObject([{ problem: expect.stringContaining('5001') }]);
  });

  it('that only a ring or an override names are problems once the selection is known', () => {
    const rings = [{ name: 'first', clusters: named('stranger') }, { name: 'rest' }];
    const overrides = [{ cluster: named('other')[0], input: { probes: 'none' } }];
    const { problems } = planOf({ select: { subscriptions: [one] }, rings, overrides }, { clusters: [cluster('a')] });
    expect(problems.map(({ where }) => where)).toEqual(['overrides[0].cluster', 'rings[0].clusters[0]']);
  });

  it('come with notes on what will not act', () => {
    const rings = [{ name: 'a', count: 1 }, { name: 'b', count: 3 }, { name: 'c' }];
    const { notes } = planOf({ clusters: named('a'), rings }, { clusters: [cluster('a')] });
    expect(notes).toEqual([
      expect.stringMatching(/^A subscription takes about 388 clusters an hour, with 4 operations in flight/),
      'Ring b has no cluster, and is passed over with its gate and its soak time.',
      'Ring c has no cluster, and is passed over with its gate and its soak time.',
      'The failure budget never acts: 1 may fail of 1 cluster.',
    ]);
  });
});
