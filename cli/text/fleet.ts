import type { FleetEnding } from '../../client/index.ts';
import type {
  FleetCounts,
  FleetFailure,
  FleetPlanReport,
  FleetProgress,
  FleetReport,
  VerdictChange,
} from '../../contract/index.ts';
import { problemText } from '../../contract/index.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { program, quoted } from './commands.ts';
import { between, durationText } from './duration.ts';
import { oneLine } from './printable.ts';
import type { Paint } from './style.ts';

/** As many lines of a kind as a screen has room for. */
const most = 10;

export function fleetExitCode(ending: FleetEnding): ExitCode {
  switch (ending.outcome) {
    case 'planned':
      if (ending.plan.problems.length > 0) return exitCodes.failed;
      return exitCodes.wouldChange;
    case 'rolledOut': {
      const { failed, drifted, unproven } = ending.counts;
      if (failed) return exitCodes.failed;
      return drifted ? exitCodes.drifted : unproven ? exitCodes.unproven : exitCodes.ok;
    }
    case 'stopped':
    case 'failed':
    case 'cancelled':
    case 'terminated':
      return exitCodes.failed;
  }
}

/** How a rollout has ended, for people. */
export function fleetEndingText(ending: FleetEnding, paint: Paint): string {
  switch (ending.outcome) {
    case 'planned':
      return fleetPlanText(ending, paint);
    case 'rolledOut':
    case 'stopped':
      return reportText(ending, paint);
    case 'failed':
      return paint('red', `Failed${ending.type === undefined ? '' : ` (${ending.type})`}: ${ending.message}`);
    case 'cancelled':
      return [
        paint('yellow', 'Cancelled.'),
        ...(isReport(ending.details) ? [reportText(ending.details, paint)] : []),
      ].join('\n');
    case 'terminated':
      return paint('red', `${ending.message} What it had begun goes on by itself.`);
  }
}

const isReport = (details: unknown): details is FleetReport =>
  typeof details === 'object' && details !== null && 'counts' in details;

/** The rings with their clusters, and what bounds them. */
export function fleetPlanText({ fleet, scenario, plan }: FleetPlanReport, paint: Paint): string {
  const all = plan.rings.reduce((sum, { clusters }) => sum + clusters.length, 0);
  return [
    paint('bold', `Rollout ${fleet}: ${scenario} on ${all} ${all === 1 ? 'cluster' : 'clusters'}`),
    ...plan.problems.map((problem) => paint('red', `  ! ${oneLine(problemText(problem))}`)),
    ...plan.unread.map((each) => paint('yellow', `  not seen: ${oneLine(each)}`)),
    ...plan.notes.map((each) => `  ${each}`),
    ...plan.rings.flatMap(({ name, clusters, atOnce, bounds, gate, soakMinutes }) => [
      `  ${name}: ${clusters.length}, ${atOnce} at once (${boundText(bounds, atOnce)})${gate ? ', after an approval' : ''}${soakMinutes > 0 ? `, then ${soakMinutes} min of soak time` : ''}`,
      ...listed(clusters.map((each) => paint('dim', `    ${each}`))),
    ]),
    plan.problems.length > 0
      ? paint('red', 'It cannot be rolled out.')
      : `Plan: ${all} clusters in ${plan.rings.length} rings.`,
  ].join('\n');
}

const boundText = (bounds: FleetPlanReport['plan']['rings'][number]['bounds'], atOnce: number): string =>
  `bounded by ${bounds.find((each) => each.atOnce === atOnce)?.by ?? 'nothing'}`;

function reportText(
  {
    counts,
    clusters,
    startedAt,
    finishedAt,
    failures,
    changes,
    why,
    durations,
    unread = [],
    appeared = [],
  }: FleetReport,
  paint: Paint,
): string {
  const took = durationText(between(startedAt, finishedAt));
  const isGood = why === undefined && !counts.failed;
  return [
    paint(
      isGood ? 'green' : 'red',
      `${why === undefined ? 'Rolled out' : `Stopped: ${why}`}, in ${took}. ${countsText(counts, clusters)}`,
    ),
    ...(durations
      ? [
          `  a cluster takes ${durationText(durations.p50 * 1000)} (median), ${durationText(durations.most * 1000)} at most`,
        ]
      : []),
    ...unread.map((each) => paint('yellow', `  not seen: ${oneLine(each)}`)),
    ...failures.map((each) => paint('red', `  ${failureText(each)}`)),
    ...appeared.map((each) => `  came since, and was left as it is: ${each}`),
    ...(changes ? changesText(changes.since, changes.clusters, paint) : []),
  ].join('\n');
}

