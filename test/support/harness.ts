import { randomUUID } from 'node:crypto';
import { readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, Connection, type WorkflowClientInterceptor, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type TemporalFailure } from '@temporalio/common';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  type ReplayResult,
  Runtime,
  Worker,
} from '@temporalio/worker';
import type { AzureConnection } from '../../activities/arm/connection.ts';
import { AksIsolationClient } from '../../client/index.ts';
import type { FailureDetails, Problem } from '../../contract/index.ts';
import { traceSinks } from '../../worker/tracing.ts';
import { type AksWorkerOptions, createWorker } from '../../worker/worker.ts';
import { type AzureOptions, type SimulatedAzure, startSimulatedAzure } from './azure.ts';
import { runLeanWorkflows } from './leanWorkflows.ts';
import { sampled } from './sampled.ts';

/** A simulated Azure of its own, a worker on a task queue of its own, and the server that all tests share. */
export interface Harness {
  azure: SimulatedAzure;
  temporal: Client;
  client: AksIsolationClient;
  taskQueue: string;
  /** Leaves everything else as it is. */
  stopWorker(): Promise<void>;
  /** Replays histories of what ran, then stops all. */
  close(options?: { replay: boolean }): Promise<void>;
}

/** @param options `azure`: one that is there already. */
export async function startHarness({
  azure: given,
  interceptors,
  webhook,
  ...options
}: AzureOptions & { azure?: SimulatedAzure } & Pick<
    AksWorkerOptions,
    'interceptors' | 'webhook'
  > = {}): Promise<Harness> {
  const azure = given ?? (await startSimulatedAzure(options));
  const connection = await Connection.connect({ address: temporalAddress() });
  const temporal = new Client({ connection, interceptors: { workflow: [ownIds] } });
  const taskQueue = `test-${randomUUID()}`;
  const worker = await startTestWorker(azure.connection, taskQueue, {
    ...(interceptors && { interceptors }),
    ...(webhook && { webhook }),
  });
  let stopped: Promise<void> | undefined;
  const stopWorker = () => {
    stopped ??= worker.stop();
    return stopped;
  };
  return {
    azure,
    temporal,
    client: new AksIsolationClient(temporal, taskQueue),
    taskQueue,
    stopWorker,
    async close({ replay } = { replay: true }) {
      await stopWorker();
      if (replay) await replayAll(temporal, taskQueue);
      await Promise.all([connection.close(), azure.close()]);
    },
  };
}

/** Jest loads this module for each test file. */
const testFile = randomUUID();

/** All test files share the server: one that runs a scenario on another's cluster would be refused now and then. */
const ownIds: WorkflowClientInterceptor = {
  async startWithDetails(input, next) {
    const { workflowId } = input.options;
    const claim = join(dirname(environment('TEST_WORKFLOW_BUNDLE')), encodeURIComponent(workflowId));
    try {
      symlinkSync(testFile, claim);
    } catch {
      if (readlinkSync(claim) !== testFile)
        throw new Error(`Another test file has ${workflowId}: give its cluster another name`);
    }
    return next(input);
  },
};

let isInstalled = false;

/** The runtime keeps the process alive from here to the end of its last worker: nobody else may install it. */
function installRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  runLeanWorkflows();
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
}

/** A worker on the server that all tests share. */
export async function startTestWorker(
  azure: AzureConnection,
  queue: string,
  options: Partial<
    Pick<AksWorkerOptions, 'interceptors' | 'dataConverter' | 'workflowBundle' | 'activitySlots' | 'webhook'>
  > = {},
): Promise<{ stop(): Promise<void> }> {
  installRuntime();
  const connection = await NativeConnection.connect({ address: temporalAddress() });
  const worker = await createWorker({
    connection,
    namespace: 'default',
    azure,
    workflowBundle: { codePath: environment('TEST_WORKFLOW_BUNDLE') },
    queue,
    ...options,
  });
  const running = worker.run();
  return {
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

/** The failure of a scenario. Fails the test if the scenario did not fail. */
export async function failureOf(result: Promise<unknown>): Promise<TemporalFailure> {
  const error = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowFailedError) || !error.cause)
    throw new Error(`Expected a failed workflow, got ${error}`);
  return error.cause as TemporalFailure;
}

export async function problemsOf(result: Promise<unknown>): Promise<{ type: string; problems: Problem[] }> {
  const failure = await failureOf(result);
  if (!(failure instanceof ApplicationFailure)) throw failure;
  return { type: failure.type ?? '', problems: (failure.details?.[0] ?? []) as Problem[] };
}

export async function failureDetailsOf(
  result: Promise<unknown>,
): Promise<{ failure: ApplicationFailure; details: FailureDetails }> {
  const failure = await failureOf(result);
  if (!(failure instanceof ApplicationFailure)) throw failure;
  return { failure, details: failure.details?.[0] as FailureDetails };
}

/** Replays one history after the other with today's workflow code. */
export interface Replayer {
  /** @throws DeterminismViolationError where the code does not take it */
  replay(history: unknown, workflowId: string): Promise<void>;
  close(): Promise<void>;
}

/** A worker for many replays: to start one takes longer than a replay. */
export function startReplayer(): Replayer {
  let given: { history: unknown; workflowId: string } | undefined;
  const results = replays(
    (async function* () {
      while (given) yield given;
    })(),
  );
  return {
    async replay(history, workflowId) {
      given = { history, workflowId };
      const { value } = await results.next();
      if (value?.error) throw value.error;
    },
    async close() {
      given = undefined;
      await results.next();
    },
  };
}

function replays(
  histories: AsyncIterable<{ history: unknown; workflowId: string }>,
): AsyncIterator<ReplayResult> & AsyncIterable<ReplayResult> {
  installRuntime();
  const workflowBundle = { codePath: environment('TEST_WORKFLOW_BUNDLE') };
  return Worker.runReplayHistories({ workflowBundle, sinks: traceSinks }, histories);
}

/**
 * Today's workflow code must take the histories that the tests made. To replay all of them is an eighth of the CPU of the
 * scenarios' tests: `npm test` replays one in four, the same ones each time.
 */
export async function replayAll(temporal: Client, taskQueue: string): Promise<void> {
  let seen = 0;
  for await (const { error } of replays(historiesOf(temporal, taskQueue))) {
    if (error) throw error;
    seen += 1;
  }
  if (seen === 0) throw new Error('No history was replayed');
}

async function* historiesOf({ workflow }: Client, taskQueue: string) {
  const runs: { workflowId: string; runId: string; startTime: Date }[] = [];
  for await (const { workflowId, runId, startTime } of workflow.list({ query: `TaskQueue = '${taskQueue}'` }))
    runs.push({ workflowId, runId, startTime });
  // The server lists what has ended last first, and tests end in any order.
  runs.sort((a, b) => a.workflowId.localeCompare(b.workflowId) || Number(a.startTime) - Number(b.startTime));
  for (const { workflowId, runId } of sampled(runs, 4))
    yield { workflowId, history: await workflow.getHandle(workflowId, runId).fetchHistory() };
}

/** Address of the server that all tests share. */
export const temporalAddress = (): string => environment('TEST_TEMPORAL_ADDRESS');

/** File of the Temporal CLI: to find and to try it takes a process. */
export const temporalCli = (): string => environment('TEST_TEMPORAL_CLI');

/** For worker processes, each of which would bundle the workflows anew. */
export const bundleFolder = (): string => dirname(environment('TEST_WORKFLOW_BUNDLE'));

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with jest's global setup`);
  return value;
}
