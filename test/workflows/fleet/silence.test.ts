import { describe, expect, it } from '@jest/globals';
import { lookDue, nextLook } from '../../../workflows/fleet/silence.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** The looks at a member that is silent, in so many days. */
function looksIn(days: number): number[] {
  const at: number[] = [];
  const member = { since: 0, lookedAt: 0 };
  for (let now = 0; ; ) {
    now = nextLook([member], hour, now);
    if (now > days * day) return at;
    member.lookedAt = now;
    at.push(now);
  }
}

describe('a member of which nothing is heard', () => {
  it('is looked at each hour at first, and each day in the end', () => {
    const looks = looksIn(200);
    expect(looks.slice(0, 4)).toEqual([hour, 2 * hour, 3 * hour, 4 * hour]);
    expect((looks.at(-1) ?? 0) - (looks.at(-2) ?? 0)).toBe(day);
    expect(looks.length).toBeGreaterThan(200);
    expect(looks.length).toBeLessThan(230);
  });

  it('is looked at no later for one that has long been silent', () => {
    const old = { since: 0, lookedAt: 20 * day };
    const young = { since: 20 * day + hour, lookedAt: 20 * day + hour };
    expect(nextLook([old], hour, 20 * day)).toBe(21 * day);
    expect(nextLook([old, young], hour, 20 * day)).toBe(20 * day + 2 * hour);
  });

  it('is looked at an hour after the last look, where that could not look at all', () => {
    const overdue = { since: 0, lookedAt: 0 };
    expect(lookDue(overdue, hour)).toBe(hour);
    expect(nextLook([overdue], hour, 5 * hour)).toBe(6 * hour);
  });

  it('is none where nothing is in work', () => {
    expect(nextLook([], hour, 0)).toBe(Number.POSITIVE_INFINITY);
  });
});
