import Table from 'cli-table3';
import { type CheckName, checkNames, checks } from './checks.ts';
import type { Duration } from './durations.ts';
import { exchangeText } from './exchanges.ts';
import { movesOf, type Switch, type Verdict, verdictsOn } from './findings.ts';
import type { Deviation } from './replay.ts';
import type { RowVerdict } from './rows.ts';
import type { State } from './state.ts';

/** Verdicts on all assumptions, from what the checks have found. */
export function verdictsOf({ checks: done }: State): Verdict[] {
  const notLooked = (assumption: Switch): string => {
    const name = checkNames.find((each) => checks[each].finds.includes(assumption));
    if (!name) return 'no check can see it';
    const { stopped } = done[name] ?? {};
    return stopped === undefined ? `the check ${name} was not made` : `the check ${name} could not be made: ${stopped}`;
  };
  return verdictsOn(
    checkNames.flatMap((name) => done[name]?.findings ?? []),
    notLooked,
  );
}

/** Hours and dollars of checks. */
export function costOf(chosen: readonly CheckName[]): { minutes: number; usd: number } {
  const all = chosen.map((name) => checks[name]);
  return {
    minutes: all.reduce((sum, { minutes }) => sum + minutes, 0),
    usd: all.reduce((sum, { usd }) => sum + usd, 0),
  };
}

export function costText(chosen: readonly CheckName[]): string {
  const table = plainTable(['check', 'minutes', 'USD at most', 'what it looks at']);
  for (const name of chosen) {
    const { title, minutes, usd } = checks[name];
    table.push([name, String(minutes), usd.toFixed(2), title]);
  }
  const { minutes, usd } = costOf(chosen);
  table.push(['all', String(minutes), usd.toFixed(2), 'and about 15 minutes to remove everything']);
  return table.toString();
}

/** Where the figures come from. @param hourly What a node costs by Microsoft's list now; left out where that was not asked. */
export function priceText(vmSize: string, location: string, hourly?: number | 'unknown'): string {
  const ours =
    'These figures are from no price list: they are our estimates for West Europe, rounded up, by prices of 2026 without discounts and taxes.';
  if (hourly === undefined) return `\n${ours}`;
  const listed =
    hourly === 'unknown'
      ? `Microsoft's price list (prices.azure.com) does not say what a ${vmSize} costs in ${location}, or could not be reached.`
      : `By Microsoft's price list (prices.azure.com) a node of ${vmSize} costs ${hourly} USD an hour in ${location} now.`;
  return `\n${ours}\n${listed}`;
}

export function verdictText(verdicts: readonly Verdict[]): string {
  const table = plainTable(['assumption', 'verdict', 'Azure']);
  for (const { assumption, verdict, position = '' } of verdicts) table.push([assumption, verdict, position]);
  const shown = verdicts.map(({ assumption, verdict, position, because, shownBy }) =>
    [
      `${assumption}: ${verdict}${position === undefined ? '' : `, ${position}`}. ${because}`,
      ...shownBy.map((exchange) => `  ${exchangeText(exchange)}`),
    ].join('\n'),
  );
  const moves = movesOf(verdicts);
  const simulator = moves === '' ? 'its defaults' : `--azure ${moves}`;
  return [table.toString(), '', ...shown, '', `The simulator is as this Azure with ${simulator}.`].join('\n');
}

/** Rows of the simulator's behaviours, those against which something was seen with the exchange. */
export function rowText(rows: readonly RowVerdict[]): string {
  const confirmed = rows.filter(({ verdict }) => verdict === 'confirmed').map(({ id }) => id);
  const refuted = rows
    .filter(({ verdict }) => verdict === 'refuted')
    .map(({ id, evidence, says, shownBy }) =>
      [`  ${id} (${evidence}): ${says}`, ...shownBy.map((one) => `    ${exchangeText(one)}`)].join('\n'),
    );
  return [
    `Behaviours of the simulator that this confirms: ${confirmed.join(', ') || 'none'}.`,
    refuted.length === 0 ? 'It refutes none.' : `It refutes:\n${refuted.join('\n')}`,
  ].join('\n');
}

/** How long operations took by Azure's own clock. */
export function durationText(durations: readonly Duration[]): string {
  const table = plainTable(['operation', 'seconds', 'ended']);
  for (const { operation, seconds, status } of durations) table.push([operation, String(seconds), status]);
  return table.toString();
}

export function deviationText(deviations: readonly Deviation[], count: number): string {
  if (deviations.length === 0) return `The simulator answers all ${count} requests as recorded.`;
  const lines = deviations.map(
    ({ line, request, azure, simulator }) => `${line}: ${request}\n  Azure: ${azure}\n  simulator: ${simulator}`,
  );
  return [...lines, `${deviations.length} of ${count} answers differ.`].join('\n');
}

/** Without lines and colours, so that it can be read in a log. */
const plainTable = (head: string[]) =>
  new Table({ head, chars: noLines, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 } });

const lineNames = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
];
const noLines = Object.fromEntries(lineNames.map((name) => [name, '']));
