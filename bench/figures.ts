/** Ratios have no unit: they are compared with the last result, for they hold on any machine. */
type Unit = 'ratio' | 's' | 'MiB' | 'kB' | 'ms' | 'count' | 'a second' | 'an hour';

/** One thing that was measured, once or several times. */
export interface Figure {
  /** Unique in its item. */
  name: string;
  unit: Unit;
  /** One of each run, never empty. */
  values: readonly number[];
  better: 'lower' | 'higher';
  /** The promise for the median: at most so much, or at least where higher is better. */
  limit?: number;
}

/** A figure as it is kept. */
export interface Result extends Omit<Figure, 'values'> {
  item: string;
  median: number;
  min: number;
  max: number;
  runs: number;
}

/** All figures of one machine. */
export interface Results {
  /** Day of the measurement. */
  measured: string;
  /** The machine that it ran on: seconds, rates and memory are others elsewhere. */
  machine: string;
  results: readonly Result[];
}

export function resultOf(item: string, { values, ...figure }: Figure): Result {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted.at(0), sorted.at(-1)];
  if (min === undefined || max === undefined) throw new Error(`${item} ${figure.name} has no value`);
  return { item, ...figure, median: medianOf(sorted), min, max, runs: values.length };
}

/** The middle value, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** Whether the median keeps the promise; undefined where nothing was promised. */
export function keeps({ median, limit, better }: Result): boolean | undefined {
  if (limit === undefined) return undefined;
  return better === 'lower' ? median <= limit : median >= limit;
}
