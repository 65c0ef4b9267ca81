import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { Command, Option } from 'commander';
import { AksIsolationClient } from '../../client/index.ts';
import type { Edition, RecordedRequest, Simulator, Snapshot } from '../../simulator/index.ts';
import { controlApi } from '../local/simulatorClient.ts';
import { type Stack, startStack } from '../local/stack.ts';
import { startWorker } from '../local/workerProcess.ts';
import { type AzureCli, azureCliAt, installAzureCli, type RanCommand } from './azureCli.ts';
import { type Compared, compare } from './compare.ts';
import {
  type ConformanceScenario,
  type ConformanceScenarioName,
  conformanceScenarios,
  variables,
} from './scenarios.ts';

interface Options {
  scenario?: ConformanceScenarioName;
  record: string;
  speed: number;
}

const options = new Command('npm run conformance --')
  .description(
    "The unmodified Azure CLI does the whole guide in the simulator; what it leaves is compared with the workflows' end.",
  )
  .addOption(new Option('--scenario <name>', 'one of them; default all').choices(Object.keys(conformanceScenarios)))
  .option('--record <folder>', 'where the recorded requests go', '.tmp/conformance')
  .option('--speed <factor>', 'simulated seconds per real second', Number, 300)
  .parse()
  .opts<Options>();

/** Senders of requests, told apart by their `user-agent`. */
const senders = { 'azure-cli': /^AZURECLI/, 'python-sdk': /^azsdk-python/, workflows: /^azsdk-js/ } as const;

const failures: string[] = [];
const names = options.scenario ? [options.scenario] : (Object.keys(conformanceScenarios) as ConformanceScenarioName[]);
const bin = await installAzureCli(print);
await mkdir(options.record, { recursive: true });
for (const edition of ['current', '2024-preview'] as const) {
  const these = names.filter((name) => conformanceScenarios[name].edition === edition);
  if (these.length > 0) await inEdition(edition, these);
}
print(failures.length === 0 ? '\nAll pass.' : `\nFailed: ${failures.join(', ')}`);
process.exit(failures.length === 0 ? 0 : 1);

async function inEdition(edition: Edition, these: readonly ConformanceScenarioName[]): Promise<void> {
  const record = join(options.record, `${edition}.jsonl`);
  const stack = await startStack({ speed: options.speed, edition, record, onProgress: print });
  const worker = startWorker(stack.workerEnvironment);
  try {
    await worker.ready;
    const client = new Client({ connection: await Connection.connect({ address: stack.temporal.address }) });
    const azureCli = await azureCliAt(bin, stack.simulator);
    for (const name of these) await conform(name, stack, azureCli, new AksIsolationClient(client));
    if (edition === 'current' && !options.scenario) await pythonSdk(azureCli);
  } finally {
    await worker.stop();
    await stack.stop();
    await split(record);
  }
}

async function conform(
  name: ConformanceScenarioName,
  { simulator }: Stack,
  azureCli: AzureCli,
  aks: AksIsolationClient,
): Promise<void> {
  const { setup = [], newNodeImage, guide, workflow }: ConformanceScenario = conformanceScenarios[name];
  print(`\n${name}`);
  await controlApi(simulator, 'reset', 'POST');
  if (setup.length > 0 && !passed(name, await azureCli.run(setup, variables))) return;
  if (newNodeImage) await controlApi(simulator, 'node-image', 'POST');
  await save(simulator, 'setup');
  const ran = await azureCli.run(guide, variables);
  printTable(ran);
  if (!passed(name, ran) || !workflow) return;
  const byAzureCli = await save(simulator, 'azure-cli');
  await controlApi(simulator, 'snapshots/setup/restore', 'POST');
  try {
    const run = await workflow(aks);
    await run.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    print(error.cause?.message ?? error.message);
    failures.push(`${name}: the workflow failed`);
    return;
  }
  const differences = compare(byAzureCli, await save(simulator, 'workflow'));
  printDifferences(differences);
  if (differences.some(({ why }) => why === undefined)) failures.push(`${name}: unexplained differences`);
}

function passed(name: string, ran: readonly RanCommand[]): boolean {
  const failed = ran.find(({ exitCode }) => exitCode !== 0);
  if (failed) {
    print(failed.command);
    failures.push(name);
  }
  return failed === undefined;
}

async function pythonSdk(azureCli: AzureCli): Promise<void> {
  print("\nAzure's SDKs for Python");
  const { exitCode, output } = await azureCli.python(join(import.meta.dirname, 'sdk.py'));
  print(output);
  if (exitCode !== 0) failures.push('Python SDK');
}

/** Keeps this moment, but not before the operations that the CLI does not wait for have ended. */
async function save(simulator: Simulator, name: string): Promise<Snapshot> {
  for (;;) {
    await controlApi(simulator, `snapshots/${name}`, 'PUT');
    const snapshot = await controlApi<Snapshot>(simulator, `snapshots/${name}`);
    if (snapshot.running.length === 0) return snapshot;
    // 15 simulated seconds at the default speed, as often as Azure's clients ask.
    await delay(50);
  }
}

/** Writes each sender's requests into a file of its own, so that their bodies can be checked against Azure's schemas. */
async function split(record: string): Promise<void> {
  const lines = (await readFile(record, 'utf8')).split('\n').filter(Boolean);
  const agents = lines.map((line) => String((JSON.parse(line) as RecordedRequest).headers['user-agent']));
  for (const [sender, agent] of Object.entries(senders)) {
    const sent = lines.filter((_line, index) => agent.test(agents[index] ?? ''));
    await writeFile(record.replace('.jsonl', `-${sender}.jsonl`), sent.map((line) => `${line}\n`).join(''));
  }
}

function printTable(ran: readonly RanCommand[]): void {
  print('exit  seconds  command');
  for (const { command, exitCode, seconds } of ran)
    print(
      `${String(exitCode).padStart(4)}  ${seconds.toFixed(1).padStart(7)}  ${command.split('\n')[0]?.slice(0, 160)}`,
    );
}

function printDifferences(differences: readonly Compared[]): void {
  if (differences.length === 0) print('The workflow leaves the same, property by property.');
  const reasons = new Map<string, number>();
  for (const { id, change, properties, why } of differences) {
    if (why !== undefined) {
      reasons.set(why, (reasons.get(why) ?? 0) + 1);
      continue;
    }
    const [property] = properties;
    const what = property
      ? `${property.path}: ${JSON.stringify(property.before)} by az, ${JSON.stringify(property.after)} by the workflow`
      : `only by ${change === 'added' ? 'the workflow' : 'az'}`;
    print(`  UNEXPLAINED ${id.split('/').slice(-2).join('/')} ${what}`);
  }
  for (const [why, times] of reasons) print(`  ${times} differences: ${why}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
