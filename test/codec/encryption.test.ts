import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { requestsOf } from '../../cli/report/cost.ts';
import { recordOf } from '../../cli/report/history.ts';
import { AksIsolationClient, ClusterBusyError, cancellationMemo, clusterWorkflowId } from '../../client/index.ts';
import { decoded, decrypted } from '../../client/payloads.ts';
import { readKeyRing } from '../../codec/keyRing.ts';
import { dataConverterOf, PayloadEncryption, workerConverterOf } from '../../codec/payloadEncryption.ts';
import { bundleWorkflows } from '../../worker/worker.ts';
import { aksIsolation } from '../cli/commands/support.ts';
import { waitUntil } from '../scenarios/existingCluster.ts';
import { clusterPath, input, type SimulatedAzure, startSimulatedAzure } from '../support/azure.ts';
import { startTestWorker } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';

const taskQueue = `encrypted-${randomUUID()}`;
let azure: SimulatedAzure;
let connection: Connection;
let worker: Awaited<ReturnType<typeof startTestWorker>>;
let client: AksIsolationClient;

const newKeys = (id: string) => keysIn(`${id}:${randomBytes(32).toString('base64')}`);
const keysIn = (list: string) => {
  const keys = readKeyRing({ PAYLOAD_KEYS: list });
  if (keys === undefined || Array.isArray(keys)) throw new Error('no keys');
  return keys;
};

const documentation = 'https://example.com/aks-isolation/docs';
const givenKeys = `test:${randomBytes(32).toString('base64')}`;
let bundle: Awaited<ReturnType<typeof bundleWorkflows>>;

beforeAll(async () => {
  const keys = keysIn(givenKeys);
  const converter = workerConverterOf(keys);
  azure = await startSimulatedAzure();
  connection = await Connection.connect({ address: process.env.TEST_TEMPORAL_ADDRESS ?? '' });
  process.env.DOCUMENTATION_URL = documentation;
  bundle = await bundleWorkflows(converter);
  delete process.env.DOCUMENTATION_URL;
  worker = await startTestWorker(azure.connection, taskQueue, { ...converter, workflowBundle: bundle });
  client = new AksIsolationClient(new Client({ connection, ...dataConverterOf(keys) }), taskQueue);
});
afterAll(async () => {
  await worker.stop();
  await Promise.all([connection.close(), azure.close()]);
});

/** Those of these texts that can be read in what Temporal shows of a run without the keys, its heartbeats and current details included. */
async function shown(workflowId: string, texts: readonly string[]): Promise<string[]> {
  const { workflowService } = connection;
  const run = { namespace: 'default', execution: { workflowId } };
  const described = await workflowService.describeWorkflowExecution(run);
  expect(described.pendingActivities?.[0]?.heartbeatDetails?.payloads).toHaveLength(1);
  expect(described.executionConfig?.userMetadata?.summary?.data).toBeDefined();
  const query = (queryType: string) => workflowService.queryWorkflow({ ...run, query: { queryType } });
  const answers = await Promise.all(['progress', '__temporal_workflow_metadata'].map(query));
  return found(JSON.stringify([described, answers]), texts);
}

function found(json: string, texts: readonly string[]): string[] {
  const payloads = [...json.matchAll(/"data":"([^"]*)"/g)].map(([, base64 = '']) => Buffer.from(base64, 'base64'));
  expect(payloads.length).toBeGreaterThan(3);
  const stored = `${json} ${payloads.join(' ')}`;
  return texts.filter((text) => stored.includes(text));
}

/** Those of these texts that can be read in a history without the keys. */
async function readable(workflowId: string, texts: readonly string[]): Promise<string[]> {
  const { events } = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
  const json = JSON.stringify(events);
  expect(events?.length).toBeGreaterThan(20);
  return found(json, texts);
}

it('bundles where the documentation can be read', () => {
  expect(bundle.code).toContain(documentation);
});

