import { Worker } from '@temporalio/worker';
import { type BenchWorker, runWorker, startWorkerProcess } from '../workerProcess.ts';

interface NoOpsPlan {
  /** `host:port` of the Temporal server. */
  temporal: string;
  queue: string;
}

/** Starts a worker for `noOps` as a process of its own. */
export const startNoOpsWorker = (plan: NoOpsPlan): Promise<BenchWorker> =>
  startWorkerProcess(import.meta.filename, plan);

if (import.meta.main)
  await runWorker<NoOpsPlan>(({ queue }, connection) =>
    Worker.create({
      connection,
      taskQueue: queue,
      workflowsPath: new URL('workflows.ts', import.meta.url).pathname,
      activities: { nothing: async () => undefined },
    }),
  );
