import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import {
  type Defect,
  defects,
  type Judgement,
  type Outcome,
  outcomes,
  type SweepCase,
  type SweptCase,
} from './cases.ts';
import { type CrashCase, type CrashedCase, crashCase } from './crashes.ts';
import { boundaryText } from './disturbances.ts';
import { drawHold, holdText } from './holds.ts';
import { type CaseKind, caseKinds, type Dimension, dimensionNames, dimensionOf, isIn } from './kinds.ts';
import type { SweptRequest } from './requests.ts';
import { runCase } from './run.ts';
import { type Slot, type SweptName, type SweptScenario, sweptScenarios } from './scenarios.ts';
import { startSlot } from './slot.ts';
import { type Undisturbed, undisturbed } from './undisturbed.ts';

export interface SweepOptions {
  scenarios?: readonly SweptName[] | undefined;
  kinds?: readonly CaseKind[] | undefined;
  dimensions?: readonly Dimension[] | undefined;
  /** One request instead of all. */
  request?: string | undefined;
  /** The second fault in a hold, instead of the one that the seed gives. */
  hold?: string | undefined;
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

/** A run of each scenario that nothing disturbs. */
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
  const { scenarios = sweptNames, dimensions = dimensionNames, request, hold, sample, seed = 0 } = options;
  const kinds = options.kinds ?? caseKinds.filter((kind) => dimensions.some((name) => dimensionOf(kind) === name));
  const random = randomOf(seed);
  const drawn = (possible: readonly CaseKind[]) => holdText(drawHold(random, (kind) => possible.includes(kind)));
  const all = scenarios.flatMap((scenario) => {
    const places = usual.get(scenario);
    const wanted =
      request !== undefined ? [{ key: request, kinds: [...kinds] }] : places ? placesOf(scenario, places) : [];
    return wanted.flatMap(({ key, kinds: possible }) =>
      possible
        .filter((kind) => kinds.includes(kind))
        .map(
          (kind): SweepCase => ({
            scenario,
            kind,
            request: key,
            ...(isIn('holds', kind) && { hold: hold ?? drawn(possible) }),
          }),
        ),
    );
  });
  if (sample === undefined) return all;
  // The kinds take turns, so that a small sample has each of them, whichever requests this run has happened to make.
  const byKind = kinds.map((kind, position) =>
    picked(
      all.filter((one) => one.kind === kind),
      sample,
      seed * kinds.length + position,
    ),
  );
  return Array.from({ length: sample }, (_, turn) => byKind.flatMap((some) => some.slice(turn, turn + 1)))
    .flat()
    .slice(0, sample);
}

function randomOf(seed: number): RandomGenerator {
  const random = xoroshiro128plus(seed);
  // The first numbers of small seeds are alike.
  for (let skipped = 0; skipped < 32; skipped += 1) uniformInt(random, 0, 1);
  return random;
}

/** The dimensions that have cases in a scenario. @public nightly.yml asks. */
export function dimensionsOf(scenario: SweptName): Dimension[] {
  const { beside, looksOnly, failsOf }: SweptScenario = sweptScenarios[scenario];
  if (beside) return [...besideDimensions];
  // Nothing is held that writes nothing, or that is taken back already.
  return dimensionNames.filter((name) => name !== 'holds' || !(looksOnly || failsOf));
}

/** Two runs never make the same requests: whatever else happens is swept with one. */
const besideDimensions = ['faults', 'interruptions'] as const;

/** Everything that can happen in a scenario, by its place. */
function placesOf(scenario: SweptName, { requests, activities, resetPoints }: Undisturbed): SweptRequest[] {
  const { forwardOnly, looksOnly, beside }: SweptScenario = sweptScenarios[scenario];
  if (beside)
    return requests.map(({ key, kinds }) => ({
      key,
      kinds: kinds.filter((kind) => besideDimensions.some((name) => isIn(name, kind))),
    }));
  const held = requests.map(({ key, kinds }) => ({
    key,
    kinds: kinds.filter((kind) => !isIn('holds', kind) || !(looksOnly || (forwardOnly && kind === 'hold-rollBack'))),
  }));
  const boundaries = Array.from({ length: activities }, (_, index) => index + 1).flatMap((activity) =>
    (['before', 'after'] as const).map((when) => ({
      key: boundaryText(when, activity),
      kinds: caseKinds.filter((kind) => isIn('boundaries', kind)),
    })),
  );
  const points = Array.from({ length: resetPoints }, (_, index) => ({
    key: `reset point ${index + 1}`,
    kinds: caseKinds.filter((kind) => isIn('resets', kind)),
  }));
  return [...held, ...boundaries, ...points];
}

/** The same for the same seed. Scenarios take turns, for some have many more cases than others. */
function picked<T extends { scenario: SweptName }>(all: readonly T[], count: number, seed: number): T[] {
  const random = randomOf(seed);
  const drawn = <E>(from: E[]): E[] =>
    from.length === 0 ? [] : from.splice(uniformInt(random, 0, from.length - 1), 1);
  const rest = new Map(sweptNames.map((name) => [name, all.filter(({ scenario }) => scenario === name)]));
  const chosen: T[] = [];
  while (chosen.length < Math.min(count, all.length))
    for (const names = [...rest.keys()]; names.length > 0; )
      chosen.push(...drawn(names).flatMap((name) => drawn(rest.get(name) ?? [])));
  return chosen.slice(0, count);
}

/** Kills the worker at every boundary of an activity, before and after, of every scenario. */
export async function crashSweep(
  { scenarios = sweptNames, sample, seed = 0, parallel, onCase }: CrashSweepOptions,
  usual: Usual,
): Promise<CrashedCase[]> {
  const alone = scenarios.filter((scenario) => !(sweptScenarios[scenario] as SweptScenario).beside);
  const all = alone.flatMap((scenario) =>
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

type Counted = Pick<Judgement, 'outcome' | 'found'>;

/** How the cases ended, and how many have each defect: by scenario, then by dimension. */
export function tables(swept: readonly (Counted & { scenario: SweptName; kind?: CaseKind })[]): Table[] {
  return [
    table(swept, sweptNames, ({ scenario }) => scenario),
    table(swept, [...dimensionNames, 'crashes'], ({ kind }) => (kind ? dimensionOf(kind) : 'crashes')),
  ];
}

function table<T extends Counted>(
  swept: readonly T[],
  names: readonly string[],
  nameOf: (one: T) => string | undefined,
): Table {
  const rows = names.map((name) => [name, swept.filter((one) => nameOf(one) === name)] as const);
  return Object.fromEntries(
    [...rows.filter(([, own]) => own.length > 0), ['all', swept] as const].map(([name, own]) => {
      const count = (outcome: Outcome) => own.filter((each) => each.outcome === outcome).length;
      const having = (defect: Defect) => own.filter(({ found }) => found.some(([each]) => each === defect)).length;
      const counts = {
        ...Object.fromEntries(outcomes.map((outcome) => [outcome, count(outcome)])),
        ...Object.fromEntries(defects.map((defect) => [defect, having(defect)])),
      };
      return [name, { cases: own.length, ...counts } as Table[string]];
    }),
  );
}

type Table = Record<string, Record<Outcome | Defect | 'cases', number>>;

/** The command that runs one case alone. */
export const repeat = ({ scenario, kind, request, hold }: SweepCase): string =>
  [
    `npm run test:sweep -- --scenario ${scenario} --fault ${kind} --request '${request}'`,
    ...(hold === undefined ? [] : [`--hold ${hold}`]),
  ].join(' ');
