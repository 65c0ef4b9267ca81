import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Slot } from '../sweep/scenarios.ts';
import { startSlots } from '../sweep/sweep.ts';
import type { Judgement } from './judge.ts';
import { sweepWorlds, textOfRefuted } from './sweep.ts';
import { isWrong, runTable, wrongText } from './table.ts';
import type { DrawnWorld } from './world.ts';

/** Samples of what `npm run test:worlds` does with thousands, and of its table. */
describe('on clusters as they may be found', () => {
  let slots: Slot[];
  beforeAll(async () => {
    slots = await startSlots(3, 1000);
  });
  afterAll(() => Promise.all(slots.map((slot) => slot.close({ replay: false }))));

  it('no scenario claims what is not so', async () => {
    const seen: { world: DrawnWorld; judgement: Judgement }[] = [];
    const refuted = await sweepWorlds(
      { worlds: 10, seed: 6, onWorld: (world, judgement) => seen.push({ world, judgement }) },
      slots,
    );
    expect(refuted.map(textOfRefuted)).toEqual([]);
    expect(new Set(seen.map(({ judgement }) => judgement.claim)).size).toBeGreaterThan(3);
  });

  it('each scenario ends verified, or refused for a reason, however Azure is', async () => {
    const cells = await runTable({ oneIn: 101, first: 7 }, { current: slots });
    expect(cells.filter(isWrong).map(wrongText)).toEqual([]);
    expect(cells.length).toBeGreaterThan(5);
  });

  it('pools are made anew where no command runs any more before they are', async () => {
    const columns = ['changeRegistry'] as const;
    const cells = await runTable({ columns, azure: { reimageOnNewestImage: '304' } }, { current: slots });
    expect(cells.map(({ judgement }) => judgement)).toEqual([{ claim: 'verified', refuted: [] }]);
  });
});
