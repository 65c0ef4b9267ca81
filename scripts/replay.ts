// `npm run replay -- history.json`: whether today's workflow code takes a history, as the Web UI or the CLI saved it.
// `npm run replay -- --open`: the same for every run that is open on a Temporal server, before a deployment.
import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Command } from 'commander';
import { z } from 'zod';
import { taskQueue } from '../contract/index.ts';
import { memosUnread } from '../contract/memosUnread.ts';
import { problemsText } from '../contract/problem.ts';
import { temporalConfiguration } from '../temporal/configuration.ts';
import { traceSinks } from '../worker/tracing.ts';
import { bundleWorkflows } from '../worker/worker.ts';

const started = z.looseObject({
  workflowExecutionStartedEventAttributes: z.looseObject({ workflowId: z.string().optional() }),
});
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
const workflowBundle = await bundleWorkflows({ withSources: true });
const taken: boolean[] = [];
for (const file of command.args) {
  const { events } = read(file);
  // The ID is the lock: under another one a scenario refuses itself.
  const id = workflowId ?? events[0].workflowExecutionStartedEventAttributes.workflowId;
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

async function replay(name: string, events: unknown[], id: string | undefined): Promise<boolean> {
  try {
    await Worker.runReplayHistory({ workflowBundle, sinks: traceSinks }, { events }, id);
    console.log(`${name}: ${events.length} events, replayed`);
    return true;
  } catch (error) {
    if (!(error instanceof DeterminismViolationError)) throw error;
    console.error(`${name}: ${error.message}`);
    return false;
  }
}

function read(file: string): z.infer<typeof historySchema> {
  try {
    return historySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    return command.error(`error: ${file} is no history: ${error instanceof Error ? error.message : String(error)}`);
  }
}
