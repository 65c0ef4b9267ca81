import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type CaseKind, caseKinds } from './kinds.ts';
import { type Outcome, outcomes, requestsOf, runCase, type SweepCase, type SweptCase, startSlot } from './run.ts';
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
export async function sweep(options: SweepOptions, slots: readonly Slot[]): Promise<SweptCase[]> {
  const queue = await casesOf(options, slots);
  const swept: SweptCase[] = [];
  const of = queue.length;
  await Promise.all(
    slots.map(async (slot) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const done = await runCase(slot, next);
        swept.push(done);
        options.onCase?.(done, swept.length, of);
      }
    }),
  );
  return swept;
}

export const startSlots = (parallel: number): Promise<Slot[]> =>
  Promise.all(Array.from({ length: parallel }, (_, index) => startSlot(`swept${index}`)));

async function casesOf(options: SweepOptions, slots: readonly Slot[]): Promise<SweepCase[]> {
  const { scenarios = sweptNames, kinds = caseKinds, request, sample, seed = 0 } = options;
  if (request !== undefined) return scenarios.flatMap((scenario) => kinds.map((kind) => ({ scenario, kind, request })));
  const names = [...scenarios];
  const found = new Map<SweptName, SweepCase[]>();
  await Promise.all(
    slots.map(async (slot) => {
      for (let scenario = names.shift(); scenario; scenario = names.shift()) {
        const requests = await requestsOf(slot, scenario);
        const name = scenario;
        found.set(
          name,
          requests.flatMap(({ key, kinds: possible }) =>
            possible.filter((kind) => kinds.includes(kind)).map((kind) => ({ scenario: name, kind, request: key })),
          ),
        );
      }
    }),
  );
  const all = scenarios.flatMap((scenario) => found.get(scenario) ?? []);
  return sample === undefined ? all : picked(all, sample, seed);
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

/** Per scenario, how the cases ended. */
export function table(swept: readonly SweptCase[]): Record<string, Record<Outcome | 'cases', number>> {
  const names = sweptNames.filter((name) => swept.some(({ scenario }) => scenario === name));
  return Object.fromEntries(
    [...names, 'all'].map((name) => {
      const own = swept.filter(({ scenario }) => name === 'all' || scenario === name);
      const count = (outcome: Outcome) => own.filter((each) => each.outcome === outcome).length;
      const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, count(outcome)]));
      return [name, { cases: own.length, ...counts } as Record<Outcome | 'cases', number>];
    }),
  );
}

/** The command that runs one case alone. */
export const repeat = ({ scenario, kind, request }: SweepCase): string =>
  `npm run test:sweep -- --scenario ${scenario} --fault ${kind} --request '${request}'`;
