import { msToNumber } from '@temporalio/common/lib/time.js';
import { scenarioInputs } from '../../contract/inputs/index.ts';
import { metrics, shownName } from '../../contract/metrics.ts';
import { operation, read, wait } from '../../workflows/engine/azure.ts';

/** An alert, with series on which it fires. */
export interface Alert {
  name: string;
  severity: 'info' | 'warning' | 'critical';
  expr: string;
  /** How long it must hold, in minutes. Left out: at once. */
  minutes?: number;
  summary: string;
  /** Series by which it fires: with one value a minute, in promtool's notation. */
  fires: Readonly<Record<string, string>>;
  /** Series by which it does not. */
  quiet: Readonly<Record<string, string>>;
  /** Labels of the alert that fires, beside the severity. */
  labels?: Readonly<Record<string, string>>;
}

const cluster = { subscriptionId: '11111111-1111-1111-1111-111111111111', resourceGroup: 'any', name: 'any' };
/** The bounds of an input that names none. */
const usual = scenarioInputs.reimageNodePools.parse({ cluster });
/** The share of a wait after which it is time for the last call. */
const lastCall = 5 / 6;

const minutesOf = (duration: string): number => msToNumber(duration) / 60_000;
/** How long an activity is retried: the sum of what lies between its attempts. */
function patienceMinutes({ maximumAttempts, maximumInterval }: typeof read.retry): number {
  const between = Array.from({ length: maximumAttempts - 1 }, (_, at) =>
    Math.min(2 ** at, msToNumber(maximumInterval) / 1000),
  );
  return Math.floor(between.reduce((sum, seconds) => sum + seconds) / 60);
}

/** Values that the rules and their test share with the workflows. */
const bounds = {
  holdMinutes: usual.holdTimeoutMinutes,
  approvalMinutes: usual.approvalTimeoutMinutes,
  pauseMinutes: usual.pauseTimeoutMinutes,
  readPatienceMinutes: patienceMinutes(read.retry),
  waitAttemptMinutes: minutesOf(wait.startToCloseTimeout),
  operationSeconds: minutesOf(operation.startToCloseTimeout) * 60,
};

const openRuns = shownName(metrics.openRuns);
const runs = shownName(metrics.runs);
const leftovers = shownName(metrics.leftovers);
const audits = shownName(metrics.audits);
const requests = `${shownName(metrics.armRequestDuration)}_count`;
const throttled = shownName(metrics.armThrottled);
const rollouts = shownName(metrics.rollouts);
const oldest = shownName(metrics.oldestActivity);

/** A wait that nobody has answered when five sixths of its usual bound have passed. */
function lastCallOf(name: string, phase: string, what: string, minutes: number): Alert {
  const series = (value: string) => ({ [`${openRuns}{phase="${phase}",taskQueue="q"}`]: `${value}x${minutes}` });
  return {
    name,
    severity: 'critical',
    expr: `max by (taskQueue) (${openRuns}{phase="${phase}"}) > 0`,
    minutes: minutes * lastCall,
    summary: `${what} for {{ $value }} run(s); a wait ends by itself after ${minutes / 60} hours by default`,
    fires: series('1'),
    quiet: series('0'),
    labels: { taskQueue: 'q' },
  };
}

