import type { Figure } from './figures.ts';

/** What all items are run with. */
export interface Bench {
  /** Everything, and as large as promised: an hour instead of minutes. */
  full: boolean;
  /** How often what varies is measured. */
  runs: number;
  onProgress: (line: string) => void;
}

/** One part of the benchmark. */
export type Item = (bench: Bench) => Promise<Figure[]>;
