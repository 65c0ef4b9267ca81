import { describe, expect, it } from '@jest/globals';
import { regressions } from '../../bench/check.ts';
import { type Figure, keeps, medianOf, resultOf } from '../../bench/figures.ts';

const ratio = (value: number, more: Partial<Figure> = {}) =>
  resultOf('makespan', { name: 'create-byo', unit: 'ratio', better: 'lower', values: [value], ...more });

describe('a ratio', () => {
  it('may be a tenth worse than the last result, and no more', () => {
    expect(regressions([ratio(1.09)], [ratio(1)])).toEqual([]);
    expect(regressions([ratio(1.11)], [ratio(1)])).toEqual(['makespan: create-byo: 1.110, 11 % worse than 1.000.']);
  });

  it('is worse where it is smaller, if larger is better', () => {
    const times = (value: number) => ratio(value, { better: 'higher' });
    expect(regressions([times(2)], [times(1)])).toEqual([]);
    expect(regressions([times(1)], [times(1.11)])).toHaveLength(1);
  });

  it('that is no longer measured is told, but not where its item did not run', () => {
    const other = { ...ratio(1), name: 'audit' };
    expect(regressions([ratio(1)], [ratio(1), other])).toEqual(['makespan: audit is no longer measured.']);
    expect(regressions([other], [ratio(1), { ...other, item: 'cost' }, other])).toEqual([
      'makespan: create-byo is no longer measured.',
    ]);
  });
});

it('passes nothing where there is nothing to compare', () => {
  const nothing = ['The last result has nothing of what was measured.'];
  expect(regressions([], [ratio(1)])).toEqual(nothing);
  expect(regressions([ratio(1)], [])).toEqual(nothing);
});

it("compares no seconds: they are the machine's", () => {
  const seconds = (value: number) => ratio(value, { unit: 's' });
  expect(regressions([seconds(100)], [seconds(1)])).toEqual([]);
});

it('tells of what must not happen, whatever was before', () => {
  const writes = ratio(1, { unit: 'count', limit: 0 });
  expect(regressions([writes], [])).toContain('makespan: create-byo: 1, and must be 0.');
});

it('takes the median of all runs, and holds it against the promise', () => {
  expect(medianOf([3, 1, 2])).toBe(2);
  expect(medianOf([4, 1, 2, 3])).toBe(2.5);
  expect(ratio(0, { values: [1.5, 1, 1.1] })).toMatchObject({ median: 1.1, min: 1, max: 1.5, runs: 3 });
  expect(keeps(ratio(1.03, { limit: 1.03 }))).toBe(true);
  expect(keeps(ratio(1.04, { limit: 1.03 }))).toBe(false);
  expect(keeps(ratio(1.5, { limit: 1.4, better: 'higher' }))).toBe(true);
  expect(keeps(ratio(1.04))).toBeUndefined();
});
