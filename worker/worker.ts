import { fileURLToPath } from 'node:url';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type NativeConnection,
  Worker,
  type WorkerInterceptors,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { AzureConnection } from '../activities/arm/connection.ts';
import { createActivities } from '../activities/index.ts';
import { taskQueue } from '../contract/names.ts';

/** Bundles the workflows. The bundler tells nothing that anybody needs, unless it fails. */
export const bundleWorkflows = () =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  });

export interface AksWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  azure: AzureConnection;
  workflowBundle: WorkflowBundleOption;
  /** Default: the contract's task queue. */
  queue?: string;
  /** Default: the worker is unversioned. */
  deployment?: WorkerDeploymentVersion;
  interceptors?: WorkerInterceptors;
}

/** A worker that runs every scenario. */
export function createWorker({
  connection,
  namespace,
  azure,
  workflowBundle,
  queue = taskQueue,
  deployment,
  interceptors,
}: AksWorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: queue,
    workflowBundle,
    activities: createActivities(azure),
    ...(interceptors && { interceptors }),
    ...(deployment && {
      workerDeploymentOptions: {
        version: deployment,
        useWorkerVersioning: true,
        // A scenario may wait for days: it is finished by the build that began it.
        defaultVersioningBehavior: 'PINNED',
      },
    }),
    // Each operation in Azure holds a slot while it is polled, mostly asleep.
    maxConcurrentActivityTaskExecutions: 500,
    // Cancellation reaches an activity only with a heartbeat that is really sent.
    maxHeartbeatThrottleInterval: '1 second',
    // After a crash, workflow tasks wait this long for the dead worker.
    stickyQueueScheduleToStartTimeout: '2 seconds',
  });
}
