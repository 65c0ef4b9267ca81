/** Whether this is `npm run test:every`. */
export const everyCase = process.env.EVERY_CASE !== undefined;

/**
 * Takes one row in so many of a long table with a run in each row: `npm test` is to end within minutes. All of them with
 * `npm run test:every`, as a nightly job does.
 *
 * @param first Tables of the same rows take different ones.
 */
export const sampled = <T>(rows: readonly T[], oneIn: number, first = 0): readonly T[] =>
  everyCase ? rows : rows.filter((_row, index) => index % oneIn === first);

/** How many cases a property is tried with: `npm run test:every` tries `every` of them. */
export const cases = (few: number, every: number): number => (everyCase ? every : few);
