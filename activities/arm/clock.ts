import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { activityInfo, Context } from '@temporalio/activity';

/** The time in which activities wait, and by which they bound their waits; in milliseconds. */
export interface Clock {
  now(): number;
  /** The time of this clock at a time of the machine's clock, which Temporal's timestamps have. */
  at(machineMs: number): number;
  /** @throws AbortError */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const machineClock: Clock = {
  now: Date.now,
  at: (machineMs) => machineMs,
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};
const clocks = new AsyncLocalStorage<Clock>();
const clock = (): Clock => clocks.getStore() ?? machineClock;

/** The same activities, on another clock than the machine's. */
export const onClock = <A extends Record<string, (...given: never[]) => Promise<unknown>>>(
  other: Clock,
  activities: A,
): A =>
  Object.fromEntries(
    Object.entries(activities).map(([name, act]) => [name, (...given: never[]) => clocks.run(other, act, ...given)]),
  ) as A;

export const now = (): number => clock().now();

/** Milliseconds since the activity was scheduled, over all its attempts. */
export const elapsedMs = (until = now()): number => until - clock().at(activityInfo().scheduledTimestampMs);

/** Milliseconds that had passed then when this attempt was scheduled. */
export const elapsedBeforeMs = (): number => elapsedMs(clock().at(activityInfo().currentAttemptScheduledTimestampMs));

/** Waits, unless the activity is cancelled. @throws AbortError */
export const pause = (ms: number): Promise<void> => clock().sleep(ms, Context.current().cancellationSignal);
