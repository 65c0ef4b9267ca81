import { Command, InvalidArgumentError, Option } from 'commander';
import { switchesOf } from '../../scripts/local/options.ts';
import type { AzureSwitchMoves } from '../../simulator/index.ts';
import setup from '../support/global-setup.ts';
import { startSlot } from '../sweep/slot.ts';
import { startSlots } from '../sweep/sweep.ts';
import type { Judgement } from './judge.ts';
import { worldScenarios } from './shape.ts';
import { sweepWorlds, textOfRefuted, type WorldsOptions, worldsTable } from './sweep.ts';
import { type Cell, type Column, columnNames, isWrong, runTable, tableOf, wrongText } from './table.ts';
import { type DrawnWorld, wordsOf } from './world.ts';

interface Options {
  readonly scenario?: WorldsOptions['scenarios'];
  readonly worlds: number;
  readonly seed: number;
  readonly path?: string;
  readonly switches?: boolean;
  readonly parallel: number;
  readonly table?: boolean;
  readonly column?: Column[];
  readonly azure?: AzureSwitchMoves;
  readonly oneIn: number;
}

const command = new Command('test:worlds')
  .description('Runs scenarios on clusters as they may be found, and holds what they claim against what is so')
  .addOption(new Option('--scenario <name...>', 'default: all').choices(worldScenarios))
  .option('--worlds <count>', 'so many, picked by the seed', number, 200)
  .option('--seed <seed>', 'of the worlds', number, 0)
  .option('--switches', 'let Azure answer in any way that it may, where that is not settled')
  .option('--path <path>', 'one world, as a refuted one prints it')
  .option('--parallel <count>', 'worlds at the same time', number, 10)
  .option('--table', 'every scenario in an ordinary world, under every position of every switch')
  .addOption(new Option('--column <name...>', 'of the table; default: all').choices(columnNames))
  .option('--azure <switches>', 'one row of the table: these switches moved', switchesOf)
  .option('--one-in <count>', 'one cell of the table in so many, from the one that the seed says', number, 1);

const given = command.parse().opts<Options>();
const { worlds, seed, path, parallel } = given;
await setup();
const startedAt = Date.now();
const slots = await startSlots(path === undefined ? parallel : 1);
const preview = given.table ? [await startSlot('sweptpreview', { edition: '2024-preview' })] : [];
const failed = await (given.table ? table(given) : drawn(given));
await Promise.all([...slots, ...preview].map((slot) => slot.close({ replay: false })));
await globalThis.stopSharedServices();
process.exit(failed > 0 ? 1 : 0);

/** @returns how many cells are wrong */
async function table({ column: columns, azure, oneIn }: Options): Promise<number> {
  const onCell = (cell: Cell, done: number, of: number): void => {
    if (isWrong(cell)) console.log(wrongText(cell));
    if (done % 50 === 0) console.log(`${done} of ${of}, ${seconds()} s`);
  };
  const options = { columns, azure, oneIn, first: seed, onCell };
  const cells = await runTable(options, { current: slots, ...(preview[0] && { preview: preview[0] }) });
  console.table(tableOf(cells));
  const wrong = cells.filter(isWrong).length;
  console.log(`${cells.length} runs in ${seconds()} s, wrong: ${wrong}`);
  return wrong;
}

/** @returns how many claims are refuted */
async function drawn({ scenario: scenarios, switches = false }: Options): Promise<number> {
  const seen: { world: DrawnWorld; judgement: Judgement }[] = [];
  const options: WorldsOptions = {
    scenarios,
    withSwitches: switches,
    worlds,
    // A path belongs to the seed of its slot.
    seed: path === undefined ? seed : seed / 1000,
    path,
    onWorld(world, judgement) {
      seen.push({ world, judgement });
      if (judgement.refuted.length > 0) console.log(`${wordsOf(world)}\n  ${judgement.refuted.join('\n  ')}`);
      if (seen.length % 50 === 0) console.log(`${seen.length} of ${worlds}, ${seconds()} s`);
    },
  };
  const refuted = await sweepWorlds(options, slots);
  for (const each of refuted) console.log(`\nrefuted: ${textOfRefuted(each)}`);
  console.table(worldsTable(seen));
  console.log(`${seen.length} worlds in ${seconds()} s, claims refuted: ${refuted.length}`);
  return refuted.length;
}

function seconds(): number {
  return Math.round((Date.now() - startedAt) / 1000);
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number.');
  return value;
}