const message = 'Not in this subscription.';
const answer = { status: 403, code: 'RequestDisallowedByPolicy', message };
const tags = { costCentre: 'unheard-of' };
/** The names of the cluster and its group stand in the workflow ID, which is the lock, and in search attributes. */
const texts = [
  tags.costCentre,
  'costCentre',
  'westeurope',
  'privateLink',
  message,
  'managedClusters',
  'nodepool1',
  'Look at everything',
];

it('leaves nothing of an input in a history, from its start over a hold and a decision to its end', async () => {
  const given = input('encrypted', { tags, onFailure: 'hold' });
  await azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, answer });
  const run = await client.createCluster(given);
  const held = await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
  expect(JSON.stringify(held)).toContain(message);
  const kept = { method: 'PUT', path: `${clusterPath(given)}$`, operation: { held: true } } as const;
  const end = await azure.fault(kept);
  await run.decide('retry');
  await azure.untilRequested(`PUT ${clusterPath(given)} 201`);
  expect(await shown(run.workflowId, ['encrypted', ...texts])).toEqual(['encrypted']);
  await end();
  expect(await run.result()).toMatchObject({ outcome: 'verified' });
  expect(await readable(run.workflowId, ['encrypted', ...texts])).toEqual(['encrypted']);
  const { temporal } = client;
  const { events } = await temporal.workflow.getHandle(run.workflowId).fetchHistory();
  expect(await requestsOf(events ?? [], async (payloads) => [...payloads])).toBeUndefined();
  const told = await requestsOf(events ?? [], (payloads) => decrypted(temporal, payloads));
  expect(told?.verification.reads).toBeGreaterThan(10);
});

it('leaves nothing of a failure in a history, and the client reads all of it', async () => {
  const given = input('encrypted-failure', { tags });
  await azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, answer });
  const run = await client.createCluster(given);
  const failure = await run.result().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  expect(failure).toMatchObject({ cause: { message: expect.stringContaining(message) } });
  expect(await readable(run.workflowId, texts)).toEqual([]);
});

it('goes on where somebody sends what nobody can decrypt, and refuses it at once', async () => {
  const given = input('encrypted-otherwise', { onFailure: 'hold' });
  await azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, answer });
  const run = await client.createCluster(given);
  await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
  const stranger = new Client({ connection, ...dataConverterOf(newKeys('another')) }).workflow.getHandle(
    run.workflowId,
  );
  await stranger.signal('anything', { x: 1 });
  // The text of the refusal is encrypted, too.
  await expect(stranger.executeUpdate('decide', { args: ['retry'] })).rejects.toThrow('No key test');
  await expect(stranger.query('progress', { x: 1 })).rejects.toThrow('Encoded failure');
  await run.decide('leave');
  await expect(run.result()).rejects.toBeInstanceOf(WorkflowFailedError);
});

it('refuses an input that nobody can decrypt, and holds no lock', async () => {
  const stranger = new AksIsolationClient(
    new Client({ connection, ...dataConverterOf(newKeys('another')) }),
    taskQueue,
  );
  // With the name of the starter in the memo, as the terminal command starts runs.
  stranger.startsAs('Ada');
  const run = await stranger.createCluster(input('encrypted-unread'));
  expect(
    await client.temporal.workflow
      .getHandle(run.workflowId)
      .result()
      .catch((error: unknown) => error),
  ).toMatchObject({
    cause: { type: 'InvalidInput' },
  });
});

it('is named by the terminal command where it has no keys', async () => {
  const run = await client.auditCluster({ cluster: input('encrypted-nowhere').cluster });
  const { stderr, exitCode } = await aksIsolation({ taskQueue }, 'watch', run.workflowId);
  expect(stderr).toBe('What Temporal keeps of this run is encrypted: give the keys of its worker in PAYLOAD_KEYS.');
  expect(exitCode).toBe(1);
});

/** A client without keys. */
const plain = () => new AksIsolationClient(new Client({ connection }), taskQueue);

