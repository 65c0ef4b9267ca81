// `npm run replay -- history.json`: whether today's workflow code takes a history, as the Web UI or the CLI saved it.
// `npm run replay -- --open`: the same for every run that is open on a Temporal server, before a deployment.
// Encrypted ones need the keys of their worker in PAYLOAD_KEYS.
import { readFileSync } from 'node:fs';
import { Client, Connection, WorkflowClient } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Command } from 'commander';
import { z } from 'zod';
import { decoded, whyUnread } from '../client/payloads.ts';
import { type KeyRing, readKeyRing } from '../codec/keyRing.ts';
import { dataConverterOf, workerConverterOf } from '../codec/payloadEncryption.ts';
import { withVaultKeys } from '../codec/vault.ts';
import { taskQueue } from '../contract/index.ts';
import { memosUnread } from '../contract/memosUnread.ts';
import { problemsText } from '../contract/problem.ts';
import { temporalConfiguration } from '../temporal/configuration.ts';
import { traceSinks } from '../worker/tracing.ts';
import { bundleWorkflows } from '../worker/worker.ts';

const started = z.looseObject({
  workflowExecutionStartedEventAttributes: z.looseObject({ workflowId: z.string().optional() }),
});
/** Of one history, oldest first. */
type Events = temporal.api.history.v1.IHistoryEvent[];
const historySchema = z.object({ events: z.tuple([started], z.unknown()) });

const command = new Command('npm run replay --')
  .description("Replays histories with today's workflow code; nothing is written to Temporal or Azure.")
  .argument('[file...]', 'history that the Web UI or `temporal workflow show --output json` saved')
  .option('--open', 'every open run of the Temporal server that TEMPORAL_ADDRESS and the other variables name')
  .option('--workflow-id <id>', 'of a history that does not name it, as older servers write them')
  .parse();
const { workflowId, open } = command.opts<{ workflowId?: string; open?: true }>();
if (!open && command.args.length === 0) command.error('error: give a file, or --open');

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
});
const keys = await payloadKeys();
const converter = workerConverterOf(keys);
const decoding = new WorkflowClient({ connection: Connection.lazy(), ...dataConverterOf(keys) });
const workflowBundle = await bundleWorkflows({ withSources: true, ...converter });
const taken: boolean[] = [];
for (const file of command.args) {
  const events = read(file);
  // The ID is the lock: under another one a scenario refuses itself.
  const id = workflowId ?? events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? undefined;
  taken.push(await replay(file, events, id));
}
if (open) await replayOpenRuns();
process.exit(taken.includes(false) ? 1 : 0);

async function replayOpenRuns(): Promise<void> {
  const config = temporalConfiguration(process.env);
  if (Array.isArray(config)) throw new Error(problemsText(config));
  const { connectionOptions, namespace } = config;
  const connection = await Connection.connect(connectionOptions);
  // Memos are not needed, and may be encrypted.
  const dataConverter = memosUnread;
  const { workflow } = new Client({ connection, dataConverter, ...(namespace !== undefined && { namespace }) });
  for await (const { workflowId: id, runId } of workflow.list({
    query: `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`,
  })) {
    const { events } = await workflow.getHandle(id, runId).fetchHistory();
    taken.push(await replay(id, events ?? [], id));
  }
  if (taken.length === 0) console.log('No run is open.');
  await connection.close();
}

async function payloadKeys(): Promise<KeyRing | undefined> {
  const env = await withVaultKeys(process.env);
  const keys = Array.isArray(env) ? env : readKeyRing(env);
  return Array.isArray(keys) ? command.error(`error: ${problemsText(keys)}`) : keys;
}

async function replay(name: string, events: Events, id: string | undefined): Promise<boolean> {
  try {
    // A run whose input cannot be read refuses it: that would look like workflow code that has changed.
    await decoded(decoding, events[0]?.workflowExecutionStartedEventAttributes?.input?.payloads);
    await Worker.runReplayHistory({ workflowBundle, sinks: traceSinks, ...converter }, { events }, id);
    console.log(`${name}: ${events.length} events, replayed`);
    return true;
  } catch (error) {
    if (error instanceof DeterminismViolationError) console.error(`${name}: ${error.message}`);
    else if (error instanceof ValueError) console.error(`${name}: not replayed: ${whyUnread(error)}`);
    else throw error;
    return false;
  }
}

function read(file: string): Events {
  try {
    return historyFromJSON(historySchema.parse(JSON.parse(readFileSync(file, 'utf8')))).events ?? [];
  } catch (error) {
    return command.error(`error: ${file} is no history: ${error instanceof Error ? error.message : String(error)}`);
  }
}
