import { describe, expect, it } from '@jest/globals';
import { CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { askedTogether } from '../../activities/arm/askedTogether.ts';
import { Durations, pollDelayMs } from '../../activities/arm/polling.ts';
import { attempt } from './support.ts';

/** Polls an operation that ends after so many seconds: when its end is noticed, and by how many polls. */
function noticed(
  seconds: number,
  given: { expected?: number; retryAfter?: number; isCrowded?: boolean; isToldByOthers?: boolean },
) {
  const { expected, retryAfter, isCrowded = false, isToldByOthers } = given;
  let elapsedMs = 0;
  let polls = 0;
  while (elapsedMs < seconds * 1_000) {
    elapsedMs += pollDelayMs({
      elapsedMs,
      expectedMs: expected === undefined ? undefined : expected * 1_000,
      isCrowded,
      isToldByOthers,
      retryAfterMs: retryAfter === undefined ? undefined : retryAfter * 1_000,
    });
    polls += 1;
  }
  return { polls, late: (elapsedMs / 1_000 - seconds) / seconds };
}

describe('an operation', () => {
  it.each([10, 60, 217, 411, 569, 900])('of %d s that is expected takes three polls, and one in a crowd', (seconds) => {
    const calm = noticed(seconds, { expected: seconds });
    expect(calm.polls).toBeLessThanOrEqual(3);
    expect(calm.late).toBeLessThan(seconds < 60 ? 0.07 : 0.02);
    expect(noticed(seconds, { expected: seconds, isCrowded: true }).polls).toBe(1);
  });

  it.each([1.1, 1.3, 2])('that takes %f times as long as expected is noticed soon, by a few more', (times) => {
    const { polls, late } = noticed(300 * times, { expected: 300 });
    expect(polls).toBeLessThanOrEqual(30);
    expect(late).toBeLessThan(0.06);
  });

  it('that nobody expects is looked at in a crowd where it is among the first of its kind', () => {
    const { late } = noticed(400, { isCrowded: true });
    expect(late).toBeLessThan(0.1);
    expect(noticed(400, { isCrowded: true, isToldByOthers: true }).polls).toBe(1);
  });

  it('that ends long before it is expected to, as failures do, is noticed halfway', () => {
    const { polls, late } = noticed(20, { expected: 400 });
    expect(polls).toBe(1);
    expect(late * 20).toBeLessThan(200);
  });

  it.each([1, 30, 300, 1_000])(
    'of %d s that nobody expects is noticed within a twentieth, two seconds or fifteen',
    (seconds) => {
      const { late } = noticed(seconds, {});
      expect(late * seconds).toBeLessThanOrEqual(Math.min(15, Math.max(2, seconds / 20)));
    },
  );

  it.each([60, 217, 411, 569])(
    'of %d s is not looked at a moment too early: Azure asks for a longer pause then',
    (seconds) => {
      const { late } = noticed(seconds + 0.3, { expected: seconds, retryAfter: 30 });
      expect(late * seconds).toBeLessThan(1.5);
    },
  );

  it('is left alone for as long as Azure asks', () => {
    expect(noticed(300, { retryAfter: 30 }).polls).toBe(10);
    expect(noticed(300, { expected: 300, retryAfter: 30 }).polls).toBe(2);
  });
});

describe('what a worker learns', () => {
  it('is the shortest quarter of the last, by kind and size', () => {
    const durations = new Durations();
    expect(durations.expectedMs('updateCluster')).toBe(217_000);
    expect(durations.expectedMs('reimagePool', '3')).toBeUndefined();
    for (const seconds of [400, 100, 200, 300]) durations.learn('reimagePool', seconds * 1_000, '3');
    expect(durations.expectedMs('reimagePool', '3')).toBe(200_000);
    expect(durations.expectedMs('reimagePool', '4')).toBeUndefined();
    for (let count = 0; count < 16; count += 1) durations.learn('reimagePool', 500_000, '3');
    expect(durations.expectedMs('reimagePool', '3')).toBe(500_000);
  });

  it('is the longest quarter of commands, whose results may be asked for only seldom', () => {
    const durations = new Durations();
    for (const seconds of [4, 1, 2, 3]) durations.learn('command', seconds * 1_000, 'lookInside');
    expect(durations.expectedMs('command', 'lookInside')).toBe(4_000);
    const late = { elapsedMs: 30_000, expectedMs: 29_000, isCrowded: false, retryAfterMs: undefined };
    expect(pollDelayMs({ ...late, isScarce: true })).toBe(10_000);
    expect(pollDelayMs(late)).toBe(2_000);
  });
});

describe('a question of many', () => {
  it('is asked once for all who come while it is on its way, after they came', async () => {
    const connection = {};
    const answered: (() => void)[] = [];
    let asked = 0;
    const ask = () => {
      asked += 1;
      const answer = asked;
      return new Promise<number>((resolve) => answered.push(() => resolve(answer)));
    };
    const first = askedTogether(connection, 'q', ask);
    const others = [1, 2, 3].map(() => askedTogether(connection, 'q', ask));
    const elsewhere = askedTogether({}, 'q', ask);
    answered[0]?.();
    answered[1]?.();
    expect(await first).toBe(1);
    expect(await elsewhere).toBe(2);
    answered[2]?.();
    expect(await Promise.all(others)).toEqual([3, 3, 3]);
    expect(asked).toBe(3);
  });

  it('that fails for one is asked anew for the others', async () => {
    const connection = {};
    let asked = 0;
    const ask = async () => {
      asked += 1;
      if (asked === 1) throw new Error('busy');
      return asked;
    };
    const first = askedTogether(connection, 'q', ask);
    const second = askedTogether(connection, 'q', ask);
    await expect(first).rejects.toThrow('busy');
    expect(await second).toBe(2);
    expect(await askedTogether(connection, 'q', ask)).toBe(3);
  });

  it('is asked again where the run that asks for all is cancelled', async () => {
    const connection = {};
    let asked = 0;
    const ask = async () => {
      asked += 1;
      if (asked === 2) throw Object.assign(new Error('cancelled'), { name: 'AbortError' });
      return asked;
    };
    const all = [1, 2, 3].map(() => askedTogether(connection, 'q', ask));
    expect(await Promise.all(all)).toEqual([1, 3, 4]);
  });

  it('does not wait where its own run is cancelled, nor for a rollout where somebody waits for it', async () => {
    const connection = {};
    const never = () => new Promise<number>(() => undefined);
    const rollout = new MockActivityEnvironment({ priority: { priorityKey: 4 } });
    const asking = rollout.run(() => askedTogether(connection, 'q', never));
    const joining = rollout.run(() => askedTogether(connection, 'q', never));
    expect(await attempt().run(() => askedTogether(connection, 'q', async () => 1))).toBe(1);
    rollout.cancel();
    await expect(asking).rejects.toThrow(CancelledFailure);
    await expect(joining).rejects.toThrow(CancelledFailure);
  });
});
