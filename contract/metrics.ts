import type { MetricMeter, MetricTags } from '@temporalio/common';
import { bucketNames } from '../resources/armBudget.ts';
import { type OperationKind, operationKinds } from '../resources/operations.ts';
import { memberOutcomes, rolloutEnds } from './fleet.ts';
import { fleetScenarios } from './inputs/rolloutFleet.ts';
import { errorTypes, scenarios } from './names.ts';
import { stepKinds } from './plan.ts';

interface Definition {
  name: string;
  kind: 'counter' | 'histogram' | 'gauge';
  /** Labels with all their values; none: there are more than are known here. */
  labels: Readonly<Record<string, readonly string[]>>;
  description: string;
}

/** How runs end: their results' outcomes, and their failures' types. */
export const runOutcomes = [
  'verified',
  'planned',
  'audited',
  'cancelled',
  ...Object.values(errorTypes),
  'other',
] as const;

/** Namespaces of the providers that are asked. Others may stand in IDs of an input, and each would be a series of its own. */
export const providers = [
  'Microsoft.Authorization',
  'Microsoft.Compute',
  'Microsoft.ContainerRegistry',
  'Microsoft.ContainerService',
  'Microsoft.Features',
  'Microsoft.KubernetesConfiguration',
  'Microsoft.ManagedIdentity',
  'Microsoft.Network',
  'Microsoft.Resources',
  'other',
] as const;
const methods = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS', 'TRACE'] as const;
const anyText: readonly string[] = [];

/**
 * Everything that this product measures beside Temporal's SDK. Labels have few values: no resource, no workflow and no person is
 * named. The SDK adds `namespace` and `taskQueue`, and to what a workflow measures `workflowType`.
 */
export const metrics = {
  runsBegun: {
    name: 'aks_isolation_runs_begun',
    kind: 'counter',
    labels: { scenario: scenarios },
    description: 'Runs that have begun.',
  },
  runs: {
    name: 'aks_isolation_runs',
    kind: 'counter',
    labels: { scenario: scenarios, outcome: runOutcomes },
    description:
      "Runs that have ended. `outcome` is the result's (`verified`, `planned`, `audited`), the failure's type (`StepFailed`, …), or `cancelled`.",
  },
  runDuration: {
    name: 'aks_isolation_run_duration',
    kind: 'histogram',
    labels: { scenario: scenarios, outcome: runOutcomes },
    description: 'Time from the start of a run to its end, waits included.',
  },
  stepDuration: {
    name: 'aks_isolation_step_duration',
    kind: 'histogram',
    labels: { scenario: scenarios, kind: stepKinds, state: ['done', 'unchanged', 'failed', 'undone', 'leftBehind'] },
    description:
      'Time that a step has taken, each try by itself. `kind` is that of the plan; `state` is `done`, `unchanged` where it found everything as wanted, or `failed`, and after its removal `undone` or `leftBehind`.',
  },
  waitDuration: {
    name: 'aks_isolation_wait_duration',
    kind: 'histogram',
    labels: { scenario: scenarios, wait: ['gate', 'hold', 'pause'], ended: ['answered', 'timedOut', 'overtaken'] },
    description:
      'Time that a run has waited for people. `wait` is `gate`, `hold` or `pause`; `ended` is `answered`, `timedOut`, or `overtaken` by a cancellation.',
  },
  leftovers: {
    name: 'aks_isolation_leftovers',
    kind: 'counter',
    labels: {
      scenario: scenarios,
      remains: ['untouched', 'incomplete', 'leftAsAsked', 'leftUnproven', 'pastReturn', 'withoutInverse', 'takenBack'],
    },
    description:
      'Resources that failed and cancelled runs have left. `remains` says why: `untouched` (none), `incomplete` could not be taken back, `leftAsAsked`, `leftUnproven`, `pastReturn`, `withoutInverse`.',
  },
  audits: {
    name: 'aks_isolation_audits',
    kind: 'counter',
    labels: { verdict: ['Isolated', 'Drifted', 'Unproven'] },
    description: 'Audits that have ended with a verdict: `Isolated`, `Drifted` or `Unproven`.',
  },
  rollouts: {
    name: 'aks_isolation_rollouts',
    kind: 'counter',
    labels: { scenario: fleetScenarios, ended: rolloutEnds },
    description:
      'Rollouts that have ended. `scenario` is that of their clusters; `ended` is `rolledOut`, or what stopped them: their failure `budget`, an `approval` or a resume after a `pause` that nobody gave in time, an `operator`, a `cancellation`.',
  },
  rolloutClusters: {
    name: 'aks_isolation_rollout_clusters',
    kind: 'counter',
    labels: { scenario: fleetScenarios, outcome: memberOutcomes },
    description: 'Clusters that rollouts are done with, by how that came out. One that is tried again counts again.',
  },
  openRuns: {
    name: 'aks_isolation_open_runs',
    kind: 'gauge',
    labels: {
      phase: [
        'Applying',
        'Verifying',
        'AwaitingApproval',
        'WaitingForOperator',
        'Paused',
        'RollingBack',
        'RollingOut',
        'Soaking',
        'AwaitingWindow',
        'Ending',
      ],
    },
    description:
      'Open runs of the task queue in a phase, as `AksPhase` spells it, counted once a minute. Each worker counts all: take `max`, not `sum`.',
  },
  oldestActivity: {
    name: 'aks_isolation_oldest_activity_seconds',
    kind: 'gauge',
    labels: { activityType: anyText },
    description:
      'Age of the oldest activity of this type that runs in this worker, over all its attempts; 0 where none runs.',
  },
  armRequestDuration: {
    name: 'aks_isolation_arm_request_duration',
    kind: 'histogram',
    labels: { provider: providers, method: methods, status: ['2xx', '3xx', '4xx', '5xx', 'none'] },
    description:
      'Requests to Azure Resource Manager, and the time to the answer. `provider` is a namespace such as `Microsoft.ContainerService`; `status` is `2xx` to `5xx`, or `none` where no answer came.',
  },
  operationDuration: {
    name: 'aks_isolation_arm_operation_duration',
    kind: 'histogram',
    labels: { operation: Object.keys(operationKinds) as OperationKind[] },
    description:
      "Azure's long-running operations that have succeeded, from the request to the end: by Azure's own clock where it tells, otherwise until it was noticed.",
  },
  armThrottled: {
    name: 'aks_isolation_arm_throttled',
    kind: 'counter',
    labels: { provider: providers },
    description: 'Requests that Azure has answered with 429, Too Many Requests.',
  },
  armRequestsWaiting: {
    name: 'aks_isolation_arm_requests_waiting',
    kind: 'gauge',
    labels: { bucket: bucketNames },
    description:
      "Requests of this worker that wait for a token: `bucket` is Resource Manager's, or AKS's own, over all subscriptions. Workers that wait for the same one should have about as many.",
  },
} as const satisfies Record<string, Definition>;

