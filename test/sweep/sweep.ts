import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type CrashCase, type CrashedCase, crashCase } from './crashes.ts';
import { type CaseKind, caseKinds } from './kinds.ts';
import {
  type Outcome,
  outcomes,
  runCase,
  type SweepCase,
  type SweptCase,
  startSlot,
  type Undisturbed,
  undisturbed,
} from './run.ts';
import { type Slot, type SweptName, sweptScenarios } from './scenarios.ts';

export interface SweepOptions {
  scenarios?: readonly SweptName[] | undefined;
  kinds?: readonly CaseKind[] | undefined;
  /** One request instead of all. */
  request?: string | undefined;
  /** So many cases, picked by the seed. Default: all. */
  sample?: number | undefined;
  seed?: number | undefined;
  /** How many cases run at the same time. */
  parallel: number;
  onCase?: (swept: SweptCase, done: number, of: number) => void;
}

export const sweptNames = Object.keys(sweptScenarios) as SweptName[];

/** Makes one thing go wrong at a time, at every request of every scenario. */
export async function sweep(options: SweepOptions, slots: readonly Slot[], usual: Usual): Promise<SweptCase[]> {
  const queue = casesOf(options, usual);
  const swept: SweptCase[] = [];
  const of = queue.length;
  await Promise.all(
    slots.map(async (slot) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const done = await runCase(slot, next, usual.get(next.scenario));
        swept.push(done);
        options.onCase?.(done, swept.length, of);
      }
    }),
  );
  return swept;
}

/** @param first Number of the first. Sweeps that share a Temporal server must not share names, for a cluster's ID is its lock. */
export const startSlots = (parallel: number, first = 0): Promise<Slot[]> =>
  Promise.all(Array.from({ length: parallel }, (_, index) => startSlot(`swept${first + index}`)));

/** What a run of each scenario is that nothing disturbs. */
export type Usual = ReadonlyMap<SweptName, Undisturbed>;

export async function undisturbedRuns(
  slots: readonly Slot[],
  scenarios: readonly SweptName[] = sweptNames,
): Promise<Usual> {
  const names = [...scenarios];
  const found = new Map<SweptName, Undisturbed>();
  await Promise.all(
    slots.map(async (slot) => {
      for (let name = names.shift(); name; name = names.shift()) found.set(name, await undisturbed(slot, name));
    }),
  );
  return found;
}

function casesOf(options: SweepOptions, usual: Usual): SweepCase[] {
  const { scenarios = sweptNames, kinds = caseKinds, request, sample, seed = 0 } = options;
  const all = scenarios.flatMap((scenario) => {
    const requests = usual.get(scenario)?.requests ?? [];
    const wanted = request === undefined ? requests : [{ key: request, kinds: [...kinds] }];
    return wanted.flatMap(({ key, kinds: possible }) =>
      possible.filter((kind) => kinds.includes(kind)).map((kind) => ({ scenario, kind, request: key })),
    );
  });
  if (sample === undefined) return all;
  // The kinds take turns, so that a small sample has each of them, whichever requests this run has happened to make.
  const byKind = kinds.map((kind) =>
    picked(
      all.filter((one) => one.kind === kind),
      sample,
      seed,
    ),
  );
  return Array.from({ length: sample }, (_, turn) => byKind.flatMap((some) => some.slice(turn, turn + 1)))
    .flat()
    .slice(0, sample);
}

/** The same for the same seed, and different scenarios beside each other. */
function picked<T>(all: readonly T[], count: number, seed: number): T[] {
  const random = xoroshiro128plus(seed);
  const rest = [...all];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0)
    chosen.push(...rest.splice(uniformInt(random, 0, rest.length - 1), 1));
  return chosen;
}

/** Kills the worker at every boundary of an activity, before and after, of every scenario. */
export async function crashSweep(
  { scenarios = sweptNames, sample, seed = 0, parallel, onCase }: CrashSweepOptions,
  usual: Usual,
): Promise<CrashedCase[]> {
  const all = scenarios.flatMap((scenario) =>
    Array.from({ length: usual.get(scenario)?.activities ?? 0 }, (_, index) => index + 1).flatMap((activity) =>
      (['before', 'after'] as const).map((when): CrashCase => ({ scenario, activity, when })),
    ),
  );
  const queue = sample === undefined ? all : picked(all, sample, seed);
  const of = queue.length;
  const swept: CrashedCase[] = [];
  await Promise.all(
    Array.from({ length: parallel }, async (_, index) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const without = usual.get(next.scenario);
        if (!without) continue;
        swept.push(await crashCase(`swept${100 + index}`, next, without));
        onCase?.(swept.at(-1) as CrashedCase, swept.length, of);
      }
    }),
  );
  return swept;
}

export interface CrashSweepOptions extends Pick<SweepOptions, 'scenarios' | 'sample' | 'seed' | 'parallel'> {
  onCase?: (crashed: CrashedCase, done: number, of: number) => void;
}

/** Per scenario, how the cases ended. */
export function table(swept: readonly { scenario: SweptName; outcome: Outcome }[]): Table {
  const names = sweptNames.filter((name) => swept.some(({ scenario }) => scenario === name));
  return Object.fromEntries(
    [...names, 'all'].map((name) => {
      const own = swept.filter(({ scenario }) => name === 'all' || scenario === name);
      const count = (outcome: Outcome) => own.filter((each) => each.outcome === outcome).length;
      const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, count(outcome)]));
      return [name, { cases: own.length, ...counts } as Table[string]];
    }),
  );
}

type Table = Record<string, Record<Outcome | 'cases', number>>;

/** The command that runs one case alone. */
export const repeat = ({ scenario, kind, request }: SweepCase): string =>
  `npm run test:sweep -- --scenario ${scenario} --fault ${kind} --request '${request}'`;
