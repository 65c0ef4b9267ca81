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

/** Where Azure has no latency, nothing is waited for. A run then seems to take minutes: what Azure lets be asked in them is enough. */
function fastClock(speed: number): Clock {
  const rate = speed >= noLatency ? 60 : speed;
  return {
    now: () => performance.now() * rate,
    at: (temporalMs) => temporalMs * rate,
    // A timer takes a millisecond at least.
    sleep: (ms, signal) => (ms < speed / 2 ? turn(undefined, { signal }) : delay(ms / speed, undefined, { signal })),
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
        clock: fastClock(speed),
      },
      workflowBundle: { codePath: bundle },
      ...(activitySlots !== undefined && { activitySlots }),
    }),
  );
