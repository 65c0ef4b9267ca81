import { Command, InvalidArgumentError, Option } from 'commander';
import setup from '../support/global-setup.ts';
import { caseKinds } from './kinds.ts';
import { repeat, type SweepOptions, startSlots, sweep, sweptNames, table } from './sweep.ts';

interface Options {
  readonly scenario?: SweepOptions['scenarios'];
  readonly fault?: SweepOptions['kinds'];
  readonly request?: string;
  readonly sample?: number;
  readonly seed: number;
  readonly parallel: number;
}

const command = new Command('test:sweep')
  .description('Makes one thing go wrong at a time, at every request of every scenario')
  .addOption(new Option('--scenario <name...>', 'default: all').choices(sweptNames))
  .addOption(new Option('--fault <kind...>', 'default: all').choices(caseKinds))
  .option('--request <key>', 'only this one, as a failing case prints it')
  .option('--sample <count>', 'so many cases, picked by the seed', number)
  .option('--seed <seed>', 'of the sample', number, 0)
  .option('--parallel <count>', 'cases at the same time', number, 12);

const { scenario, fault, request, sample, seed, parallel } = command.parse().opts<Options>();
await setup();
const startedAt = Date.now();
const slots = await startSlots(parallel);
const swept = await sweep(
  {
    scenarios: scenario,
    kinds: fault,
    request,
    sample,
    seed,
    parallel,
    onCase(done, index, of) {
      if (done.outcome === 'wrong') console.log(`${repeat(done)}\n  ${done.why?.replaceAll('\n', '\n  ')}`);
      if (index % 50 === 0) console.log(`${index} of ${of}, ${Math.round((Date.now() - startedAt) / 1000)} s`);
    },
  },
  slots,
);
console.table(table(swept));
console.log(`${swept.length} cases in ${Math.round((Date.now() - startedAt) / 1000)} s`);
await Promise.all(slots.map((slot) => slot.close({ replay: false })));
await globalThis.stopSharedServices();
process.exit(swept.some(({ outcome }) => outcome === 'wrong') ? 1 : 0);

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number.');
  return value;
}
