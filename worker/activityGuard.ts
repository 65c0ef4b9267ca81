import type { Info } from '@temporalio/activity';
import { type ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Activities } from '../activities/index.ts';
import { errorDetails, errorEntry } from '../contract/errors.ts';
import { ownFailure, withoutStack } from '../contract/failures.ts';
import {
  clusterWorkflowId,
  errorTypes,
  fleetMember,
  isClusterWorkflowId,
  originalRunHeader,
  rolloutFleet,
  scenarios,
} from '../contract/names.ts';
import type { ClusterReference } from '../resources/ids.ts';

/**
 * Refuses an activity that no scenario calls, or that acts on another cluster than its caller's: the server lets whoever may
 * write to the namespace schedule one by itself, without a workflow and its lock.
 *
 * Refuses every activity of a run that was reset: the run would write and delete by an old look at Azure, as if nothing had
 * happened since. Activities that an earlier version has scheduled carry no header, and pass.
 */
export const guardActivities: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      refuseForeignCaller(info, input.args);
      // Nothing is written, and somebody should hear of such a run.
      if (info.activityType === tellActivity) return next(input);
      const header = input.headers[originalRunHeader];
      const original = header && defaultPayloadConverter.fromPayload(header);
      if (original === undefined || original === info.workflowExecution?.runId) return next(input);
      throw resetRun(String(original));
    },
  },
});

const tellActivity = 'tell' satisfies keyof Activities;

/** The same guard, but for what only tells somebody how a run ends: that it is refused, too. */
export const exceptTelling =
  (guard: ActivityInterceptorsFactory): ActivityInterceptorsFactory =>
  (context) =>
    context.info.activityType === tellActivity ? {} : guard(context);

/**
 * Refuses a run that is about to write, at its first activity. Only those hold the lock on a cluster: dry runs and audits take any
 * other workflow ID. `activities/arm/connection.ts` sends no write, whoever asks.
 */
export const guardReadOnly: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const { workflowType, workflowExecution, taskQueue } = info;
      const isLock = isClusterWorkflowId(workflowExecution?.workflowId ?? '');
      if (!isLock || workflowType === 'auditCluster') return next(input);
      throw ownFailure('ReadOnlyWorker', `Workers on task queue ${taskQueue} only look, for audits and dry runs`);
    },
  },
});

/** A rollout holds no lock: it looks, and leaves what changes a cluster to the scenarios that it starts. */
const ofRollouts: ReadonlySet<string> = new Set<keyof Activities>(['listFleetClusters', 'lookAtMembers', 'tell']);
const ofMembers: ReadonlySet<string> = new Set<keyof Activities>(['readMaintenanceConfigurations']);

function refuseForeignCaller({ activityType, workflowType, workflowExecution }: Info, args: readonly unknown[]): void {
  if (workflowType === rolloutFleet && workflowExecution && ofRollouts.has(activityType)) return;
  if (workflowType === fleetMember && workflowExecution && ofMembers.has(activityType)) return;
  const scenario = scenarios.find((each) => each === workflowType);
  if (!scenario || !workflowExecution) {
    throw ownFailure(
      'ForeignCaller',
      `${activityType} was not called by a scenario, but by ${workflowType ?? 'nobody'}`,
    );
  }
  const { workflowId } = workflowExecution;
  const cluster = clusterIn(args[0]);
  if (!isClusterWorkflowId(workflowId) || !cluster || clusterWorkflowId(cluster) === workflowId) return;
  throw ownFailure('ForeignCaller', `${activityType} was called for ${cluster.name} by ${workflowId}`);
}

/** The cluster that an activity is about, where its argument names one. */
function clusterIn(argument: unknown): ClusterReference | undefined {
  const { cluster }: { cluster?: Partial<ClusterReference> } = isObject(argument) ? argument : {};
  const { subscriptionId, resourceGroup, name } = cluster ?? {};
  return subscriptionId && resourceGroup && name ? { subscriptionId, resourceGroup, name } : undefined;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function resetRun(original: string): ApplicationFailure {
  const { resetRun: type } = errorTypes;
  const { cause, whatToDo } = errorEntry(type);
  const details = errorDetails(type);
  return withoutStack({
    type,
    message: `${cause} It was reset from run ${original}.\n${whatToDo}\nSee ${details.page}.`,
    nonRetryable: true,
    details: [details],
  });
}
