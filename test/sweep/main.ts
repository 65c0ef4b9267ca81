import { Command, InvalidArgumentError, Option } from 'commander';
import setup from '../support/global-setup.ts';
import type { Judgement } from './cases.ts';
import { caseKinds, dimensionNames } from './kinds.ts';
import {
  crashSweep,
  repeat,
  type SweepOptions,
  startSlots,
  sweep,
  sweptNames,
  tables,
  undisturbedRuns,
} from './sweep.ts';

/** One defect often shows in many properties. */
const mostTexts = 8;

interface Options {
  readonly scenario?: SweepOptions['scenarios'];
  readonly fault?: SweepOptions['kinds'];
  readonly dimension?: SweepOptions['dimensions'];
  readonly request?: string;
  readonly hold?: string;
  readonly sample?: number;
  readonly seed: number;
  readonly parallel: number;
  readonly crashes?: true;
}

const command = new Command('test:sweep')
  .description('Makes one thing go wrong at a time, at every request of every scenario')
  .addOption(new Option('--scenario <name...>', 'default: all').choices(sweptNames))
  .addOption(new Option('--fault <kind...>', 'default: all').choices(caseKinds))
  .addOption(new Option('--dimension <name...>', 'kinds of faults; default: all').choices(dimensionNames))
  .option('--crashes', 'kill the worker before and after every activity instead')
  .option('--request <key>', 'only this one, as a failing case prints it')
  .option('--hold <what>', 'what fails and what else goes wrong, as a failing case prints it')
  .option('--sample <count>', 'so many cases, picked by the seed', number)
  .option('--seed <seed>', 'of the sample', number, 0)
  .option('--parallel <count>', 'cases at the same time', number, 12);

const { scenario, fault, dimension, request, hold, sample, seed, parallel, crashes } = command.parse().opts<Options>();
await setup();
const startedAt = Date.now();
const slots = await startSlots(parallel);
const usual = await undisturbedRuns(slots, scenario);
const common = { scenarios: scenario, sample, seed, parallel };
const swept = crashes
  ? await crashSweep(
      {
        ...common,
        onCase: (done, ...count) => report(done, `${done.scenario}, ${done.when} activity ${done.activity}`, ...count),
      },
      usual,
    )
  : await sweep(
      {
        ...common,
        kinds: fault,
        dimensions: dimension,
        hold,
        request,
        onCase: (done, ...count) => report(done, repeat(done), ...count),
      },
      slots,
      usual,
    );
for (const table of tables(swept)) console.table(table);
console.log(`${swept.length} cases in ${seconds()} s`);
await Promise.all(slots.map((slot) => slot.close({ replay: false })));
await globalThis.stopSharedServices();
if (swept.length === 0) console.error('No case: nothing was tried. Use other options.');
process.exit(swept.length === 0 || swept.some(({ outcome }) => outcome === 'wrong') ? 1 : 0);

function report({ outcome, found }: Judgement, what: string, done: number, of: number): void {
  if (outcome === 'wrong') {
    const texts = found.slice(0, mostTexts).map(([defect, text]) => `${defect}: ${text.replaceAll('\n', '\n  ')}`);
    console.log([what, ...texts].join('\n  '));
  }
  if (done % 50 === 0) console.log(`${done} of ${of}, ${seconds()} s`);
}

function seconds(): number {
  return Math.round((Date.now() - startedAt) / 1000);
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number.');
  return value;
}
