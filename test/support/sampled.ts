/**
 * Of a long table with a run in each row, one row in so many: `npm test` is to end within minutes. All of them with
 * `npm run test:every`, as a nightly job does.
 *
 * @param first Tables of the same rows take different ones.
 */
export const sampled = <T>(rows: readonly T[], oneIn: number, first = 0): readonly T[] =>
  process.env.EVERY_CASE ? rows : rows.filter((_row, index) => index % oneIn === first);
