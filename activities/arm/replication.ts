import { applicationFailure, isFailure, isNotFound, retryable } from '../../contract/failures.ts';
import { checkpoint } from './checkpoint.ts';
import { adaptiveDelayMs, elapsedMs, now, pause } from './clock.ts';

/**
 * Time for ARM's regions to agree on a resource that was created or deleted. Until then some of them answer as before. Azure
 * documents no bound: as a rule it takes seconds, and two minutes are an assumption on the safe side.
 */
export const replicationLagMs = 2 * 60_000;

/** Pause between looks while regions disagree: as a rule they agree within seconds. */
export const replicationPause = '2 seconds';

/** Whether an activity may still see Azure as it was before the run's last steps. */
export const mayLag = (): boolean => elapsedMs() < replicationLagMs;

/** Reads until all regions of ARM may know of a write, or what is read is right. @returns what was read last. */
export async function onceReplicated<T>(read: () => Promise<T>, isRight: (seen: T) => boolean): Promise<T> {
  const startedAt = now();
  for (;;) {
    // The last read is asked for after the lag, however long the answers take.
    const waitedMs = now() - startedAt;
    const seen = await read();
    if (isRight(seen) || waitedMs > replicationLagMs) return seen;
    await pause(adaptiveDelayMs(waitedMs));
  }
}

/**
 * Reads what this activity is about to make. Where it may have sent the request already, and only the answer was lost, a 404 is not
 * believed at once: the region that answers may not know yet.
 */
export const readOnceSent = <T>(read: () => Promise<T | undefined>): Promise<T | undefined> => {
  const { sent } = checkpoint();
  return onceReplicated(read, (seen) => seen !== undefined || !sent);
};

/**
 * The failure to throw where a parent is not found. It is retried while ARM's regions may not know the parent yet; a subscription
 * is none that a run has just made.
 */
export function retriedWhileReplicating(error: unknown): unknown {
  const failure = applicationFailure(error);
  const isParent = isNotFound(error) && !isFailure(error, 'SubscriptionNotFound');
  if (!failure || !isParent || !mayLag()) return error;
  return retryable(failure, replicationPause);
}
