import type { ApplicationFailure } from '@temporalio/workflow';
import { errorEntry, errorPage } from '../../contract/errors.ts';
import { withoutStack } from '../../contract/failures.ts';
import type { FleetReport, VerdictChange } from '../../contract/fleet.ts';
import { errorTypes } from '../../contract/names.ts';
import type { AuditVerdict } from '../../contract/result.ts';
import type { Rollout } from './rollout.ts';
import { countsText, failuresOf } from './shown.ts';
import { durationsOf, type RolloutState } from './state.ts';

type Verdicts = NonNullable<RolloutState['last']>['verdicts'];

/** How a rollout has come out. */
export function fleetReport(rollout: Rollout, finishedAt: string): FleetReport {
  const { input, now, states } = rollout;
  const { startedAt, stop, ringEnds, approvals, unread, last, runs } = now;
  const durations = durationsOf(now.seconds);
  const verdicts = input.scenario === 'auditCluster' ? verdictsOf(rollout) : undefined;
  return {
    outcome: stop ? 'stopped' : 'rolledOut',
    fleet: input.name,
    scenario: input.scenario,
    startedAt,
    finishedAt,
    ...(stop && { why: stop.why }),
    clusters: states.all,
    counts: states.counts,
    rings: input.rings.map(({ name }, ring) => ({ name, clusters: (ringEnds[ring] ?? 0) - (ringEnds[ring - 1] ?? 0) })),
    failures: failuresOf(rollout),
    ...(durations && { durations }),
    approvals,
    ...(unread.length > 0 && { unread }),
    ...(verdicts && { verdicts }),
    ...(verdicts &&
      last && {
        changes: { since: last.finishedAt, clusters: changes(last.verdicts, verdicts, unaudited(rollout)) },
      }),
    runs,
  };
}

function verdictsOf(rollout: Rollout): Verdicts {
  const names = (state: 'isolated' | 'drifted' | 'unproven') =>
    [...rollout.states.in(state)].map((each) => rollout.name(each));
  return { Isolated: names('isolated'), Drifted: names('drifted'), Unproven: names('unproven') };
}

const order = ['Drifted', 'Unproven', 'Isolated'] as const satisfies readonly AuditVerdict[];

/** Clusters of the rollout that have no verdict, but are there: their audits have failed, or have not begun. */
function unaudited(rollout: Rollout): Set<string> {
  const states = ['failed', 'busy', 'skipped', 'waiting', 'inWork', 'rolledBack'] as const;
  return new Set(
    states.flatMap((state) => [...rollout.states.in(state)].map((each) => rollout.name(each).toLowerCase())),
  );
}

/** The clusters whose verdicts differ, those that have drifted first. Azure compares names without case. */
function changes(before: Verdicts, after: Verdicts, unknown: ReadonlySet<string>): VerdictChange[] {
  const [was, is] = [byCluster(before), byCluster(after)];
  const news = order.flatMap((verdict) =>
    after[verdict].flatMap((cluster) => {
      const old = was.get(cluster.toLowerCase());
      return old === verdict ? [] : [{ cluster, ...(old && { was: old }), is: verdict }];
    }),
  );
  const missing = order.flatMap((verdict) =>
    before[verdict].flatMap((cluster) =>
      is.has(cluster.toLowerCase()) || unknown.has(cluster.toLowerCase()) ? [] : [{ cluster, was: verdict }],
    ),
  );
  return [...news, ...missing];
}

const byCluster = (verdicts: Verdicts): Map<string, AuditVerdict> =>
  new Map(order.flatMap((verdict) => verdicts[verdict].map((cluster) => [cluster.toLowerCase(), verdict] as const)));

/** The last report of the same schedule, if it is one of audits. Whatever else Temporal hands on is none. */
export function lastOf(result: unknown): RolloutState['last'] {
  const { finishedAt, verdicts }: Partial<FleetReport> = typeof result === 'object' && result !== null ? result : {};
  if (typeof finishedAt !== 'string' || !verdicts) return undefined;
  const { Isolated = [], Drifted = [], Unproven = [] }: Partial<Verdicts> = verdicts as Partial<Verdicts>;
  return { finishedAt, verdicts: { Isolated: [...Isolated], Drifted: [...Drifted], Unproven: [...Unproven] } };
}

/** The failure that ends a rollout with clusters left. */
export function stoppedFailure(report: FleetReport): ApplicationFailure {
  const { fleetStopped: type } = errorTypes;
  const failed = report.failures.slice(0, 20).map(({ cluster, type: of, why }) => `- ${cluster}: ${of}: ${why}`);
  const message = [
    `Stopped: ${report.why}.`,
    countsText(report.counts, report.clusters),
    ...failed,
    errorEntry(type).whatToDo,
    `See ${errorPage(type)}.`,
  ];
  return withoutStack({ type, message: message.join('\n'), nonRetryable: true, details: [report] });
}
