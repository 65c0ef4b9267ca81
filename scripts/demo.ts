import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { Command, Option } from 'commander';
import { createLogUpdate } from 'log-update';
import { AksIsolationClient, type ScenarioRun } from '../client/index.ts';
import type {
  CreateClusterInput,
  Plan,
  Progress,
  ScenarioResult,
  StepProgress,
  VerificationReport,
} from '../contract/index.ts';
import type { Duration, Edition } from '../simulator/index.ts';
import { criticalPath, sumSeconds } from './critical-path.ts';
import { untilInterrupted } from './interruption.ts';
import { editionOption, recordOption, type SimulatorOptions, speedOption } from './options.ts';
import { type Stack, startAnnouncedStack } from './stack.ts';
import { startWorker } from './worker-process.ts';

const scenarios = {
  'managed-private-link': 'create-managed-private-link.json',
  'managed-vnet-integration': 'create-managed-vnet-integration.json',
  'byo-private-link': 'create-byo-private-link.json',
  'byo-vnet-integration': 'create-byo-vnet-integration.json',
} as const;
type DemoScenario = keyof typeof scenarios;

interface DemoOptions extends SimulatorOptions {
  scenario: DemoScenario;
  keep: boolean;
}

const options = new Command('npm run demo --')
  .description('Creates a network isolated cluster in a simulated Azure and shows how it goes.')
  .addOption(
    new Option('--scenario <name>', 'what to run').choices(Object.keys(scenarios)).default('managed-private-link'),
  )
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
    const aks = new AksIsolationClient(client);
    const input = exampleInput(scenario, stackOptions.edition);
    print(`Azure is simulated, its time runs ${stackOptions.speed} times as fast.`);
    printPlan((await (await aks.createCluster({ ...input, dryRun: true })).result()).plan);
    const run = await aks.createCluster(input);
    print(`Started createCluster: ${workflowUrl(stack, run)}\n`);
    await untilInterrupted(showProgress(run));
    const result = await run.result();
    if (result.outcome === 'verified') printReport(result);
    await printMakespan(stack, client, run, result);
    print(`Web UI: ${workflowUrl(stack, run)}${keep ? '' : ' (it ends with the demo; --keep leaves it up)'}`);
    if (keep) {
      printNextSteps(run);
      await untilInterrupted(new Promise<never>(() => undefined)).catch(() => print('Stopping.'));
    }
  } finally {
    await worker.stop();
    await stack.stop();
  }
}

/** The Azure of 2024 takes the guide to the letter, and nothing else. */
function exampleInput(scenario: DemoScenario, edition: Edition): CreateClusterInput {
  const input = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'examples', scenarios[scenario]), 'utf8'));
  return edition === '2024-preview' ? { ...input, profile: 'preview' } : input;
}

function printPlan({ steps, differences }: Plan): void {
  print('\nPlan, by a dry run that changes nothing:');
  for (const { action, title, reason } of steps) print(`  ${action.padEnd(6)}  ${title} (${reason})`);
  for (const { id, profile, step, does } of differences)
    print(`  ${id.padEnd(6)}  profile ${profile}, ${step}: ${does}`);
  print('');
}

async function showProgress(run: ScenarioRun): Promise<void> {
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

/** Without a terminal: one line for each change. */
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
  for (const { title, expected, seen, ok } of checks) {
    print(ok ? `  ok      ${title}: ${seen}` : `  NOT OK  ${title}: ${seen}, expected ${expected}`);
  }
  print('');
}

async function printMakespan(
  stack: Stack,
  client: Client,
  { workflowId }: ScenarioRun,
  result: ScenarioResult,
): Promise<void> {
  if (result.outcome !== 'verified') return;
  const { startTime, closeTime } = await client.workflow.getHandle(workflowId).describe();
  const seconds = ((closeTime ?? new Date()).getTime() - startTime.getTime()) / 1000;
  const durations = await controlApi<Duration[]>(stack, 'durations');
  const { seconds: least, pollingIncluded } = criticalPath(result.steps, durations);
  const at = (simulated: number) => (simulated / options.speed).toFixed(2);
  const ratio = (of: number, to: number) => (of / (to / options.speed)).toFixed(2);
  const sum = sumSeconds(result.steps);
  print(`Makespan ${seconds.toFixed(2)} s at speed ${options.speed}. What Azure itself takes on the critical path:`);
  print(`  ${at(least)} s for its operations (ratio ${ratio(seconds, least)}),`);
  print(`  ${at(pollingIncluded)} s with the polling that it prescribes (ratio ${ratio(seconds, pollingIncluded)}).`);
  print(`One after the other, the steps take ${sum.toFixed(2)} s, ${ratio(sum, least)} times the critical path.`);
}

async function controlApi<T>({ simulator }: Stack, resource: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${simulator.port}/simulator/${resource}`);
  if (!response.ok) throw new Error(`The simulator answered ${response.status} for ${resource}`);
  return (await response.json()) as T;
}

const workflowUrl = ({ temporal }: Stack, { workflowId }: ScenarioRun): string =>
  `${temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;

function printNextSteps({ workflowId }: ScenarioRun): void {
  print(`
Everything stays up until Ctrl-C. Try in another terminal:
  npm run temporal -- workflow query --type progress --workflow-id ${workflowId}
  npm run temporal -- workflow show --workflow-id ${workflowId}
  npm run temporal -- workflow start --type createCluster --task-queue aks-isolation --fail-existing --workflow-id ${workflowId} --input-file examples/${scenarios[options.scenario]}`);
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
// Not by closing the connection: retries of calls that were given up would throw on it, or keep the process alive.
process.exit();
