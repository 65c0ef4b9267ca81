import { defineSearchAttributeKey } from '@temporalio/common';
import type { ClusterReference } from '../resources/ids.ts';
import type { scenarioErrors } from './errors.ts';

/** The task queue that workers poll, and that scenarios are started on, unless `TASK_QUEUE` names another one. */
export const taskQueue = 'aks-isolation';

/** The task queue of workers that only look, for audits and dry runs, unless `TASK_QUEUE` names another one. */
export const readOnlyTaskQueue = 'aks-isolation-read-only';

/** Workflow types: one per scenario. */
export const scenarios = [
  'createCluster',
  'isolateCluster',
  'changeRegistry',
  'disableIsolation',
  'reimageNodePools',
  'deleteCluster',
  'auditCluster',
] as const;
export type Scenario = (typeof scenarios)[number];

/** Workflow type that runs a scenario on many clusters. It holds no lock itself: each cluster's scenario does. */
export const rolloutFleet = 'rolloutFleet';
/** Workflow type of a rollout's work on one cluster. `rolloutFleet` starts it, and nobody else. */
export const fleetMember = 'fleetMember';

/** The workflow ID of a rollout. A schedule adds its time to it. */
export const fleetWorkflowId = (name: string): string => `fleet/${name}`;

/** Header of every activity: the run that asked first. A reset run has an ID of its own, and this one's history. */
export const originalRunHeader = 'aks-isolation-original-run';

/** Query. It returns a {@link Progress}. */
export const progressQuery = 'progress';

/** Update that answers a held scenario; its argument is a {@link Decision}. */
export const decideUpdate = 'decide';
export const decisions = ['retry', 'rollBack', 'leave'] as const;
export type Decision = (typeof decisions)[number];

/** Updates. `pause` keeps a scenario from starting another step, `resume` lets it go on. Operations that run in Azure go on, and are watched. */
export const pauseUpdate = 'pause';
export const resumeUpdate = 'resume';

/** Updates of a rollout: a cluster that has not begun is left out, and clusters that have failed are tried again. */
export const skipUpdate = 'skip';
export const retryFailedUpdate = 'retryFailed';
export const fleetDecisions = ['goOn', 'retryFailed', 'stop'] as const;
/** Answer to a rollout that is held by its failure budget. */
export type FleetDecision = (typeof fleetDecisions)[number];

/** Signals between a rollout and its members: one has ended, and none is to begin its scenario any more. */
export const memberEndedSignal = 'memberEnded';
export const wrapUpSignal = 'wrapUp';

/** Memo of a cancelled scenario. It holds {@link FailureDetails}, for a cancellation carries no details. */
export const cancellationMemo = 'cancellationReport';

/** Memo that says who starts a scenario. Temporal does not show a workflow who that was. */
export const startedByMemo = 'startedBy';

/** The start option with that memo; none where nobody says so. */
export const startedByOption = (startedBy: unknown): { memo?: Record<string, unknown> } =>
  startedBy === undefined ? {} : { memo: { [startedByMemo]: startedBy } };

/** Update that lets a waiting scenario pass a gate; its argument is an {@link ApprovalRequest}. */
export const approveUpdate = 'approve';
export const approvalGates = ['reimage', 'cutEgress', 'openEgress', 'delete'] as const;
export type ApprovalGate = (typeof approvalGates)[number];

/** Spelled out, for Temporal does not export its type, and declarations of the published package need one. */
interface KeywordKey {
  name: string;
  type: 'KEYWORD';
}
const keyword = (name: string): KeywordKey => defineSearchAttributeKey(name, 'KEYWORD');

/**
 * Search attributes that every scenario sets. All are keywords. Names of Azure are lower case, for Azure compares them without
 * case. Phases are written as Azure writes states, for example `WaitingForOperator`. A paused scenario has `Paused`.
 */
export const searchAttributes = {
  cluster: keyword('AksCluster'),
  scenario: keyword('AksScenario'),
  phase: keyword('AksPhase'),
  resourceGroup: keyword('AksResourceGroup'),
  registryMode: keyword('AksRegistryMode'),
  /** Set by audits: `Isolated`, `Drifted`, or `Unproven` where not everything could be looked at. */
  isolation: keyword('AksIsolation'),
  /** The name of the rollout that a run is part of; set at its start. */
  fleet: keyword('AksFleet'),
} as const;

/**
 * Types of the application failures that a scenario ends with, or with which it answers an update. If Azure's error is the
 * cause, the message begins with Azure's code.
 */
export const errorTypes = {
  /** The input breaks its schema. Details: `Problem[]`. Nothing was changed. */
  invalidInput: 'InvalidInput',
  /** The workflow ID is not the cluster's lock. Details: `Problem[]`. Nothing was changed. */
  wrongWorkflowId: 'WrongWorkflowId',
  /** The run was started with options that void what it promises. Details: `Problem[]`. Nothing was changed. */
  wrongStartOptions: 'WrongStartOptions',
  /** The workflow type is no scenario. Nothing was changed. */
  unknownScenario: 'UnknownScenario',
  /** Discovery found problems that would stop the run later, or Azure refused the look. Details: `Problem[]`. Nothing was changed. */
  preflightFailed: 'PreflightFailed',
  /** A step failed. Details: {@link FailureDetails}. */
  stepFailed: 'StepFailed',
  /** Azure does not show what was promised. Details: {@link FailureDetails}. */
  verificationFailed: 'VerificationFailed',
  /** Something that was promised could not be looked at. Everything was left as it is. Details: {@link FailureDetails}. */
  unproven: 'Unproven',
  /** An audit found drift, and its input wants a failure then. Details: {@link AuditReport}. */
  driftFound: 'DriftFound',
  /** Something that this run made could not be removed. Details: {@link FailureDetails}. */
  rollbackIncomplete: 'RollbackIncomplete',
  /** A rollout ended before its last cluster. Details: {@link FleetReport}. */
  fleetStopped: 'FleetStopped',
  /** The run was reset, and went no further. Details: `ErrorDetails`. */
  resetRun: 'ResetRun',
  /** An update came at the wrong time, or makes no sense. The scenario goes on as if it had not come. */
  updateRefused: 'UpdateRefused',
} as const satisfies Record<string, keyof typeof scenarioErrors>;

/**
 * The only workflow ID under which a scenario may write to this cluster. Temporal allows one open workflow per ID,
 * so the ID is the lock.
 */
export function clusterWorkflowId({ subscriptionId, resourceGroup, name }: ClusterReference): string {
  return `aks/${subscriptionId}/${resourceGroup}/${name}`.toLowerCase();
}

/** The cluster that a workflow ID is the lock on, its names in lower case. */
export function lockedCluster(workflowId: string): ClusterReference | undefined {
  const [, subscriptionId, resourceGroup, name] = /^aks\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(workflowId) ?? [];
  return subscriptionId && resourceGroup && name ? { subscriptionId, resourceGroup, name } : undefined;
}

/** Whether a workflow ID is the lock on a cluster. Dry runs and audits, which change nothing, run under any other ID. */
export const isClusterWorkflowId = (workflowId: string): boolean => lockedCluster(workflowId) !== undefined;
