import { describe, expect, it } from '@jest/globals';
import { accepted, check, unseen, withoutRepeats } from '../../../workflows/engine/check.ts';

const met = check('id', 'Title', '/id', 'Succeeded', 'succeeded');
const missed = check('id', 'Title', '/id', 'Succeeded', 'Failed');
const unproven = unseen(met, 'failed', 'why');

describe('checks', () => {
  it('are as promised, otherwise, or unproven', () => {
    expect([met, missed, unproven].map(({ verdict, ok }) => [verdict, ok])).toEqual([
      ['met', true],
      ['missed', false],
      ['unproven', false],
    ]);
  });

  it('stand once in a report, and what is worse counts', () => {
    expect(withoutRepeats([met, unproven, met])).toEqual([unproven]);
    expect(withoutRepeats([unproven, missed])).toEqual([missed]);
    expect(withoutRepeats([accepted(missed), unproven])).toEqual([unproven]);
    expect(withoutRepeats([met, accepted(unproven)])).toEqual([accepted(unproven)]);
    expect(withoutRepeats([met, { ...missed, id: 'other' }])).toHaveLength(2);
  });

  it('need no acceptance where they are as promised', () => {
    expect(accepted(met)).toEqual(met);
    expect(accepted(missed)).toMatchObject({ verdict: 'missed', ok: true, accepted: true });
  });
});
