import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { Command, Option } from 'commander';
import { createLogUpdate } from 'log-update';
import { AksIsolationClient, type ScenarioHandle } from '../../client/index.ts';
import {
  type AuditReport,
  type Check,
  clusterWorkflowId,
  type Plan,
  type Progress,
  type ScenarioResult,
  type StepProgress,
  type VerificationReport,
} from '../../contract/index.ts';
import type { PoolReimage } from '../../resources/nodes.ts';
import type { Duration } from '../../simulator/index.ts';
import { createExistingCluster, openSubnet } from '../local/existingCluster.ts';
import { untilInterrupted } from '../local/interruption.ts';
import { editionOption, recordOption, type SimulatorOptions, speedOption } from '../local/options.ts';
import { controlApi } from '../local/simulatorClient.ts';
import { type Stack, startAnnouncedStack } from '../local/stack.ts';
import { startWorker } from '../local/workerProcess.ts';
import { criticalPath, sumSeconds } from './criticalPath.ts';
import { type Act, type Demo, type DemoScenario, demos } from './demos.ts';

interface DemoOptions extends SimulatorOptions {
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
      printNextSteps(demos[scenario]);
      await untilInterrupted(new Promise<never>(() => undefined)).catch(() => print('Stopping.'));
    }
  } finally {
    await worker.stop();
    await stack.stop();
  }
}

async function perform(act: Act, stack: Stack, client: Client): Promise<void> {
  if ('scenario' in act) return runScenario(act.scenario, act.example, stack, client);
  print(`\n${act.does}.`);
  if ('existing' in act) return createExistingCluster(stack.simulator, act.existing);
  if ('newNodeImage' in act) return controlApi(stack.simulator, 'node-image', 'POST');
  await openSubnet(stack.simulator, act.opens);
}

async function runScenario(scenario: DemoScenario, example: string, stack: Stack, client: Client): Promise<void> {
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
  if (result.outcome === 'verified') printReport(result);
  if (result.outcome === 'audited') printAudit(result);
  const writes = (await controlApi<Duration[]>(stack.simulator, 'durations')).slice(earlier);
  await printMakespan(client, run, result, writes);
  print(`Web UI: ${workflowUrl(stack, run)}${options.keep ? '' : ' (it ends with the demo; --keep leaves it up)'}`);
}

/** Takes profile `preview` for the Azure of 2024, which accepts only what the guide says to the letter. */
function exampleInput(scenario: DemoScenario, example: string) {
  const input = JSON.parse(readFileSync(join(import.meta.dirname, '../../examples', example), 'utf8'));
  const asGuided = options.edition === '2024-preview' && scenario !== 'deleteCluster';
  return asGuided ? { ...input, profile: 'preview' } : input;
}

function printPlan({ steps, differences }: Plan): void {
  print('\nPlan, by a dry run that changes nothing:');
  for (const { action, title, reason, forwardOnly } of steps)
    print(`  ${action.padEnd(6)}  ${title} (${reason})${forwardOnly && action !== 'none' ? ', forward only' : ''}`);
  for (const { id, profile, step, does } of differences)
    print(`  ${id.padEnd(6)}  profile ${profile}, ${step}: ${does}`);
  print('');
}

async function showProgress(run: ScenarioHandle): Promise<void> {
  const screen = process.stdout.isTTY ? createLogUpdate(process.stdout) : undefined;
  const shown = new Map<string, string>();
  for await (const progress of run.watch(200)) {
    if (screen) screen(screenText(progress));
    else printChanges(progress, shown);
  }
  screen?.done();
}

function screenText({ phase, steps }: Progress): string {
  return [phase, ...steps.map((step) => `  ${stepText(step)}`)].join('\n');
}

const stepText = ({ title, state, waitsFor, error }: StepProgress): string =>
  `${title}: ${state}${error ? ` (${error})` : waitsFor ? ` (waits for ${waitsFor})` : ''}`;

/** Prints one line for each change, for an output that is no terminal. */
function printChanges({ phase, steps }: Progress, shown: Map<string, string>): void {
  const printOnce = (key: string, line: string) => {
    if (shown.get(key) !== line) print(line);
    shown.set(key, line);
  };
  for (const step of steps.filter(({ id }) => shown.has(id))) printOnce(step.id, `  ${stepText(step)}`);
  printOnce('phase', phase);
  for (const step of steps) printOnce(step.id, `  ${stepText(step)}`);
}

function printReport({ cluster, checks }: VerificationReport): void {
  print(`\nVerified: ${cluster}`);
  printChecks(checks);
}