export const alerts: readonly Alert[] = [
  {
    name: 'AksIsolationWorkerGone',
    severity: 'critical',
    expr: `absent(${openRuns})`,
    minutes: bounds.waitAttemptMinutes,
    summary: 'No worker is scraped: nothing that runs goes on',
    fires: { 'up{job="other"}': '1x60' },
    quiet: { [`${openRuns}{phase="Applying"}`]: '0x60' },
  },
  {
    name: 'AksIsolationSlotsUsedUp',
    severity: 'warning',
    expr: 'max by (task_queue) (temporal_worker_task_slots_available{worker_type="ActivityWorker"}) < 25',
    minutes: bounds.readPatienceMinutes,
    summary: 'Each worker watches almost as many operations as it can: others wait',
    fires: { 'temporal_worker_task_slots_available{worker_type="ActivityWorker",task_queue="q"}': '3x60' },
    quiet: { 'temporal_worker_task_slots_available{worker_type="ActivityWorker",task_queue="q"}': '400x60' },
    labels: { task_queue: 'q' },
  },
  {
    name: 'AksIsolationWorkflowTasksFail',
    severity: 'critical',
    expr: 'sum by (workflow_type) (increase(temporal_workflow_task_execution_failed_total[15m])) > 0',
    summary: 'Runs of {{ $labels.workflow_type }} stand still, for their workflow task fails',
    fires: { 'temporal_workflow_task_execution_failed_total{workflow_type="createCluster"}': '0+1x60' },
    quiet: { 'temporal_workflow_task_execution_failed_total{workflow_type="createCluster"}': '3x60' },
    labels: { workflow_type: 'createCluster' },
  },
  {
    name: 'AksIsolationTemporalUnreachable',
    severity: 'critical',
    expr: 'sum(rate(temporal_request_failure_total[5m])) + sum(rate(temporal_long_request_failure_total[5m])) > 0.1',
    minutes: 5,
    summary: 'Workers do not reach Temporal',
    fires: {
      'temporal_request_failure_total{operation="a"}': '0+30x60',
      'temporal_long_request_failure_total{operation="b"}': '0+30x60',
    },
    quiet: {
      'temporal_request_failure_total{operation="a"}': '5x60',
      'temporal_long_request_failure_total{operation="b"}': '5x60',
    },
  },
  {
    name: 'AksIsolationRunFailed',
    severity: 'warning',
    expr: `sum by (scenario, outcome) (increase(${runs}{outcome=~"StepFailed|VerificationFailed|Unproven|ResetRun|other"}[1h])) > 0`,
    summary: 'A run of {{ $labels.scenario }} has ended with {{ $labels.outcome }}',
    fires: { [`${runs}{scenario="createCluster",outcome="StepFailed"}`]: '0x20 1x40' },
    quiet: { [`${runs}{scenario="createCluster",outcome="verified"}`]: '0x20 1x40' },
    labels: { scenario: 'createCluster', outcome: 'StepFailed' },
  },
  {
    name: 'AksIsolationRolloutStopped',
    severity: 'warning',
    expr: `sum by (scenario, ended) (increase(${rollouts}{ended=~"budget|approval|pause"}[1h])) > 0`,
    summary: 'A rollout of {{ $labels.scenario }} has stopped before its last cluster: {{ $labels.ended }}',
    fires: { [`${rollouts}{scenario="isolateCluster",ended="budget"}`]: '0x20 1x40' },
    quiet: { [`${rollouts}{scenario="isolateCluster",ended="rolledOut"}`]: '0x20 1x40' },
    labels: { scenario: 'isolateCluster', ended: 'budget' },
  },
  {
    name: 'AksIsolationLeftovers',
    severity: 'critical',
    expr: `sum by (scenario) (increase(${leftovers}{remains="incomplete"}[1h])) > 0`,
    summary: 'A run of {{ $labels.scenario }} could not take everything back',
    fires: { [`${leftovers}{scenario="createCluster",remains="incomplete"}`]: '0x20 2x40' },
    quiet: { [`${leftovers}{scenario="createCluster",remains="leftAsAsked"}`]: '0x20 2x40' },
    labels: { scenario: 'createCluster' },
  },
  {
    name: 'AksIsolationDrifted',
    severity: 'critical',
    // Audits are nightly.
    expr: `sum(increase(${audits}{verdict="Drifted"}[25h])) > 0`,
    summary: 'An audit has found a cluster that is not isolated',
    fires: { [`${audits}{verdict="Drifted"}`]: '0x20 1x40' },
    quiet: { [`${audits}{verdict="Isolated"}`]: '0x20 1x40' },
  },
  {
    name: 'AksIsolationRunWaits',
    severity: 'info',
    expr: `max by (taskQueue, phase) (${openRuns}{phase=~"WaitingForOperator|AwaitingApproval|Paused"}) > 0`,
    minutes: 15,
    summary: '{{ $value }} run(s) wait for somebody: {{ $labels.phase }}',
    fires: { [`${openRuns}{phase="Paused",taskQueue="q"}`]: '1x60' },
    quiet: { [`${openRuns}{phase="Applying",taskQueue="q"}`]: '1x60' },
    labels: { phase: 'Paused', taskQueue: 'q' },
  },
  lastCallOf('AksIsolationHoldNearItsEnd', 'WaitingForOperator', 'Nobody has decided', bounds.holdMinutes),
  lastCallOf('AksIsolationApprovalNearItsEnd', 'AwaitingApproval', 'Nobody has approved', bounds.approvalMinutes),
  lastCallOf('AksIsolationPauseNearItsEnd', 'Paused', 'Nobody has resumed', bounds.pauseMinutes),
  {
    name: 'AksIsolationAzureThrottles',
    severity: 'warning',
    expr: `sum by (provider) (rate(${throttled}[5m])) > 0`,
    minutes: bounds.readPatienceMinutes,
    summary: '{{ $labels.provider }} throttles for as long as reads are retried',
    fires: { [`${throttled}{provider="Microsoft.Network"}`]: '0+1x60' },
    quiet: { [`${throttled}{provider="Microsoft.Network"}`]: '7x60' },
    labels: { provider: 'Microsoft.Network' },
  },
  {
    name: 'AksIsolationAzureUnreachable',
    severity: 'critical',
    expr: `sum by (provider) (rate(${requests}{status=~"none|5xx"}[5m])) / sum by (provider) (rate(${requests}[5m])) > 0.5`,
    minutes: bounds.readPatienceMinutes,
    summary: '{{ $labels.provider }} does not answer for as long as reads are retried',
    fires: { [`${requests}{provider="Microsoft.Network",status="none"}`]: '0+9x60' },
    quiet: {
      [`${requests}{provider="Microsoft.Network",status="none"}`]: '0+1x60',
      [`${requests}{provider="Microsoft.Network",status="2xx"}`]: '0+9x60',
    },
    labels: { provider: 'Microsoft.Network' },
  },
  {
    name: 'AksIsolationOperationOverdue',
    severity: 'warning',
    expr: `max by (activityType) (${oldest}) > ${bounds.operationSeconds}`,
    summary: '{{ $labels.activityType }} takes longer than one attempt may',
    fires: { [`${oldest}{activityType="createOrUpdateCluster"}`]: `${bounds.operationSeconds + 1}x60` },
    quiet: { [`${oldest}{activityType="createOrUpdateCluster"}`]: `${bounds.operationSeconds}x60` },
    labels: { activityType: 'createOrUpdateCluster' },
  },
];
