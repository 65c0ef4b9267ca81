import { z } from 'zod';
import type { Clock } from '../../activities/arm/clock.ts';
import { controlApi, simulatedIdentity } from '../../scripts/local/simulatorClient.ts';
import { startTestWorker } from '../support/harness.ts';

/** A worker process that dies without warning before or after its n-th activity; other workers finish what it had begun. */
export const crashPlan = z.strictObject({
  endpoint: z.string(),
  ca: z.string(),
  tokenEndpoint: z.string(),
  taskQueue: z.string(),
  /** From 1. Default: it lives until it is killed. */
  activity: z.int().positive().optional(),
  when: z.enum(['before', 'after']).optional(),
});
export type CrashPlan = z.output<typeof crashPlan>;

/** Waits let the time pass in the simulated Azure, as those of workers in the tests' own process do: nobody else would. */
function simulatedClock(tokenEndpoint: string): Clock {
  const port = Number(new URL(tokenEndpoint).port);
  let passedMs = 0;
  return {
    now: () => performance.now() + passedMs,
    at: (temporalMs) => temporalMs,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      await controlApi({ port }, 'clock', 'POST', { advanceSeconds: ms / 1000 });
      passedMs += ms;
    },
  };
}

if (import.meta.main) {
  const { endpoint, ca, tokenEndpoint, taskQueue, activity, when } = crashPlan.parse(
    JSON.parse(process.env.CRASH_PLAN ?? ''),
  );
  let seen = 0;
  const crash = () => process.kill(process.pid, 'SIGKILL');
  await startTestWorker(
    {
      credential: simulatedIdentity(tokenEndpoint),
      endpoint,
      tlsOptions: { ca: [ca] },
      clock: simulatedClock(tokenEndpoint),
    },
    taskQueue,
    {
      interceptors: {
        activity: [
          ({ info }) => ({
            inbound: {
              async execute(input, next) {
                seen += 1;
                const isLast = seen === activity;
                if (isLast && when === 'before') crash();
                try {
                  const result = await next(input);
                  if (isLast) crash();
                  return result;
                } finally {
                  process.stdout.write(`ended ${info.activityType}\n`);
                }
              },
            },
          }),
        ],
      },
    },
  );
}
