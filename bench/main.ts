import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { regressions } from './check.ts';
import { type Result, type Results, resultOf } from './figures.ts';
import type { RolloutSize } from './item.ts';
import { type ItemName, itemNames, items } from './items.ts';
import { type MeasuredName, measuredNames } from './scenarios.ts';
import { lastText, tableHead, tableRow } from './table.ts';

interface Options {
  only?: ItemName[];
  full: boolean;
  runs: number;
  scenarios?: MeasuredName[];
  rollouts?: RolloutSize[];
  speed?: number;
  timeline: boolean;
  json?: string;
  check: boolean;
  save: boolean;
}

const options = new Command('npm run bench --')
  .description('Measures how fast, how cheap and how large runs are, and compares that with the last result.')
  .addOption(new Option('--only <item...>', 'only these items').choices(itemNames))
  .option('--full', 'as large as promised: takes an hour', false)
  .option('--runs <count>', 'how often what varies is measured', count, 1)
  .addOption(
    new Option('--scenarios <name...>', 'only these, in makespan and cost')
      .choices(measuredNames)
      .conflicts(['check', 'save']),
  )
  .addOption(
    new Option('--rollouts <size...>', 'only these, in fleet: clusters/workers, such as 300/2')
      .argParser((text, before?: RolloutSize[]) => [...(before ?? []), rolloutSize(text)])
      .conflicts(['check', 'save']),
  )
  .option('--speed <times>', 'of the simulated Azure in fleet: slower where the machine is busy', count)
  .option('--timeline', 'shows how the runs of makespan passed: steps, activities, and what Azure did', false)
  .option('--json <file>', 'writes the figures there too')
  .option('--check', 'fails if a ratio is more than 10 % worse than the last result', false)
  .option('--save', 'makes these figures the last result', false)
  .parse()
  .opts<Options>();

const lastFile = join(import.meta.dirname, 'result.json');
const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);

const last: Results = JSON.parse(await readFile(lastFile, 'utf8'));
const results: Result[] = [];
for (const name of options.only ?? itemNames) {
  try {
    const figures = await items[name]({ ...options, onProgress });
    results.push(...figures.map((figure) => resultOf(name, figure)));
  } catch (error) {
    giveUp(name, error);
  }
}
const table = new Table({ head: [...tableHead, 'Last', 'Worse'], style: { head: [], border: [] } });
table.push(...results.map((result) => [...tableRow(result), ...lastText(result, last.results)]));
console.log(table.toString());

if (options.json !== undefined) await writeResults(options.json, results);
// A figure that was left out on purpose is not missing.
const isWhole = options.scenarios === undefined && options.rollouts === undefined;
const worse = isWhole ? regressions(results, last.results) : [];
for (const sentence of worse) console.log(sentence);
if (options.save) {
  const measured = new Set<string>(options.only ?? itemNames);
  const kept = last.results.filter(({ item }) => !measured.has(item));
  const order: readonly string[] = itemNames;
  const all = [...kept, ...results].sort((a, b) => order.indexOf(a.item) - order.indexOf(b.item));
  await writeResults(lastFile, all);
}
process.exit(options.check && worse.length > 0 ? 1 : 0);

async function writeResults(file: string, all: readonly Result[]): Promise<void> {
  const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
  const content: Results = { measured: new Date().toISOString().slice(0, 10), machine, results: all };
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

function count(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError('Give a whole number from 1.');
  return value;
}

function rolloutSize(text: string): RolloutSize {
  const [clusters = '', workers = '1'] = text.split('/');
  return { clusters: count(clusters), workers: count(workers) };
}

/** Servers and everything else that runs beside ends with this process. */
function giveUp(name: string, error: unknown): never {
  const reason = error instanceof WorkflowFailedError ? error.cause : error;
  console.error(`${name} could not be measured: ${reason instanceof Error ? reason.message : reason}`);
  process.exit(1);
}