function changesText(since: string, clusters: readonly VerdictChange[], paint: Paint): string[] {
  if (clusters.length === 0) return [`  nothing has changed since ${since}`];
  return [
    `  since ${since}:`,
    ...clusters.map(({ cluster, was, is }) =>
      paint(is === 'Isolated' ? 'green' : 'red', `    ${cluster}: ${was ?? 'new'} → ${is ?? 'gone'}`),
    ),
  ];
}

const failureText = ({ cluster, type, why }: FleetFailure): string => `${cluster}: ${type}: ${oneLine(why)}`;

/** How many clusters are in which state. */
function countsText(counts: FleetCounts, clusters: number): string {
  const { waiting = 0, inWork = 0, ...done } = counts;
  const each = Object.entries({ ...done, inWork, waiting }).filter(([, count]) => count > 0);
  const words = each.map(
    ([state, count]) => `${count} ${state.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`,
  );
  return `${clusters - waiting - inWork} of ${clusters} done${words.length > 0 ? `: ${words.join(', ')}` : ''}`;
}

function headLine({ fleet, of, phase, paused, ring }: FleetProgress): string {
  const words = phase.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const at = ring ? `, ring ${ring.name} (${ring.number} of ${ring.of})` : '';
  return `${fleet}: ${of}, ${words}${paused ? ', paused' : ''}${at}`;
}

/** The waits of a rollout, with the commands to paste. */
function waitingLines(
  { phase, waitsFor, until, ring, hold, decisions = [], paused }: FleetProgress,
  workflowId: string,
): string[] {
  const id = quoted(workflowId);
  const next = /^the approval of ring ([^,]*)/.exec(waitsFor ?? '')?.[1] ?? ring?.name ?? '';
  const commands = [
    ...(phase === 'awaitingApproval' ? [`${program} approve ${id} ${quoted(next)} --by 'YOUR NAME'`] : []),
    ...decisions.map((decision) => `${program} decide ${id} ${decision} --hold ${hold}`),
    ...(paused ? [`${program} resume ${id}`] : []),
  ];
  if (commands.length === 0) return [];
  return [
    `Waits for ${waitsFor}${until === undefined ? '' : `, until ${until}`}.`,
    ...commands.map((each) => `  ${each}`),
  ];
}

/** Waits that nobody need answer: the soak time, a window, clusters in work. */
const patienceLines = ({ waitsFor, until }: FleetProgress): string[] =>
  waitsFor === undefined ? [] : [`waits for ${waitsFor}${until === undefined ? '' : `, until ${until.slice(0, 19)}Z`}`];

/** A rollout as it stands, for a terminal that is drawn over. */
export function fleetScreen(progress: FleetProgress, workflowId: string, paint: Paint): string {
  const { counts, clusters, ring, inWork, failures } = progress;
  const waiting = waitingLines(progress, workflowId);
  return [
    paint('bold', headLine(progress)),
    countsText(counts, clusters),
    ...(ring ? [`${ring.done} of ${ring.clusters} of the ring`] : []),
    ...(waiting.length === 0 ? patienceLines(progress) : []),
    ...listed(inWork.map(({ cluster, since }) => paint('cyan', `  ▶ ${cluster} since ${since.slice(11, 19)}Z`))),
    ...listed(failures.map((each) => paint('red', `  ✗ ${failureText(each)}`)).toReversed()),
    ...waiting.map((line) => paint('yellow', line)),
  ].join('\n');
}

function listed(lines: readonly string[]): string[] {
  return lines.length <= most ? [...lines] : [...lines.slice(0, most), `    and ${lines.length - most} more`];
}

/** Tells in plain lines what has changed, for outputs that cannot be drawn over. */
export class FleetLines {
  #told = '';
  #head = '';
  #waiting = '';

  next(progress: FleetProgress, workflowId: string): string[] {
    const { events, counts, clusters, updatedAt } = progress;
    const news = events.filter(({ at }) => at > this.#told).toReversed();
    this.#told = events[0]?.at ?? this.#told;
    const waiting = waitingLines(progress, workflowId);
    const patience = waiting.length === 0 && progress.until !== undefined ? patienceLines(progress) : [];
    const head = [`${headLine(progress)}. ${countsText(counts, clusters)}`, ...patience].join('; ');
    const lines = [
      ...news.map(({ at, what }) => `${at.slice(11, 19)}Z  ${oneLine(what)}`),
      ...(head === this.#head ? [] : [`${updatedAt.slice(11, 19)}Z  ${head}`]),
      ...(waiting.join('\n') === this.#waiting ? [] : waiting),
    ];
    this.#head = head;
    this.#waiting = waiting.join('\n');
    return lines;
  }
}
