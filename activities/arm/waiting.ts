import { applicationFailure, final, retryable } from '../../contract/failures.ts';
import { retriedForMs } from './clock.ts';

/** Bound on a wait. Left out by version 0.1, whose retry policy is the bound. */
export interface WaitBound {
  timeoutMinutes?: number;
}

/**
 * Looks once whether a wait is over: Temporal's retry is the wait. The last look is at the bound, and what it finds counts, however
 * long the activity has waited for a worker.
 *
 * The pause is a tenth of the time waited so far, so that the end is noticed within 10 %. At least 250 ms, for a provider may be
 * registered in a second.
 *
 * @param look Fails with a failure that is tried again for as long as the wait is not over.
 * @param mostDelayMs At most so long. By default five minutes, which come after 50: a month of them is below 9,000 looks.
 */
export async function awaiting<T>(
  { timeoutMinutes = Number.POSITIVE_INFINITY }: WaitBound,
  look: () => Promise<T>,
  mostDelayMs = 5 * 60_000,
): Promise<T> {
  try {
    return await look();
  } catch (error) {
    const failure = applicationFailure(error);
    if (!failure || failure.nonRetryable) throw error;
    const waitedMs = retriedForMs();
    const leftMs = timeoutMinutes * 60_000 - waitedMs;
    if (leftMs <= 0) throw final(failure);
    const delayMs = Math.min(mostDelayMs, Math.max(250, waitedMs / 10), leftMs);
    // Azure's own delay, where it throttles, is the longer one as a rule.
    throw retryable(failure, failure.nextRetryDelay ?? delayMs);
  }
}
