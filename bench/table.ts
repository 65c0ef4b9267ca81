import { worsening } from './check.ts';
import { keeps, type Result } from './figures.ts';

export const tableHead = ['Item', 'Figure', 'Median', 'Least to most', 'Runs', 'Promised'] as const;

/** A row of the table. */
export function tableRow(result: Result): string[] {
  const { item, name, median, min, max, runs, limit, better } = result;
  const shown = (value: number) => valueText(value, result);
  const kept = keeps(result) === false ? ' (missed)' : '';
  return [
    item,
    name,
    shown(median),
    runs > 1 ? `${shown(min)} to ${shown(max)}` : '',
    String(runs),
    limit === undefined ? '' : `${better === 'lower' ? 'at most' : 'at least'} ${shown(limit)}${kept}`,
  ];
}

/** The last result beside a new one, and how much that has changed: `+` is worse. */
export function lastText(result: Result, last: readonly Result[]): string[] {
  const before = last.find(({ item, name }) => item === result.item && name === result.name);
  if (!before) return ['', 'new'];
  const worse = Math.round(worsening(result, before) * 100);
  return [
    valueText(before.median, before),
    Number.isFinite(worse) && worse !== 0 ? `${worse > 0 ? '+' : ''}${worse} %` : '',
  ];
}

function valueText(value: number, { unit }: Result): string {
  switch (unit) {
    case 'ratio':
      return value.toFixed(3);
    case 'count':
      return String(Math.round(value));
    case 's':
    case 'MiB':
    case 'kB':
    case 'ms':
    case 'a second':
    case 'an hour':
      return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
}
