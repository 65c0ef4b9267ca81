import { describe, expect, it } from '@jest/globals';
import { accepted, check, eachOnce, unseen } from '../../../workflows/engine/check.ts';

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
    expect(eachOnce([met, unproven, met])).toEqual([unproven]);
    expect(eachOnce([unproven, missed])).toEqual([missed]);
    expect(eachOnce([accepted(missed), unproven])).toEqual([unproven]);
    expect(eachOnce([met, accepted(unproven)])).toEqual([accepted(unproven)]);
    expect(eachOnce([met, { ...missed, id: 'other' }])).toHaveLength(2);
  });

  it('need no acceptance where they are as promised', () => {
    expect(accepted(met)).toEqual(met);
    expect(accepted(missed)).toMatchObject({ verdict: 'missed', ok: true, accepted: true });
  });
});
