import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { Command, Option } from 'commander';
import { createLogUpdate } from 'log-update';
import { AksIsolationClient, type ScenarioRun } from '../client/index.ts';
import type {
  CreateClusterInput,
  Progress,
  ScenarioResult,
  StepProgress,
  VerificationReport,
} from '../contract/index.ts';
import type { Duration, Edition } from '../simulator/index.ts';
import { criticalPathSeconds } from './critical-path.ts';
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
    const run = await new AksIsolationClient(client).createCluster(exampleInput(scenario, stackOptions.edition));
    print(`Azure is simulated, its time runs ${stackOptions.speed} times as fast.`);
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
  const least = criticalPathSeconds(result.steps, durations) / options.speed;
  const ratio = (seconds / least).toFixed(2);
  print(
    `Makespan ${seconds.toFixed(2)} s, simulated critical path ${least.toFixed(2)} s, ratio ${ratio} (speed ${options.speed})`,
  );
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
