import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultAzureCredential } from '@azure/identity';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type TemporalFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { AzureConnection } from '../../activities/connection.ts';
import { AksIsolationClient } from '../../client/index.ts';
import type { CreateClusterInput, FailureDetails, Problem } from '../../contract/index.ts';
import {
  type FaultRule,
  type RecordedRequest,
  type ResetRequest,
  type Simulator,
  startSimulator,
} from '../../simulator/index.ts';
import { createWorker } from '../../worker/worker.ts';

export const subscriptionId = '11111111-1111-1111-1111-111111111111';

/** A simulated Azure of its own, a worker on a task queue of its own, and the server that all tests share. */
export interface Harness {
  azure: SimulatedAzure;
  temporal: Client;
  client: AksIsolationClient;
  taskQueue: string;
  /** Replays the histories of everything that ran, then stops all. */
  close(): Promise<void>;
}

export interface HarnessOptions {
  speed?: number;
  edition?: 'current' | '2024-preview';
}

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const azure = await startSimulatedAzure(options);
  const address = environment('TEST_TEMPORAL_ADDRESS');
  const workflowBundle = { codePath: environment('TEST_WORKFLOW_BUNDLE') };
  const [connection, native] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const temporal = new Client({ connection });
  const taskQueue = `test-${randomUUID()}`;
  const worker = await createWorker({
    connection: native,
    namespace: 'default',
    azure: azure.connection,
    workflowBundle,
    queue: taskQueue,
  });
  const running = worker.run();
  return {
    azure,
    temporal,
    client: new AksIsolationClient(temporal, taskQueue),
    taskQueue,
    async close() {
      worker.shutdown();
      await running;
      await replayAll(temporal, taskQueue, workflowBundle);
      await Promise.all([connection.close(), native.close(), azure.close()]);
    },
  };
}

export interface SimulatedAzure {
  simulator: Simulator;
  connection: AzureConnection;
  /** Injects a fault into the simulator. */
  fault(rule: FaultRule): Promise<void>;
  reset(seed?: ResetRequest): Promise<void>;
  /** Everything that was asked of Azure, oldest first; writes only, if asked. */
  recorded(): Promise<RecordedRequest[]>;
  writes(path?: RegExp): Promise<string[]>;
  close(): Promise<void>;
}

export async function startSimulatedAzure({
  speed = 2000,
  edition = 'current',
}: HarnessOptions = {}): Promise<SimulatedAzure> {
  const folder = await mkdtemp(join(tmpdir(), 'aks-isolation-recording-'));
  const recordFile = join(folder, 'requests.jsonl');
  const simulator = await startSimulator({ speed, edition, recordFile });
  // What a managed identity of App Service would find in its environment; the same for every simulator.
  process.env.IDENTITY_ENDPOINT = simulator.tokenEndpoint;
  process.env.IDENTITY_HEADER = 'test';
  const connection: AzureConnection = {
    credential: new DefaultAzureCredential({ tlsOptions: { ca: simulator.ca } }),
    endpoint: simulator.endpoint,
    tlsOptions: { ca: [simulator.ca] },
  };
  const control = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${simulator.port}/simulator/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };
  const recorded = async (): Promise<RecordedRequest[]> =>
    (await readFile(recordFile, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return {
    simulator,
    connection,
    fault: (rule) => control('faults', rule),
    reset: (seed = {}) => control('reset', seed),
    recorded,
    async writes(path = /./) {
      const requests = (await recorded()).filter(({ method, url }) => method !== 'GET' && path.test(url));
      return requests.map(({ method, url, status }) => `${method} ${new URL(url).pathname} ${status}`);
    },
    async close() {
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The smallest valid input for a cluster of this name. */
export function input(name: string, more: Partial<CreateClusterInput> = {}): CreateClusterInput {
  return {
    cluster: { subscriptionId, resourceGroup: `rg-${name}`, name },
    location: 'westeurope',
    registry: { mode: 'managed' },
    apiServerAccess: 'privateLink',
    ...more,
  };
}

/** What a scenario failed with. Fails the test if it did not. */
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

/** Today's workflow code must take every history that the tests made. */
async function replayAll(temporal: Client, taskQueue: string, workflowBundle: { codePath: string }): Promise<void> {
  const seen = new Set<string>();
  for await (const { workflowId, runId } of temporal.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    seen.add(runId);
  }
  if (seen.size === 0) throw new Error('No history was replayed');
}

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with jest's global setup`);
  return value;
}
