import { describe, expect, it } from '@jest/globals';
import { parseRolloutFleet } from '../../../contract/parseRolloutFleet.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';
const cluster = { subscriptionId, resourceGroup: 'rg', name: 'shop' };
const sound = { name: 'monthly', scenario: 'reimageNodePools', clusters: [cluster] };

const problemsOf = (given: unknown): string[] => {
  const parsed = parseRolloutFleet(given);
  return parsed.ok ? [] : parsed.problems.map(({ where, problem }) => `${where}: ${problem}`);
};

describe('the input of a rollout', () => {
  it('fills in its defaults, and those of rings', () => {
    const parsed = parseRolloutFleet(sound);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        rings: [{ count: 1 }, { count: 5 }, { percent: 10 }, { name: 'rest' }],
        failureBudget: { count: 1, percent: 5, whenUsedUp: 'hold' },
        busy: { everyMinutes: 15, times: 8 },
      },
    });
  });

  it.each<[string, object, string[]]>([
    ['no selection', { clusters: undefined }, ['clusters: no cluster is selected']],
    ['an empty one', { clusters: [] }, ['clusters: no cluster']],
    [
      'two selections',
      { select: { subscriptions: [subscriptionId] } },
      ['select: given beside clusters, which says it already'],
    ],
    [
      'a cluster twice, whatever its case',
      { clusters: [cluster, { ...cluster, name: 'SHOP' }] },
      ['clusters[1]: a cluster that is named twice'],
    ],
    [
      'a subscription twice, whatever its case',
      {
        clusters: undefined,
        select: { subscriptions: ['aaaaaaaa-1111-1111-1111-111111111111', 'AAAAAAAA-1111-1111-1111-111111111111'] },
      },
      ['select.subscriptions[1]: named twice'],
    ],
    ['a ring of 0', { rings: [{ name: 'a', count: 0 }, { name: 'b' }] }, ['rings[0].count: a ring without a cluster']],
    [
      'two sizes of a ring',
      { rings: [{ name: 'a', count: 1, percent: 5 }, { name: 'b' }] },
      ['rings[0].percent: given beside count, which says it already'],
    ],
    [
      'a ring after the rest, with the name of another',
      { rings: [{ name: 'a' }, { name: 'a', count: 1 }] },
      [
        'rings[0]: takes all clusters that are left, so that the rings after it have none',
        'rings[1].name: a name that another ring has',
      ],
    ],
    [
      'a stranger in a ring',
      { rings: [{ name: 'a', clusters: [{ ...cluster, name: 'other' }] }, { name: 'b' }] },
      [
        `rings[0].clusters[0]: /subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/other is not among the clusters of the rollout`,
      ],
    ],
    ['a deletion', { scenario: 'deleteCluster' }, ['scenario: not an allowed value']],
    [
      'a template with cluster and dryRun, and a wrong key',
      { input: { cluster, dryRun: true, surprise: 1 } },
      [
        'input.cluster: not part of the template',
        'input.dryRun: not part of the template',
        'input.surprise: unknown key',
      ],
    ],
    [
      'a wrong override',
      { overrides: [{ cluster, input: { reimage: { maxParallelPools: 0 } } }] },
      ['overrides[0].input.reimage.maxParallelPools: too few'],
    ],
    [
      'windows that are none',
      { maintenanceWindows: [{ start: '25:00', hours: 0, timeZone: 'Europe/Berlino' }] },
      [
        'maintenanceWindows[0].start: not a time of day',
        'maintenanceWindows[0].hours: too short',
        'maintenanceWindows[0].timeZone: not a time zone',
      ],
    ],
  ])('refuses %s', (_what, more, expected) => {
    expect(problemsOf(JSON.parse(JSON.stringify({ ...sound, ...more })))).toEqual(expected);
  });

  it('reports everything at once', () => {
    const problems = problemsOf({ name: 'No Name', scenario: 'isolateCluster', input: { registry: 1 }, rings: [] });
    expect(problems.map((each) => each.split(':')[0])).toEqual(['name', 'rings', 'clusters', 'input.registry']);
  });

  it('takes anything', () => {
    for (const given of [undefined, null, 1, 'x', [], { input: 'x', overrides: 3 }, { overrides: [null] }])
      expect(problemsOf(given).length).toBeGreaterThan(0);
  });
});
