import { expect, it } from '@jest/globals';
import { type Level, paced } from '../../activities/arm/quota.ts';

/** Sends as fast as it may, for so many seconds, from a bucket of this level: how many, and the lowest level. */
function sent(seconds: number, tokens: number) {
  let level: Level = { tokens, atMs: 0 };
  let now = 0;
  let count = 0;
  let lowest = tokens;
  for (;;) {
    const { waitMs, level: after } = paced('reads', level, now);
    now += waitMs;
    if (now > seconds * 1_000) return { count, lowest };
    level = after;
    count += 1;
    lowest = Math.min(lowest, level.tokens + (waitMs / 1_000) * 25);
  }
}

it('sends at once what a full bucket takes, and then as fast as it fills', () => {
  const { count, lowest } = sent(10, 250);
  expect(count).toBeGreaterThan(250 * 0.85 + 10 * 25 - 5);
  expect(count).toBeLessThan(250 + 10 * 25);
  expect(lowest).toBeGreaterThan(0);
});

it('waits where others have emptied it, and never for longer than five seconds', () => {
  expect(paced('reads', { tokens: 250, atMs: 0 }, 0).waitMs).toBe(0);
  expect(paced('reads', { tokens: 10, atMs: 0 }, 0).waitMs).toBeGreaterThan(1_000);
  expect(paced('writes', { tokens: -1_000, atMs: 0 }, 0).waitMs).toBe(5_000);
});