/** A metric's name as Prometheus shows it. */
export function shownName({ name, kind }: Definition): string {
  switch (kind) {
    case 'counter':
      return `${name}_total`;
    case 'histogram':
      return `${name}_seconds`;
    case 'gauge':
      return name;
  }
}

type Metrics = typeof metrics;
type NameOf<Kind extends Definition['kind']> = {
  [M in keyof Metrics]: Metrics[M]['kind'] extends Kind ? M : never;
}[keyof Metrics];
/** A value for each label of a metric. */
export type Labels<M extends keyof Metrics> = {
  readonly [L in keyof Metrics[M]['labels']]: Metrics[M]['labels'][L] extends readonly (infer Value)[] ? Value : never;
};
/** The values that a label of a metric can have. */
export type LabelOf<M extends keyof Metrics, L extends keyof Labels<M>> = Labels<M>[L];

/** Measures on a meter of Temporal's SDK: a workflow's, an activity's, or the process's. */
export class Measures {
  readonly #meter: MetricMeter;

  constructor(meter: MetricMeter) {
    this.#meter = meter;
  }

  count<M extends NameOf<'counter'>>(metric: M, labels: Labels<M> & MetricTags, by = 1): void {
    const { name, description } = metrics[metric];
    this.#meter.createCounter(name, '', description).add(by, labels);
  }

  /** Has every series of a counter begin at 0, or Prometheus would not see its first event. */
  beginAtZero(
    metric: NameOf<'counter'>,
    more: (labels: Readonly<Record<string, string>>) => Record<string, string>,
  ): void {
    const { name, description, labels }: Definition = metrics[metric];
    const counter = this.#meter.createCounter(name, '', description);
    for (const each of combinations(Object.entries(labels))) counter.add(0, { ...each, ...more(each) });
  }

  took<M extends NameOf<'histogram'>>(metric: M, labels: Labels<M> & MetricTags, ms: number): void {
    const { name, description } = metrics[metric];
    // The clocks of two workers may differ.
    this.#meter.createHistogram(name, 'float', 'seconds', description).record(Math.max(0, ms) / 1000, labels);
  }

  show<M extends NameOf<'gauge'>>(metric: M, labels: Labels<M> & MetricTags, value: number): void {
    const { name, description } = metrics[metric];
    this.#meter.createGauge(name, 'float', '', description).set(value, labels);
  }
}

function combinations([first, ...rest]: readonly [string, readonly string[]][]): Record<string, string>[] {
  if (!first) return [{}];
  const [label, values] = first;
  return combinations(rest).flatMap((others) => values.map((value) => ({ [label]: value, ...others })));
}
