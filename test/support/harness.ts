import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { ResourceManagementClient } from '@azure/arm-resources';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, type TemporalFailure } from '@temporalio/common';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerInterceptors,
} from '@temporalio/worker';
import type { AzureConnection } from '../../activities/arm/connection.ts';
import { AksIsolationClient } from '../../client/index.ts';
import type { CreateClusterInput, FailureDetails, Problem } from '../../contract/index.ts';
import { controlApi, managedIdentity } from '../../scripts/local/simulatorClient.ts';
import {
  type RecordedRequest,
  type ResetRequest,
  type Simulator,
  type Speed,
  startSimulator,
} from '../../simulator/index.ts';
import { createWorker } from '../../worker/worker.ts';
import { type Arm, armClient } from './arm.ts';
import { waitFor } from './waitFor.ts';

export const subscriptionId = '11111111-1111-1111-1111-111111111111';

/** A simulated Azure of its own, a worker on a task queue of its own, and the server that all tests share. */
export interface Harness {
  azure: SimulatedAzure;
  temporal: Client;
  client: AksIsolationClient;
  taskQueue: string;
  /** Leaves everything else as it is. */
  stopWorker(): Promise<void>;
  /** Replays the histories of everything that ran, then stops all. */
  close(options?: { replay: boolean }): Promise<void>;
}

export interface HarnessOptions {
  speed?: Speed;
  edition?: 'current' | '2024-preview';
  /** Default: the product's. */
  requestTimeoutMs?: number;
}

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
});

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const azure = await startSimulatedAzure(options);
  const connection = await Connection.connect({ address: environment('TEST_TEMPORAL_ADDRESS') });
  const temporal = new Client({ connection });
  const taskQueue = `test-${randomUUID()}`;
  const worker = await startTestWorker(azure.connection, taskQueue);
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

/** A worker on the server that all tests share. */
export async function startTestWorker(
  azure: AzureConnection,
  queue: string,
  interceptors?: WorkerInterceptors,
): Promise<{ stop(): Promise<void> }> {
  const connection = await NativeConnection.connect({ address: environment('TEST_TEMPORAL_ADDRESS') });
  const worker = await createWorker({
    connection,
    namespace: 'default',
    azure,
    workflowBundle: { codePath: environment('TEST_WORKFLOW_BUNDLE') },
    queue,
    ...(interceptors && { interceptors }),
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

export interface SimulatedAzure extends Arm {
  simulator: Simulator;
  connection: AzureConnection;
  reset(seed?: ResetRequest): Promise<void>;
  /** Everything that was asked of Azure, oldest first; writes only, if asked. */
  recorded(fromByte?: number): Promise<RecordedRequest[]>;
  /** Where the recording ends now. */
  recordedBytes(): Promise<number>;
  writes(path?: RegExp): Promise<string[]>;
  /** Writes to a cluster or its resource group. */
  writesTo(given: CreateClusterInput): Promise<string[]>;
  /** Waits until a request like `PUT /subscriptions/…` has taken effect; the first one after this byte of the recording. */
  untilRequested(request: string, fromByte?: number): Promise<void>;
  /** What somebody else does in Azure. */
  createGroup(name: string): Promise<void>;
  createIdentity(group: string, name: string): Promise<string>;
  createForeignCluster(given: CreateClusterInput): Promise<void>;
  close(): Promise<void>;
}

export async function startSimulatedAzure({
  speed = 'demand',
  edition = 'current',
  requestTimeoutMs,
}: HarnessOptions = {}): Promise<SimulatedAzure> {
  const folder = await mkdtemp(join(tmpdir(), 'aks-isolation-recording-'));
  const recordFile = join(folder, 'requests.jsonl');
  const simulator = await startSimulator({ speed, edition, recordFile });
  const connection: AzureConnection = {
    // DefaultAzureCredential keeps the first address that it finds for the life of the process; the end-to-end tests use it.
    credential: managedIdentity(simulator.tokenEndpoint),
    endpoint: simulator.endpoint,
    tlsOptions: { ca: [simulator.ca] },
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
    ...(speed === 'demand' && { clock: simulator.clock }),
  };
  const recorded = async (fromByte = 0): Promise<RecordedRequest[]> =>
    (await readFile(recordFile))
      .subarray(fromByte)
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const writes = async (path = /./): Promise<string[]> => {
    return (await recorded()).filter(({ method, url }) => method !== 'GET' && path.test(url)).map(textOf);
  };
  const options = { endpoint: simulator.endpoint, tlsOptions: { ca: simulator.ca } };
  const { credential } = connection;
  const groups = new ResourceManagementClient(credential, subscriptionId, options).resourceGroups;
  const createGroup = async (name: string): Promise<void> => {
    await groups.createOrUpdate(name, { location: 'westeurope' });
  };
  return {
    ...armClient(simulator, async () => (await credential.getToken(simulator.endpoint))?.token ?? ''),
    simulator,
    connection,
    createGroup,
    async createIdentity(group, name) {
      if (!(await groups.checkExistence(group)).body) await createGroup(group);
      const { userAssignedIdentities } = new ManagedServiceIdentityClient(credential, subscriptionId, options);
      const { id } = await userAssignedIdentities.createOrUpdate(group, name, { location: 'westeurope' });
      return id ?? '';
    },
    async createForeignCluster({ cluster, location }) {
      const { managedClusters } = new ContainerServiceClient(credential, subscriptionId, options);
      await managedClusters.createOrUpdate(
        cluster.resourceGroup,
        cluster.name,
        {
          location,
          dnsPrefix: 'foreign',
          identity: { type: 'SystemAssigned' },
          agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
        },
        { updateIntervalInMs: 50 },
      );
    },
    untilRequested: (request, fromByte) =>
      waitFor(
        async () => (await recorded(fromByte)).some((one) => textOf(one).startsWith(request)),
        `${request} was not seen`,
      ),
    writes,
    writesTo: ({ cluster }) => writes(new RegExp(`/resourcegroups/${cluster.resourceGroup}([/?]|$)`, 'i')),
    reset: (seed = {}) => controlApi(simulator, 'reset', 'POST', seed),
    recorded,
    recordedBytes: async () => (await stat(recordFile)).size,
    async close() {
      await simulator.close();
      await rm(folder, { recursive: true });
    },
  };
}

const textOf = ({ method, url, status }: RecordedRequest): string => `${method} ${new URL(url).pathname} ${status}`;

/** Paths as the SDK spells them. */
export const groupPath = ({ cluster }: CreateClusterInput): string =>
  `/subscriptions/${subscriptionId}/resourcegroups/${cluster.resourceGroup}`;
export const clusterPath = ({ cluster }: CreateClusterInput): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`;

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

/** Fails unless today's workflow code takes a history. */
export async function replay(history: unknown, workflowId: string): Promise<void> {
  const workflowBundle = { codePath: environment('TEST_WORKFLOW_BUNDLE') };
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
}

/** Today's workflow code must take every history that the tests made. */
export async function replayAll(temporal: Client, taskQueue: string): Promise<void> {
  const seen = new Set<string>();
  for await (const { workflowId, runId } of temporal.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
    const history = await temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    await replay(history, workflowId);
    seen.add(runId);
  }
  if (seen.size === 0) throw new Error('No history was replayed');
}

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with jest's global setup`);
  return value;
}
