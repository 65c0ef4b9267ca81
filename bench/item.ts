import type { Figure } from './figures.ts';
import type { MeasuredName } from './scenarios.ts';

/** The size of a rollout, and how many workers it has. */
export interface RolloutSize {
  clusters: number;
  workers: number;
}

/** Settings of all items. */
export interface Bench {
  /** Everything, and as large as promised: an hour instead of minutes. */
  full: boolean;
  /** How often what varies is measured. */
  runs: number;
  /** Only these scenarios, where an item has one for each. Left out: all. */
  scenarios?: readonly MeasuredName[] | undefined;
  /** Only these sizes, of a fleet. Left out: the usual ones. */
  rollouts?: readonly RolloutSize[] | undefined;
  /** How many times as fast as Azure a fleet's is. Left out: so fast that Azure's budgets are the limit on an idle machine. */
  speed?: number | undefined;
  /** Whether each run is shown as it passed. */
  timeline: boolean;
  onProgress: (line: string) => void;
}

/** One part of the benchmark. */
export type Item = (bench: Bench) => Promise<Figure[]>;
