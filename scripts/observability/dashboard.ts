import { metrics, shownName } from '../../contract/metrics.ts';

const quantile = (q: number, name: string, by: string): string =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${name}_bucket[$__rate_interval])))`;
const increase = (name: string, by: string): string => `sum by (${by}) (increase(${name}[$__range]))`;

const { runs, audits, leftovers, openRuns, stepDuration, runDuration, waitDuration, armRequestDuration, armThrottled } =
  metrics;

type Unit = 's' | 'short' | 'reqps';
type Panel = readonly [title: string, type: 'timeseries' | 'stat', unit: Unit, expr: string, legend: string];

const panels: readonly Panel[] = [
  ['Runs that wait or work now', 'timeseries', 'short', `max by (phase) (${shownName(openRuns)})`, '{{phase}}'],
  ['Ended runs', 'stat', 'short', increase(shownName(runs), 'scenario, outcome'), '{{scenario}} {{outcome}}'],
  ['Verdicts of audits', 'stat', 'short', increase(shownName(audits), 'verdict'), '{{verdict}}'],
  ['Clusters of rollouts', 'stat', 'short', increase(shownName(metrics.rolloutClusters), 'outcome'), '{{outcome}}'],
  ['Left behind', 'stat', 'short', increase(shownName(leftovers), 'remains'), '{{remains}}'],
  ['Time of runs, 90 %', 'timeseries', 's', quantile(0.9, shownName(runDuration), 'scenario'), '{{scenario}}'],
  ['Time of steps, 90 %', 'timeseries', 's', quantile(0.9, shownName(stepDuration), 'kind'), '{{kind}}'],
  ['Waits for people, 90 %', 'timeseries', 's', quantile(0.9, shownName(waitDuration), 'wait'), '{{wait}}'],
  [
    'Oldest activity',
    'timeseries',
    's',
    `max by (activityType) (${shownName(metrics.oldestActivity)})`,
    '{{activityType}}',
  ],
  [
    'Requests to Azure',
    'timeseries',
    'reqps',
    `sum by (provider, status) (rate(${shownName(armRequestDuration)}_count[$__rate_interval]))`,
    '{{provider}} {{status}}',
  ],
  [
    'Time of requests, 95 %',
    'timeseries',
    's',
    quantile(0.95, shownName(armRequestDuration), 'provider'),
    '{{provider}}',
  ],
  [
    'Throttled by Azure',
    'timeseries',
    'reqps',
    `sum by (provider) (rate(${shownName(armThrottled)}[$__rate_interval]))`,
    '{{provider}}',
  ],
  [
    "Requests that wait for Azure's limits",
    'timeseries',
    'short',
    `sum by (bucket) (${shownName(metrics.armRequestsWaiting)})`,
    '{{bucket}}',
  ],
  [
    'Free slots for activities',
    'timeseries',
    'short',
    'min by (task_queue) (temporal_worker_task_slots_available{worker_type="ActivityWorker"})',
    '{{task_queue}}',
  ],
  [
    'Wait of activities for a worker, 95 %',
    'timeseries',
    's',
    quantile(0.95, 'temporal_activity_schedule_to_start_latency_seconds', 'task_queue'),
    '{{task_queue}}',
  ],
  [
    'Failed workflow tasks',
    'timeseries',
    'short',
    'sum by (workflow_type) (increase(temporal_workflow_task_execution_failed_total[$__rate_interval]))',
    '{{workflow_type}}',
  ],
];

const size = { w: 12, h: 8 };
const datasource = { type: 'prometheus', uid: '$datasource' };

export const dashboard = {
  title: 'aks-isolation',
  uid: 'aks-isolation',
  schemaVersion: 39,
  refresh: '1m',
  time: { from: 'now-24h', to: 'now' },
  templating: { list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }] },
  panels: panels.map(([title, type, unit, expr, legendFormat], at) => ({
    id: at + 1,
    title,
    type,
    datasource,
    gridPos: { ...size, x: (at % 2) * size.w, y: Math.floor(at / 2) * size.h },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: [{ refId: 'A', datasource, expr, legendFormat }],
  })),
};
