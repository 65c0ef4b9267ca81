import { expect, it } from '@jest/globals';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { replicationLagMs } from '../../../activities/arm/replication.ts';
import { look, operation, read, verification, write } from '../../../workflows/engine/azure.ts';

/** How long an activity is tried that Azure answers with 503 at once, each time. */
function minutesOf({ retry }: typeof read | typeof look | typeof write | typeof verification): number {
  const pauses = Array.from({ length: retry.maximumAttempts - 1 }, (_, index) =>
    Math.min(msToNumber(retry.initialInterval) * 2 ** index, msToNumber(retry.maximumInterval)),
  );
  return pauses.reduce((sum, each) => sum + each, 0) / 60_000;
}

it.each([
  ['a look, for a plan does not wait for hours', look, 10, 60],
  ['a read', read, 10, 60],
  ['a write', write, 30, 120],
  ['verification, which says nothing about a cluster that it cannot read,', verification, 24 * 60, 3 * 24 * 60],
])('%s is tried for a bounded time where Azure answers nothing but 503', (_what, options, atLeast, atMost) => {
  expect(minutesOf(options)).toBeGreaterThan(atLeast);
  expect(minutesOf(options)).toBeLessThan(atMost);
});

it.each(Object.entries({ read, look, verification, write, operation }))(
  'no bound of a %s contains the time in the queue: a full worker would make healthy clusters fail',
  (_what, options) => {
    expect(Object.keys(options)).toContain('startToCloseTimeout');
    expect(Object.keys(options).filter((each) => /^scheduleTo/.test(each))).toEqual([]);
  },
);

it.each([
  ['a look', look],
  ['a read', read],
  ['a write', write],
  ['verification', verification],
])('an attempt of %s has the time to wait twice until regions agree, and for the answers', (_what, options) => {
  const answers = 2 * 90_000;
  expect(msToNumber(options.startToCloseTimeout)).toBeGreaterThan(2 * replicationLagMs + answers);
});
