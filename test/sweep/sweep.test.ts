import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inFull } from '../support/inFull.ts';
import { cases, everyCase } from '../support/sampled.ts';
import type { SweptCase } from './cases.ts';
import { groupRoles, keptRights, leastRights } from './leastRights.ts';
import { neededOperations, roleActions } from './roles.ts';
import type { Slot, SweptName } from './scenarios.ts';
import { crashSweep, repeat, startSlots, sweep, sweptNames, type Usual, undisturbedRuns } from './sweep.ts';

/** Whatever these send is sent by others of the same scenario, too: by the run that is undone, or by one that is not. */
const sendNothingElse: readonly SweptName[] = [
  'create-byo',
  'isolate-byo',
  'undo-isolate-managed',
  'change-registry',
  'undo-disable',
  'climb',
];

/** A sample of what `npm run test:sweep` does in full. */
describe('whatever goes wrong, a run ends verified or with everything as before', () => {
  const parallel = 3;
  let slots: Slot[];
  let usual: Usual;
  beforeAll(async () => {
    slots = await startSlots(parallel);
    const names = sweptNames.filter((name) => everyCase || !sendNothingElse.includes(name));
    usual = await undisturbedRuns(slots, names);
  });
  afterAll(async () => {
    // One after the other: histories are replayed in the one runtime of the process.
    for (const [index, slot] of slots.entries()) await slot.close({ replay: index < 2 });
  });

  const wrongOf = (swept: readonly SweptCase[]): string[] =>
    swept.flatMap((one) => (one.outcome === 'wrong' ? [`${repeat(one)}\n${one.found.join('\n')}`] : []));

  it('with the custom roles, which hold every operation that is sent, and none beyond', async () => {
    const { all, looks, notRare } = await neededOperations(slots, usual);
    expect(notRare).toEqual([]);
    expect(roleActions('worker.json', all)).toEqual(all);
    expect(roleActions('read-only-worker.json', looks)).toEqual(looks);
    const writes = looks.filter((each) => !each.endsWith('/read'));
    expect(writes).toEqual(['Microsoft.ContainerService/managedClusters/runCommand/action']);
  });

  it('with the least that each scenario needs at each kind of scope, of which the custom roles for groups are made', () => {
    const seen = leastRights(usual);
    expect(keptRights(seen)).toEqual(seen);
    const { group, nodeGroup } = groupRoles(seen);
    expect(roleActions('group-worker.json', group)).toEqual(group);
    expect(roleActions('node-group-worker.json', nodeGroup)).toEqual(nodeGroup);
  });

  it('when one request fails, or the run is cancelled or terminated meanwhile', async () => {
    const faults = cases(4, 6);
    const failed = await sweep({ dimensions: ['faults'], sample: faults, seed: 6, parallel }, slots, usual);
    const interrupted = await sweep({ dimensions: ['interruptions'], sample: 2, seed: 6, parallel }, slots, usual);
    const swept = [...failed, ...interrupted];
    expect(swept).toHaveLength(faults + 2);
    expect(wrongOf(swept)).toEqual([]);
    // A run that is terminated is finished by another one.
    expect([...new Set(swept.map(({ outcome }) => outcome))]).toEqual(
      expect.arrayContaining(['verified', 'rolledBack', 'continued']),
    );
  });

  it.each([
    ['others write in the middle', ['others', 'policies'], 3],
    ['a step is held, tried again or left, and something else goes wrong', ['holds'], 2],
    [
      'the run is terminated, cancelled or reset between two activities, or reset once it has ended',
      ['boundaries', 'resets'],
      2,
    ],
  ] as const)('when %s', async (_what, dimensions, seed) => {
    const swept = await sweep({ dimensions, sample: cases(1, 2), seed, parallel }, slots, usual);
    expect(swept).toHaveLength(cases(1, 2));
    expect(wrongOf(swept)).toEqual([]);
  });

  // `test/e2e/crashes.test.ts` kills workers, too.
  inFull.it('when the worker dies before or after an activity', async () => {
    const crashed = await crashSweep({ sample: 2, seed: 3, parallel: 2 }, usual);
    expect(crashed).toHaveLength(2);
    expect(crashed.filter(({ outcome }) => outcome === 'wrong')).toEqual([]);
  });
});
