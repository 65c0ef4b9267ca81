// `npm run replay -- history.json`: whether today's workflow code takes a history, as the Web UI or the CLI saved it.
import { readFileSync } from 'node:fs';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Command } from 'commander';
import { z } from 'zod';
import { bundleWorkflows } from '../worker/worker.ts';

const started = z.looseObject({
  workflowExecutionStartedEventAttributes: z.looseObject({ workflowId: z.string().optional() }),
});
const historySchema = z.object({ events: z.tuple([started], z.unknown()) });

const command = new Command('npm run replay --')
  .description("Replays histories with today's workflow code; nothing is sent to Temporal or Azure.")
  .argument('<file...>', 'history that the Web UI or `temporal workflow show --output json` saved')
  .option('--workflow-id <id>', 'of a history that does not name it, as older servers write them')
  .parse();
const { workflowId } = command.opts<{ workflowId?: string }>();

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
});
const workflowBundle = await bundleWorkflows();
const taken: boolean[] = [];
for (const file of command.args) taken.push(await replay(file));
process.exit(taken.includes(false) ? 1 : 0);

async function replay(file: string): Promise<boolean> {
  const { events } = read(file);
  // The ID is the lock: under another one a scenario refuses itself.
  const id = workflowId ?? events[0].workflowExecutionStartedEventAttributes.workflowId;
  try {
    await Worker.runReplayHistory({ workflowBundle }, { events }, id);
    console.log(`${file}: ${events.length} events, replayed`);
    return true;
  } catch (error) {
    if (!(error instanceof DeterminismViolationError)) throw error;
    console.error(`${file}: ${error.message}`);
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
