import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../activities/arm/clock.ts';
import { simulatedIdentity } from '../scripts/local/simulatorClient.ts';
import { createWorker } from '../worker/worker.ts';
import { type BenchWorker, runWorker, startWorkerProcess } from './workerProcess.ts';

interface WorkerPlan {
  /** `host:port` of the Temporal server. */
  temporal: string;
  queue: string;
  /** The simulator's. */
  speed: number;
  /** File with the bundled workflows. */
  bundle: string;
  endpoint: string;
  ca: string;
  tokenEndpoint: string;
  /** How many activities it runs at the same time. Default: as many as a worker does. */
  activitySlots?: number;
}

/** At this speed a cluster is there within a millisecond. */
export const noLatency = 1_000_000;

/**
 * Starts a worker as a process of its own. Pauses of its activities are as long in simulated time as they are at real speed: their
 * clock runs as fast. Temporal's clock does not, so that retries are later than they would be.
 */
export const startBenchWorker = (plan: WorkerPlan): Promise<BenchWorker> =>
  startWorkerProcess(import.meta.filename, plan);

function fastClock(speed: number): Clock {
  return {
    now: () => performance.now() * speed,
    at: (temporalMs) => temporalMs * speed,
    // A timer takes a millisecond at least.
    sleep: (ms, signal) => (ms < speed / 2 ? turn(undefined, { signal }) : delay(ms / speed, undefined, { signal })),
  };
}

/** Where Azure has no latency, nothing is waited for: this clock is at once where somebody waits for. */
function jumpingClock(): Clock {
  let skippedMs = 0;
  const now = () => performance.now() + skippedMs;
  return {
    now,
    at: (temporalMs) => temporalMs,
    jumps: true,
    async sleep(ms, signal) {
      const until = now() + ms;
      await turn(undefined, { signal });
      skippedMs += Math.max(0, until - now());
    },
  };
}

if (import.meta.main)
  await runWorker<WorkerPlan>(({ queue, speed, bundle, endpoint, ca, tokenEndpoint, activitySlots }, connection) =>
    createWorker({
      connection,
      namespace: 'default',
      queue,
      azure: {
        credential: simulatedIdentity(tokenEndpoint),
        endpoint,
        tlsOptions: { ca: [ca] },
        clock: speed === noLatency ? jumpingClock() : fastClock(speed),
      },
      workflowBundle: { codePath: bundle },
      ...(activitySlots !== undefined && { activitySlots }),
    }),
  );
