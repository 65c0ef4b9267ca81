import fc from 'fast-check';
import type { Slot } from '../sweep/scenarios.ts';
import { type Claim, claims, type Judgement, judge } from './judge.ts';
import { type WorldScenario, worldScenarios } from './shape.ts';
import { type DrawnWorld, wordsOf, worldsOf } from './world.ts';

export interface WorldsOptions {
  scenarios?: readonly WorldScenario[] | undefined;
  /** Whether Azure answers in any way that it may, where that is not settled. Default: as the simulator does by default. */
  withSwitches?: boolean;
  /** How many worlds, over all slots. */
  worlds: number;
  seed: number;
  /** Repeats one world of one slot. */
  path?: string | undefined;
  onWorld?: (world: DrawnWorld, judgement: Judgement) => void;
}

/** A claim that the truth refutes, in the smallest world that was found for it. */
export interface Refuted {
  world: DrawnWorld;
  refuted: string[];
  repeat: string;
}

/** A world that is refuted is made smaller for so many further worlds at most. */
const mostShrinks = 25;

/** Runs scenarios in worlds that are drawn at random, the same for the same seed and number of slots. */
export async function sweepWorlds(options: WorldsOptions, slots: readonly Slot[]): Promise<Refuted[]> {
  const { worlds, seed } = options;
  const each = Math.ceil(worlds / slots.length);
  const found = await Promise.all(
    slots.map((slot, index) => sweepSlot(slot, { ...options, worlds: each, seed: seed * 1000 + index })),
  );
  return found.flat();
}

async function sweepSlot(slot: Slot, options: WorldsOptions): Promise<Refuted[]> {
  const { scenarios = worldScenarios, onWorld } = options;
  const found: Refuted[] = [];
  let { worlds, seed } = options;
  while (worlds > 0) {
    let last: Judgement | undefined;
    let shrinks = 0;
    const property = fc.asyncProperty(worldsOf(scenarios, options.withSwitches), async (world) => {
      if (last) shrinks += 1;
      if (shrinks > mostShrinks) return;
      const judged = await judge(slot, world).catch(
        (error: unknown): Judgement => ({ claim: 'unknown', refuted: [String(error)] }),
      );
      if (!last) onWorld?.(world, judged);
      if (judged.refuted.length === 0) return;
      last = judged;
      throw new Error(judged.refuted.join('\n'));
    });
    const ran = await fc.check(property, {
      seed,
      numRuns: worlds,
      ...(options.path !== undefined && { path: options.path }),
    });
    worlds -= ran.numRuns;
    if (!ran.failed || !ran.counterexample) break;
    const repeat = `npm run test:worlds -- --seed ${seed} --path ${ran.counterexamplePath} --scenario ${scenarios.join(' ')}${options.withSwitches ? ' --switches' : ''}`;
    found.push({ world: ran.counterexample[0], refuted: last?.refuted ?? [], repeat });
    seed += 100_000;
    if (options.path !== undefined) break;
  }
  return found;
}

export type Table = Record<string, Record<Claim | 'worlds' | 'refuted', number>>;

/** Per scenario, what the runs claimed. */
export function worldsTable(seen: readonly { world: DrawnWorld; judgement: Judgement }[]): Table {
  const names = worldScenarios.filter((name) => seen.some(({ world }) => world.scenario === name));
  return Object.fromEntries(
    [...names, 'all' as const].map((name) => {
      const own = seen.filter(({ world }) => name === 'all' || world.scenario === name);
      const counts = claims.map((claim) => [claim, own.filter(({ judgement }) => judgement.claim === claim).length]);
      const refuted = own.filter(({ judgement }) => judgement.refuted.length > 0).length;
      return [name, { worlds: own.length, ...Object.fromEntries(counts), refuted }];
    }),
  );
}

export const textOfRefuted = ({ world, refuted, repeat }: Refuted): string =>
  [wordsOf(world), ...refuted.map((why) => `  ${why}`), `  ${repeat}`].join('\n');
