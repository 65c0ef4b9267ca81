import type { Info } from '@temporalio/activity';
import { type ActivityInterceptorsFactory, type Logger, Runtime } from '@temporalio/worker';
import { Measures, metrics } from '../contract/metrics.ts';
import { rolloutFleet, searchAttributes } from '../contract/names.ts';
import type { TemporalConnection } from './temporal.ts';

const everyMs = { activities: 15_000, runs: 60_000 };

/** Attempts of activities that run in this worker. */
const running = new Set<Info>();
const seenTypes = new Set<string>();

/** Keeps count of running activities. Metrics of requests have no label for the activity's type: they have labels enough. */
export const trackActivities: ActivityInterceptorsFactory = ({ info }) => ({
  outbound: {
    getMetricTags({ activityType: _, ...tags }, next) {
      return next(tags);
    },
  },
  inbound: {
    async execute(input, next) {
      running.add(info);
      seenTypes.add(info.activityType);
      try {
        return await next(input);
      } finally {
        running.delete(info);
      }
    },
  },
});

/** Shows what no event tells: how old running activities are, and how many runs stand where. @returns what ends it. */
export function startGauges(temporal: TemporalConnection, taskQueue: string, logger: Logger): () => void {
  const { namespace } = temporal;
  const measures = new Measures(Runtime.instance().metricMeter.withTags({ namespace, taskQueue }));
  beginAtZero(measures);
  const showAges = (): void => {
    for (const activityType of seenTypes)
      measures.show('oldestActivity', { activityType }, oldestSeconds(activityType));
  };
  let isFailing = false;
  const showRuns = async (): Promise<void> => {
    try {
      await Promise.all(
        metrics.openRuns.labels.phase.map(async (phase) =>
          measures.show('openRuns', { phase }, await openRuns(temporal, taskQueue, phase)),
        ),
      );
      isFailing = false;
    } catch (error) {
      if (!isFailing) logger.warn('Open runs cannot be counted', { error });
      isFailing = true;
    }
  };
  void showRuns();
  const timers = [setInterval(showAges, everyMs.activities), setInterval(() => void showRuns(), everyMs.runs)];
  return () => timers.forEach(clearInterval);
}

/** With the labels that a run's own counters have: its workflow type is its scenario. */
function beginAtZero(measures: Measures): void {
  for (const counter of ['runsBegun', 'runs', 'leftovers'] as const)
    measures.beginAtZero(counter, ({ scenario = '' }) => ({ workflowType: scenario }));
  for (const counter of ['rollouts', 'rolloutClusters'] as const)
    measures.beginAtZero(counter, () => ({ workflowType: rolloutFleet }));
  measures.beginAtZero('audits', () => ({ workflowType: 'auditCluster' }));
  measures.beginAtZero('armThrottled', () => ({}));
}

function oldestSeconds(type: string): number {
  const begun = [...running].flatMap(({ activityType, scheduledTimestampMs }) =>
    activityType === type ? [scheduledTimestampMs] : [],
  );
  return begun.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...begun)) / 1000;
}

/** A run that was terminated keeps its phase. */
async function openRuns(
  { connection, namespace }: TemporalConnection,
  taskQueue: string,
  phase: string,
): Promise<number> {
  const query = `TaskQueue="${taskQueue}" AND ExecutionStatus="Running" AND ${searchAttributes.phase.name}="${phase}"`;
  const { count } = await connection.workflowService.countWorkflowExecutions({ namespace, query });
  return Number(count);
}
