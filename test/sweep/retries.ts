import { ApplicationFailure } from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time.js';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Clock } from '../../activities/arm/clock.ts';

/** So long a retry really waits. */
const realDelay = '200 milliseconds';

/**
 * Lets the time between two attempts of an activity pass in the simulated Azure, and not by the machine's clock. Otherwise what
 * lasts two minutes in Azure would last for a thousand retries.
 */
export const retriesInSimulatedTime =
  (clock: Clock): ActivityInterceptorsFactory =>
  ({ cancellationSignal, info: { attempt, retryPolicy } }) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          if (!(error instanceof ApplicationFailure) || error.nonRetryable) throw error;
          const {
            initialInterval = 1_000,
            backoffCoefficient = 2,
            maximumInterval = '100 seconds',
          } = retryPolicy ?? {};
          const backoff = msToNumber(initialInterval) * backoffCoefficient ** (attempt - 1);
          const delay = error.nextRetryDelay ?? Math.min(backoff, msToNumber(maximumInterval));
          await clock.sleep(msToNumber(delay), cancellationSignal);
          const { type, message, details, cause } = error;
          throw ApplicationFailure.create({
            ...(type != null && { type }),
            message,
            details: details ?? [],
            ...(cause && { cause }),
            nextRetryDelay: realDelay,
          });
        }
      },
    },
  });
