import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import type { DataConverter, WorkerDeploymentVersion } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  bundleWorkflowCode,
  DefaultLogger,
  type NativeConnection,
  Worker,
  type WorkerInterceptors,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { type AzureConnection, azureClients } from '../activities/arm/connection.ts';
import { createActivities } from '../activities/index.ts';
import { readSubscription } from '../activities/subscriptions.ts';
import type { Webhook } from '../activities/webhook.ts';
import { taskQueue } from '../contract/names.ts';
import { exceptTelling, guardActivities, guardReadOnly } from './activityGuard.ts';
import { trackActivities } from './metrics.ts';
import { nexusServices } from './nexus.ts';
import { guardPolicy, type TenantOf } from './policyGuard.ts';
import { tellRequestCounts, withRequestCounts } from './requestCounts.ts';
import { traceActivities, traceSinks } from './tracing.ts';

/**
 * Bundles the workflows. The bundler's messages help only if it fails.
 *
 * All runs share their modules. By default the SDK loads them anew for each run that is in the cache, which took 2.4 MiB and 29 ms of CPU
 * each. They keep nothing of a run: `test/workflows/sharedModules.test.ts`. The SDK freezes what such modules export, and zod's schemas
 * change when they are first used; joined to one module, the schemas are no exports.
 *
 * @param dataConverter As the worker's.
 * @param withSources For a debugger that does not find the files. A worker keeps the bundle twice, in memory. Default: false.
 */
export const bundleWorkflows = async ({ dataConverter, withSources = false }: BundleOptions = {}) => {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({
    ...(dataConverter?.failureConverterPath !== undefined && {
      failureConverterPath: dataConverter.failureConverterPath,
    }),
    payloadConverterPath: fileURLToPath(new URL('../codec/lenientMemos.ts', import.meta.url)),
    workflowsPath,
    preloadModules: [workflowsPath],
    webpackConfigHook: (config) => ({
      ...config,
      ...(!withSources && { devtool: 'inline-nosources-source-map' }),
      plugins: [...(config.plugins ?? []), documentationUrl],
      optimization: { ...config.optimization, providedExports: true, usedExports: true, concatenateModules: true },
    }),
    workflowInterceptorModules: ['resetRun', 'tracing'].map((module) =>
      fileURLToPath(new URL(`../workflows/engine/${module}.ts`, import.meta.url)),
    ),
    logger: new DefaultLogger('WARN'),
  });
  return { code: inSingleBytes(code) };
};

interface BundleOptions extends Pick<AksWorkerOptions, 'dataConverter'> {
  withSources?: boolean;
}

/** For one dash, V8 would keep two bytes for each character. */
const inSingleBytes = (code: string): string =>
  code.replace(/[\u0100-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** As much of webpack's compiler as is used. */
interface WithDefinePlugin {
  webpack: { DefinePlugin: new (definitions: Record<string, string>) => { apply(compiler: unknown): void } };
}

/** Workflows have no environment: the bundle says where their documentation is. */
const documentationUrl = {
  apply(compiler: WithDefinePlugin): void {
    const value = JSON.stringify(process.env.DOCUMENTATION_URL ?? '');
    new compiler.webpack.DefinePlugin({ 'process.env.DOCUMENTATION_URL': value }).apply(compiler);
  },
};

export interface AksWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  azure: AzureConnection;
  workflowBundle: WorkflowBundleOption;
  /** Default: the contract's task queue. */
  queue?: string;
  /** Default: the worker is unversioned. */
  deployment?: WorkerDeploymentVersion;
  /** Default: nobody is told what runs come to. */
  webhook?: Webhook;
  interceptors?: WorkerInterceptors;
  /** Default: payloads are not encrypted. */
  dataConverter?: DataConverter;
  /** How many activities it runs at the same time. Default: 500. */
  activitySlots?: number;
}

/**
 * As many as activities at the same time. Each takes 0.25 MiB of the workflow thread's heap, of which half may go to them. The SDK would
 * keep 2,400 on a machine of 16 GiB. One that has left the cache is replayed when something happens to it.
 */
function cachedRuns(): number {
  const heapMiB = getHeapStatistics().heap_size_limit / 2 ** 20;
  return Math.max(10, Math.min(500, Math.floor((heapMiB - 200) * 2)));
}

/** A worker that is asked to stop hands its operations over at once. Activities that hang are given up after so many seconds. */
export const shutdownSeconds = 30;

/** The guards that each activity passes before it begins. */
function guards(azure: AzureConnection): ActivityInterceptorsFactory[] {
  const { policy, readOnly } = azure;
  return [
    guardActivities,
    ...(readOnly ? [exceptTelling(guardReadOnly)] : []),
    ...(policy ? [exceptTelling(guardPolicy(policy, tenantReader(azure)))] : []),
  ];
}

/** A subscription keeps its tenant for as long as a worker lives: each is asked once. */
function tenantReader(azure: AzureConnection): TenantOf {
  const clients = azureClients(azure);
  const known = new Map<string, string>();
  return async (subscriptionId) => {
    const tenant = known.get(subscriptionId) ?? (await readSubscription(clients, subscriptionId))?.tenantId;
    if (tenant !== undefined) known.set(subscriptionId, tenant);
    return tenant;
  };
}

/** A worker that runs every scenario. */
export function createWorker({
  connection,
  namespace,
  azure,
  workflowBundle,
  queue = taskQueue,
  deployment,
  webhook,
  interceptors,
  dataConverter,
  activitySlots = 500,
}: AksWorkerOptions): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: queue,
    workflowBundle,
    activities: createActivities(azure, webhook),
    nexusServices: nexusServices(azure.readOnly === true),
    dataConverter: withRequestCounts(dataConverter),
    interceptors: {
      ...interceptors,
      activity: [
        tellRequestCounts,
        traceActivities,
        ...guards(azure),
        trackActivities,
        ...(interceptors?.activity ?? []),
      ],
    },
    sinks: traceSinks,
    ...(deployment && {
      workerDeploymentOptions: {
        version: deployment,
        useWorkerVersioning: true,
        // A scenario may wait for days. The build that began it also finishes it.
        defaultVersioningBehavior: 'PINNED',
      },
    }),
    // An activity that polls an operation in Azure holds a slot and mostly sleeps: the SDK's default of 100 would leave the
    // worker idle.
    maxConcurrentActivityTaskExecutions: activitySlots,
    maxCachedWorkflows: cachedRuns(),
    shutdownForceTime: `${shutdownSeconds} seconds`,
    // Cancellation, pause and reset reach an activity only with a heartbeat that is really sent. By default the SDK sends
    // one after 80 % of the heartbeat timeout: 24 of 30 seconds.
    maxHeartbeatThrottleInterval: '1 second',
    // After a crash, workflow tasks wait this long for the dead worker: 10 seconds by default. A live worker takes a task
    // within milliseconds; a busy one that misses 2 seconds only has to replay a history of some hundred events.
    stickyQueueScheduleToStartTimeout: '2 seconds',
  });
}
