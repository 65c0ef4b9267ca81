import type { Figure } from './figures.ts';
import type { MeasuredName } from './scenarios.ts';

/** What all items are run with. */
export interface Bench {
  /** Everything, and as large as promised: an hour instead of minutes. */
  full: boolean;
  /** How often what varies is measured. */
  runs: number;
  /** Only these scenarios, where an item has one for each. Left out: all. */
  scenarios?: readonly MeasuredName[] | undefined;
  /** Whether each run is shown as it passed. */
  timeline: boolean;
  onProgress: (line: string) => void;
}

/** One part of the benchmark. */
export type Item = (bench: Bench) => Promise<Figure[]>;
