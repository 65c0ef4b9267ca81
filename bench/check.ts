import { keeps, type Result } from './figures.ts';

/** By how much a ratio may be worse than the last result before it counts as a regression. */
const tolerated = 0.1;

/**
 * How much worse it is than the last result, as a part of that: 0.1 is a tenth. Negative where it is better; 0 where both are.
 */
export function worsening({ median, better }: Result, last: Pick<Result, 'median'>): number {
  if (median === last.median) return 0;
  return better === 'lower' ? median / last.median - 1 : last.median / median - 1;
}

/** Figures that have become worse than the last result allows, each with a sentence. Items that did not run are not looked at. */
export function regressions(results: readonly Result[], last: readonly Result[]): string[] {
  const items = new Set(results.map(({ item }) => item));
  const key = ({ item, name }: Result) => `${item}: ${name}`;
  const isCompared = results.some((each) => last.some((before) => key(before) === key(each)));
  const now = new Map(results.map((result) => [key(result), result]));
  const gone = last.filter((each) => items.has(each.item) && each.unit === 'ratio' && !now.has(key(each)));
  return [
    // A check that compares nothing would never fail.
    ...(isCompared ? [] : ['The last result has nothing of what was measured.']),
    ...gone.map((each) => `${key(each)} is no longer measured.`),
    ...results.flatMap((result) => {
      const before = last.find((each) => key(each) === key(result));
      // That something must not happen at all holds on every machine.
      if (result.limit === 0 && keeps(result) === false && (!before || keeps(before)))
        return [`${key(result)}: ${result.median}, and must be 0.`];
      if (!before || result.unit !== 'ratio') return [];
      const worse = worsening(result, before);
      if (worse <= tolerated) return [];
      return [
        `${key(result)}: ${result.median.toFixed(3)}, ${Math.round(worse * 100)} % worse than ${before.median.toFixed(3)}.`,
      ];
    }),
  ];
}
