import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { Command, Option } from 'commander';
import { AksIsolationClient, type ScenarioHandle } from '../../client/index.ts';
import { clusterWorkflowId, taskQueue } from '../../contract/index.ts';
import type { Duration } from '../../simulator/index.ts';
import { createExistingCluster, openSubnet } from '../local/existingCluster.ts';
import { untilInterrupted } from '../local/interruption.ts';
import { type DevelopmentOptions, editionOption, recordOption, speedOption } from '../local/options.ts';
import { controlApi } from '../local/simulatorClient.ts';
import { type AnnouncedStack, type Stack, startAnnouncedStack } from '../local/stack.ts';
import { startWorker } from '../local/workerProcess.ts';
import { type Act, type Demo, type DemoScenario, demos } from './demos.ts';
import { print, printAudit, printMakespan, printPlan, printReport, showProgress } from './output.ts';

interface DemoOptions extends DevelopmentOptions {
  scenario: Demo;
  keep: boolean;
}

const options = new Command('npm run demo --')
  .description('Runs scenarios in a simulated Azure and shows how it goes.')
  .addOption(new Option('--scenario <name>', 'what to run').choices(Object.keys(demos)).default('managed-private-link'))
  .addOption(speedOption())
  .addOption(editionOption())
  .addOption(recordOption())
  .option('--keep', 'leave everything running at the end', false)
  .parse()
  .opts<DemoOptions>();

async function demo({ scenario, keep, ...stackOptions }: DemoOptions): Promise<void> {
  const stack = await startAnnouncedStack({ ...stackOptions, onProgress: print, until: untilInterrupted });
  const worker = startWorker(stack.workerEnvironment);
  try {
    await untilInterrupted(worker.ready);
    const client = new Client({ connection: await Connection.connect({ address: stack.temporal.address }) });
    print(`Azure is simulated, its time runs ${stackOptions.speed} times as fast.`);
    for (const act of demos[scenario]) await perform(act, stack, client);
    if (keep) {
      printNextSteps(demos[scenario], stack);
      await untilInterrupted(new Promise<never>(() => undefined)).catch(() => print('Stopping.'));
    }
  } finally {
    await worker.stop();
    await stack.stop();
  }
}

async function perform(act: Act, stack: Stack, client: Client): Promise<void> {
  if ('scenario' in act) return runDemo(act.scenario, act.example, stack, client);
  print(`\n${act.does}.`);
  if ('existing' in act) return createExistingCluster(stack.simulator, act.existing);
  if ('newNodeImage' in act) return controlApi(stack.simulator, 'node-image', 'POST');
  await openSubnet(stack.simulator, act.opens);
}

async function runDemo(scenario: DemoScenario, example: string, stack: Stack, client: Client): Promise<void> {
  const aks = new AksIsolationClient(client);
  const input = exampleInput(scenario, example);
  if (scenario !== 'auditCluster') {
    const planned = await (await aks[scenario]({ ...input, dryRun: true })).result();
    printPlan(planned.plan);
  }
  const earlier = (await controlApi<Duration[]>(stack.simulator, 'durations')).length;
  const run = await aks[scenario](input);
  print(`Started ${scenario}: ${workflowUrl(stack, run)}\n`);
  await untilInterrupted(showProgress(run));
  const result = await run.result();
  if (result.outcome === 'audited') printAudit(result);
  if (result.outcome === 'verified') {
    printReport(result);
    const writes = (await controlApi<Duration[]>(stack.simulator, 'durations')).slice(earlier);
    const { startTime, closeTime } = await client.workflow.getHandle(run.workflowId).describe();
    const seconds = ((closeTime ?? new Date()).getTime() - startTime.getTime()) / 1000;
    printMakespan(seconds, options.speed, result, writes);
  }
  print(`Web UI: ${workflowUrl(stack, run)}${options.keep ? '' : ' (it ends with the demo; --keep leaves it up)'}`);
}

/** Takes profile `preview` for the Azure of 2024, which accepts only what the guide says to the letter. */
function exampleInput(scenario: DemoScenario, example: string) {
  const input = JSON.parse(readFileSync(join(import.meta.dirname, '../../examples', example), 'utf8'));
  const asGuided = options.edition === '2024-preview' && scenario !== 'deleteCluster';
  return asGuided ? { ...input, profile: 'preview' } : input;
}

const workflowUrl = ({ temporal }: Stack, { workflowId }: ScenarioHandle): string =>
  `${temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;

function printNextSteps(acts: readonly Act[], { temporalCommand }: AnnouncedStack): void {
  const last = acts.findLast((act) => 'scenario' in act);
  if (!last || !('scenario' in last)) return;
  const { cluster } = exampleInput(last.scenario, last.example);
  const workflowId = clusterWorkflowId(cluster);
  print(`
Everything stays up until Ctrl-C. Try in another terminal:
  ${temporalCommand(`workflow metadata --workflow-id '${workflowId}'`)}
  ${temporalCommand(`workflow show --workflow-id '${workflowId}'`)}
  ${temporalCommand(`workflow start --type ${last.scenario} --task-queue ${taskQueue} --fail-existing --workflow-id '${workflowId}' --input-file examples/${last.example}`)}`);
}

function reason(error: unknown): string {
  if (error instanceof WorkflowFailedError) return `The scenario failed: ${error.cause?.message ?? error.message}`;
  return error instanceof Error ? error.message : String(error);
}

try {
  await demo(options);
} catch (error) {
  process.stderr.write(`\n${reason(error)}\n`);
  process.exitCode = 1;
}
// The connection is not closed: retries of calls that were given up would throw on it, or keep the process alive.
process.exit();