function printAudit({ cluster, isolated, checks }: AuditReport): void {
  print(`\n${isolated ? 'Isolated' : 'Drifted'}: ${cluster}`);
  printChecks(checks);
}

function printChecks(checks: readonly Check[]): void {
  for (const { title, expected, seen, ok, evidence } of checks) {
    const how = evidence === undefined ? '' : ` (${evidence})`;
    print(ok ? `  ok      ${title}: ${seen}${how}` : `  NOT OK  ${title}: ${seen}, expected ${expected}${how}`);
  }
  print('');
}

async function printMakespan(
  client: Client,
  { workflowId }: ScenarioHandle,
  result: ScenarioResult,
  writes: readonly Duration[],
): Promise<void> {
  if (result.outcome !== 'verified') return;
  const { startTime, closeTime } = await client.workflow.getHandle(workflowId).describe();
  const seconds = ((closeTime ?? new Date()).getTime() - startTime.getTime()) / 1000;
  print(`Makespan ${seconds.toFixed(2)} s at speed ${options.speed}.`);
  if (result.reimages.length > 0) return printReimages(result, writes);
  if (result.scenario !== 'createCluster') return;
  const { seconds: least, pollingIncluded } = criticalPath(result.steps, writes);
  const at = (simulated: number) => (simulated / options.speed).toFixed(2);
  const ratio = (of: number, to: number) => (of / (to / options.speed)).toFixed(2);
  const sum = sumSeconds(result.steps);
  print('What Azure itself takes on the critical path:');
  print(`  ${at(least)} s for its operations (ratio ${ratio(seconds, least)}),`);
  print(`  ${at(pollingIncluded)} s with the polling that it prescribes (ratio ${ratio(seconds, pollingIncluded)}).`);
  print(`One after the other, the steps take ${sum.toFixed(2)} s, ${ratio(sum, least)} times the critical path.`);
}

/** Compares the time of all pools together with what Azure took for the slowest one and for their sum. */
function printReimages({ steps, reimages }: VerificationReport, writes: readonly Duration[]): void {
  const pools = steps.filter(({ kind, state }) => kind === 'reimage' && state === 'done');
  const took = reimages.map((pool: PoolReimage) => `${pool.pool} ${poolSeconds(pool.pool, writes).toFixed(0)} s`);
  print(`What Azure took for each pool: ${took.join(', ')}.`);
  const begins = Math.min(...pools.map(({ startedAt = '' }) => Date.parse(startedAt)));
  const ends = Math.max(...pools.map(({ finishedAt = '' }) => Date.parse(finishedAt)));
  const all = ((ends - begins) / 1000) * options.speed;
  const each = reimages.map(({ pool }) => poolSeconds(pool, writes));
  const sum = each.reduce((total, one) => total + one, 0);
  const ratio = (to: number) => (all / to).toFixed(2);
  print(
    `From the first to the last: ${all.toFixed(0)} s, ${ratio(Math.max(...each))} times the slowest, ${ratio(sum)} times the sum.`,
  );
}

const poolSeconds = (pool: string, writes: readonly Duration[]): number =>
  writes
    .filter(({ resourceId }) => resourceId.toLowerCase().endsWith(`/agentpools/${pool}`))
    .reduce((sum, { requestSeconds, operationSeconds }) => sum + requestSeconds + operationSeconds, 0);

const workflowUrl = ({ temporal }: Stack, { workflowId }: ScenarioHandle): string =>
  `${temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;

function printNextSteps(acts: readonly Act[]): void {
  const last = acts.findLast((act) => 'scenario' in act);
  if (!last || !('scenario' in last)) return;
  const { cluster } = exampleInput(last.scenario, last.example);
  const workflowId = clusterWorkflowId(cluster);
  print(`
Everything stays up until Ctrl-C. Try in another terminal:
  npm run temporal -- workflow query --type progress --workflow-id ${workflowId}
  npm run temporal -- workflow show --workflow-id ${workflowId}
  npm run temporal -- workflow start --type ${last.scenario} --task-queue aks-isolation --fail-existing --workflow-id ${workflowId} --input-file examples/${last.example}`);
}

function reason(error: unknown): string {
  if (error instanceof WorkflowFailedError) return `The scenario failed: ${error.cause?.message ?? error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await demo(options);
} catch (error) {
  process.stderr.write(`\n${reason(error)}\n`);
  process.exitCode = 1;
}
// The connection is not closed: retries of calls that were given up would throw on it, or keep the process alive.
process.exit();
