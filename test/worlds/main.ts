import { Command, InvalidArgumentError, Option } from 'commander';
import setup from '../support/global-setup.ts';
import { startSlots } from '../sweep/sweep.ts';
import type { Judgement } from './judge.ts';
import { worldScenarios } from './shape.ts';
import { sweepWorlds, textOfRefuted, type WorldsOptions, worldsTable } from './sweep.ts';
import { type DrawnWorld, wordsOf } from './world.ts';

interface Options {
  readonly scenario?: WorldsOptions['scenarios'];
  readonly worlds: number;
  readonly seed: number;
  readonly path?: string;
  readonly switches?: boolean;
  readonly parallel: number;
}

const command = new Command('test:worlds')
  .description('Runs scenarios on clusters as they may be found, and holds what they claim against what is so')
  .addOption(new Option('--scenario <name...>', 'default: all').choices(worldScenarios))
  .option('--worlds <count>', 'so many, picked by the seed', number, 200)
  .option('--seed <seed>', 'of the worlds', number, 0)
  .option('--switches', 'let Azure answer in any way that it may, where that is not settled')
  .option('--path <path>', 'one world, as a refuted one prints it')
  .option('--parallel <count>', 'worlds at the same time', number, 10);

const { scenario: scenarios, worlds, seed, path, parallel, switches = false } = command.parse().opts<Options>();
await setup();
const startedAt = Date.now();
const slots = await startSlots(path === undefined ? parallel : 1);
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
await Promise.all(slots.map((slot) => slot.close({ replay: false })));
await globalThis.stopSharedServices();
process.exit(refuted.length > 0 ? 1 : 0);

function seconds(): number {
  return Math.round((Date.now() - startedAt) / 1000);
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number.');
  return value;
}