/** Starts a run with the worker's keys, and with a memo under keys that nobody has any more. */
async function startedWithStrangeMemo(scenario: 'auditCluster' | 'createCluster', workflowId: string, given: object) {
  const { payloadCodecs, payloadConverter } = client.temporal.options.loadedDataConverter;
  const [codec] = payloadCodecs;
  const payload = [payloadConverter.toPayload(given)];
  const lost = new PayloadEncryption(newKeys('lost'));
  const [startedBy] = await lost.encode([payloadConverter.toPayload('Ada')]);
  await connection.workflowService.startWorkflowExecution({
    namespace: 'default',
    requestId: randomUUID(),
    workflowId,
    workflowType: { name: scenario },
    taskQueue: { name: taskQueue },
    input: { payloads: (await codec?.encode(payload)) ?? [] },
    memo: { fields: { startedBy: startedBy ?? {} } },
  });
  return client.run(workflowId);
}

it.each([
  ['without keys', {}],
  ['with keys of its own', { PAYLOAD_KEYS: `own:${randomBytes(32).toString('base64')}` }],
])('lists runs whose memos it cannot read: %s', async (how, env) => {
  const { cluster } = input(`listed-${how.replaceAll(' ', '-')}`);
  const open = plain();
  open.startsAs('Bob');
  const runs = await Promise.all([
    startedWithStrangeMemo('auditCluster', `${clusterWorkflowId(cluster)}/audit/${randomUUID()}`, { cluster }),
    open.auditCluster({ cluster }),
  ]);
  await Promise.all(runs.map(({ workflowId }) => client.run(workflowId).ending()));
  let seen: { workflowId: string }[] = [];
  const list = async () => {
    const args = ['list', '--cluster', cluster.name, '-o', 'json'] as const;
    const { stdout, stderr, exitCode } = await aksIsolation({ taskQueue, env }, ...args);
    expect([exitCode, stderr]).toEqual([0, '']);
    seen = JSON.parse(stdout);
    return seen.length === 2;
  };
  await waitFor(list, 'not both runs are listed');
  expect(seen.map(({ workflowId }) => workflowId).toSorted()).toEqual(runs.map((run) => run.workflowId).toSorted());
});

it('says how a run has ended whose memo it cannot read, and what the run itself has written there', async () => {
  const given = input('encrypted-memo', { onFailure: 'hold' });
  await azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, answer });
  const workflowId = clusterWorkflowId(given.cluster);
  const run = await startedWithStrangeMemo('createCluster', workflowId, given);
  await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
  // Whether it asks for the same is seen by the input.
  expect(await client.runningWith('createCluster', given)).toMatchObject({ workflowId });
  await expect(plain().runningWith('createCluster', given)).rejects.toBeInstanceOf(ClusterBusyError);
  await run.cancel();
  const ending = await run.ending();
  expect(ending).toMatchObject({ outcome: 'cancelled', details: { leftovers: [] } });
  const { events } = await client.temporal.workflow.getHandle(workflowId).fetchHistory();
  const record = await recordOf(events ?? [], (payloads) => decoded(client.temporal, payloads));
  expect(record).toMatchObject({
    input: { cluster: given.cluster },
    memo: { startedBy: 'a name that cannot be read with these keys', [cancellationMemo]: { leftovers: [] } },
  });
});

it('is replayed with the keys, and is told to be unread without them', async () => {
  const given = input('encrypted-replay', { dryRun: true });
  const run = await client.createCluster(given);
  await run.result();
  const file = join(await mkdtemp(join(tmpdir(), 'aks-isolation-test-')), 'history.json');
  await writeFile(file, historyToJSON(await client.temporal.workflow.getHandle(run.workflowId).fetchHistory()));
  const replay = (env: NodeJS.ProcessEnv) =>
    promisify(execFile)(process.execPath, ['scripts/replay.ts', file], { env: { PATH: process.env.PATH, ...env } });
  const [withKeys, without] = await Promise.all([
    replay({ PAYLOAD_KEYS: givenKeys }),
    replay({}).catch((error: unknown) => error),
  ]);
  expect(withKeys).toMatchObject({ stdout: expect.stringMatching(/ events, replayed$/m) });
  expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining(`${file}: not replayed: `) });
});
