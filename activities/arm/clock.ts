import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { activityInfo, Context } from '@temporalio/activity';
import { isAzures } from '../../resources/clouds.ts';

/** The time in which activities wait, and by which they bound their waits; in milliseconds. */
export interface Clock {
  /** From any beginning: only differences mean something. */
  now(): number;
  /** The time of this clock at a time of Temporal's clock, from any beginning. */
  at(temporalMs: number): number;
  /** How many of its milliseconds pass in one of the machine's, if a Retry-After is in the machine's. Default: 1. */
  readonly rate?: number;
  /** Whether it jumps to where somebody waits for. Default: false. */
  readonly jumps?: boolean;
  /** @throws AbortError */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A worker's time of day may be minutes off, and be put right meanwhile. Patience is measured by what only goes forward. */
const machineClock: Clock = {
  now: () => performance.now(),
  at: (temporalMs) => temporalMs,
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

/** The clock of each attempt of an activity, and the time on it when the attempt began. */
const attempts = new AsyncLocalStorage<{ clock: Clock; startedAt: number }>();
const clock = (): Clock => attempts.getStore()?.clock ?? machineClock;

/** The same activities, measuring time and waiting by another clock. */
export const onClock = <A extends Record<string, (...given: never[]) => Promise<unknown>>>(
  activities: A,
  by: Clock = machineClock,
): A =>
  Object.fromEntries(
    Object.entries(activities).map(([name, act]) => [
      name,
      (...given: never[]) => attempts.run({ clock: by, startedAt: by.now() }, act, ...given),
    ]),
  ) as A;

export const now = (): number => clock().now();

/** Milliseconds since the activity was scheduled, over all its attempts. The wait of this one for a worker does not count. */
export const elapsedMs = (): number => {
  const { startedAt } = attempts.getStore() ?? { startedAt: now() };
  return elapsedBeforeMs() + now() - startedAt;
};

/** Milliseconds that had passed when this attempt was scheduled. Both times are Temporal's, whatever the worker's clock shows. */
export const elapsedBeforeMs = (): number => {
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
  return clock().at(currentAttemptScheduledTimestampMs) - clock().at(scheduledTimestampMs);
};

/** Milliseconds from the first attempt to this one by Temporal's clock: it is Temporal that waits in between. */
export const retriedForMs = (): number => {
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = activityInfo();
  return currentAttemptScheduledTimestampMs - scheduledTimestampMs;
};

/**
 * Whether this clock tells how long things take behind an address: the machine's does in Azure alone, for time may pass otherwise in a
 * simulated one.
 */
export const isInAzuresTime = (url: string): boolean => clock() !== machineClock || isAzures(url);

/** Milliseconds of this clock for milliseconds of the machine's, such as those of a Retry-After. */
export const byClock = (machineMs: number): number => machineMs * (clock().rate ?? 1);

/** As {@link now}, but at the machine's pace where time passes by itself. */
export const nowAtMachinePace = (): number => (clock().jumps ? now() : performance.now());

/** Waits, unless the activity is cancelled. @throws AbortError */
export const pause = (ms: number): Promise<void> => clock().sleep(ms, Context.current().cancellationSignal);

/**
 * A twentieth of the time waited so far, so that the end is noticed within 5 %. At least 100 ms, about what a request takes.
 * At most 15 s, for ARM itself asks for 10 s (registries) to 30 s (clusters).
 */
export const adaptiveDelayMs = (elapsedMs: number): number => Math.min(15_000, Math.max(100, elapsedMs / 20));
