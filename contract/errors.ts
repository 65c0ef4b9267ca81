import { azureCauses, azureErrors, type HandledAzureError } from './azureErrors.ts';
import type { Problem } from './problem.ts';

/** Cause of a failure's type, and advice for operators. */
export interface ErrorEntry {
  cause: string;
  whatToDo: string;
  /** Type of the details of a failure with which a scenario ends. */
  details?: 'Problem[]' | 'FailureDetails' | 'AuditReport' | 'FleetReport' | 'ErrorDetails';
}

/** Failures that a scenario ends with, or with which it answers an update. */
export const scenarioErrors = {
  InvalidInput: {
    cause: 'The input breaks its schema. Nothing was changed.',
    whatToDo: 'Correct every value that the message lists, with its path in the input.',
    details: 'Problem[]',
  },
  WrongWorkflowId: {
    cause: 'The workflow ID is not the one for this cluster, which is the lock on it. Nothing was changed.',
    whatToDo: 'Start it under the ID that the message gives.',
    details: 'Problem[]',
  },
  WrongStartOptions: {
    cause:
      'The run was started with options under which it could end without taking anything back. Nothing was changed.',
    whatToDo: 'Start it without the options that the message names.',
    details: 'Problem[]',
  },
  UnknownScenario: {
    cause: 'The workflow type is no scenario. Nothing was changed.',
    whatToDo: 'Start one of the scenarios that the message lists, under the same workflow ID.',
  },
  PreflightFailed: {
    cause:
      'The look at Azure found problems that would stop the run later, or Azure refused the look. Nothing was changed.',
    whatToDo: 'Do what the message says about each problem; all that were found are in it.',
    details: 'Problem[]',
  },
  StepFailed: {
    cause: 'A step failed. The run took back its changes, or left them if that was asked for.',
    whatToDo: 'The message says what failed and why, and what remains.',
    details: 'FailureDetails',
  },
  VerificationFailed: {
    cause: 'All steps are done and Azure does not show what was promised.',
    whatToDo: 'Look at the checks in the details: each has what was expected and what was seen.',
    details: 'FailureDetails',
  },
  Unproven: {
    cause:
      'All steps are done, nothing was seen that is not as promised, and something of it could not be looked at. Everything was left as it is.',
    whatToDo:
      'The message says what could not be looked at, and why. Put that right, then start the scenario again or run auditCluster.',
    details: 'FailureDetails',
  },
  DriftFound: {
    cause: 'An audit whose input says failOnDrift found that the cluster is not network isolated.',
    whatToDo: 'Look at drift in the details, then correct it or start isolateCluster.',
    details: 'AuditReport',
  },
  RollbackIncomplete: {
    cause: 'Something that this run changed could not be taken back, although that was tried again.',
    whatToDo: 'Put right what the message lists by resource ID, or start the scenario again, which goes on from there.',
    details: 'FailureDetails',
  },
  FleetStopped: {
    cause:
      'A rollout ended before its last cluster: more clusters failed than its budget allows, nobody let a ring begin or resumed it in time, or an operator stopped it. Clusters that were in work went on to their end.',
    whatToDo:
      'The message says why; the details have the clusters that failed, with their reasons. Put that right, then start the rollout again: what is done already takes no change.',
    details: 'FleetReport',
  },
  ResetRun: {
    cause:
      'Somebody reset the run. It would go on from an old look at Azure, so that nothing was written or taken back since.',
    whatToDo: 'Start the scenario again: the new run looks at Azure as it is now, and goes on from there.',
    details: 'ErrorDetails',
  },
  UpdateRefused: {
    cause:
      'An update (decide, approve, pause or resume; of a rollout also skip or retryFailed) came when nothing waits for it, answers an earlier question, or makes no sense.',
    whatToDo: 'The message says what the scenario takes now. It goes on as if the update had not come.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** Failures of activities that the product finds itself. */
const ownErrors = {
  SignInFailed: {
    cause: 'The worker got no token.',
    whatToDo: "Check the worker's Azure credential: no token could be had.",
  },
  Unreachable: {
    cause: 'No answer came: the connection broke, or nothing was heard in time.',
    whatToDo: 'Check the network path from the worker to Azure Resource Manager.',
  },
  UnreadableAnswer: {
    cause: 'The answer is not from Azure Resource Manager, but for example from a proxy or a gateway.',
    whatToDo: 'Check what stands between the worker and Azure Resource Manager.',
  },
  ForeignAddress: {
    cause:
      'A heartbeat, a header or a next link named an address that is not the configured Azure. Nothing was sent there.',
    whatToDo:
      'Find out who named the address: somebody may want the token of the worker. Then start the scenario again.',
  },
  FleetMemberLost: {
    cause: 'The work of a rollout on a cluster ended without saying how: somebody terminated its workflow.',
    whatToDo:
      'Look at the scenario of the cluster, which goes on by itself. Then have it tried again with the update retryFailed, or start the rollout again.',
  },
  ClusterBusy: {
    cause:
      'A schedule or a rollout was to start a scenario on a cluster on which one runs already. Nothing was changed.',
    whatToDo: 'Wait for its end, or for the next time of the schedule or rollout.',
  },
  NoMaintenanceWindow: {
    cause:
      "A rollout keeps to AKS's own window of each cluster, and this one has none that opens in time. Nothing was changed.",
    whatToDo:
      'Look at `az aks maintenanceconfiguration list`: give the cluster a window, or the rollout another aksWindow.configuration, without or withinDays.',
  },
  ForeignCaller: {
    cause:
      'An activity was called by something else than a scenario that holds the lock on its cluster. It did nothing.',
    whatToDo:
      'Start a scenario instead. If nobody of yours called the activity, find out who may write to the namespace.',
  },
  ForbiddenByPolicy: {
    cause: 'The policy of the worker forbids a target that an activity names. Nothing was read or written.',
    whatToDo:
      'Use a target that the policy allows, or have the one that the message names added to it (POLICY_FILE of the worker).',
  },
  ReadOnlyWorker: {
    cause: 'A worker that only looks was to change something. It did not.',
    whatToDo:
      'Start the scenario on the task queue of a worker that writes, or as a dry run under another workflow ID than the lock on its cluster.',
  },
  NotTold: {
    cause: 'The receiver of events did not take one. The run goes on, and says which.',
    whatToDo: 'Check the receiver and the WEBHOOK_… settings of the worker.',
  },
  AnswerTooLarge: {
    cause:
      'What was found in Azure takes more than the 2 MiB that Temporal keeps of a result, or is a list without an end.',
    whatToDo: 'The message says what takes so much. Have less of it where the scenario looks, or report it.',
  },
  ReadBackMismatch: {
    cause: 'Azure accepted a request and shows something else than was asked.',
    whatToDo: 'Azure accepted the request but did not apply it. Look at the resource, and report it to Azure support.',
  },
  NotShown: {
    cause: 'Azure accepted a request, and has shown neither its operation nor what came of it for two minutes.',
    whatToDo:
      'Look whether the resource is there by now: Azure sometimes shows what it has made late. Then start the scenario again, or delete it.',
  },
  NotOwned: {
    cause: 'Somebody else made the resource after the run had looked.',
    whatToDo:
      'Somebody else created this resource, so it is left alone. If another run of yours made it, start this one again: it takes it over. Remove it yourself only if nobody needs it.',
  },
  ChangedSince: {
    cause: 'Somebody changed the resource after the run had written it, so that undo left it as it is.',
    whatToDo: 'Somebody has changed this resource since. Compare it with the plan, which says how it was before.',
  },
  ResourceGroupNotEmpty: {
    cause: 'A resource group that the run made holds resources that somebody else has put there.',
    whatToDo:
      'The resource group holds resources that this run did not create. Remove it yourself if it is not needed.',
  },
  NotYetRegistered: {
    cause: 'A preview feature or resource provider was not registered within registrationTimeoutMinutes.',
    whatToDo: 'Start the scenario again: Azure goes on registering. It has been seen to take 20 hours.',
  },
  NoNewerNodeImage: {
    cause: 'No newer node image came out within reimage.newImageTimeoutHours.',
    whatToDo: 'Start the scenario again, with a larger bound or with reimage.whenNotReimaged temporaryPool.',
  },
  ClusterNotFound: {
    cause: 'Somebody has deleted the cluster since the run looked, or is deleting it.',
    whatToDo: 'Check the name of the cluster. If it was deleted meanwhile, nothing is left to be done to it.',
  },
  AgentPoolNotFound: {
    cause: 'Somebody has deleted the node pool since the run looked.',
    whatToDo: 'Start the scenario again: it looks at the pools that are there.',
  },
  OperationInProgress: {
    cause: "Somebody else's operation went on for longer than busyTimeoutMinutes.",
    whatToDo:
      'Wait for the operation that the message names, or start again with a larger busyTimeoutMinutes or with abortOperations.',
  },
  OperationTimedOut: {
    cause: 'An operation of this run went on in Azure for two days.',
    whatToDo:
      'Look at the resource and at its operation in the activity log, abort it or ask Azure support, then start again.',
  },
  NotReimaged: {
    cause: 'AKS took the request, or said that there is nothing to do, and the nodes are the same as before.',
    whatToDo:
      'AKS left the nodes as they are, as it does where there is no newer node image: start again with reimage.whenNotReimaged ladder, temporaryPool or wait.',
  },
  LookFailed: {
    cause:
      'A look from inside the cluster was tried in vain for minutes, so that nobody knows whether nodes are as they should be. Nothing was seen that is not as promised, and everything was left as it is.',
    whatToDo:
      'Let run-command work again: its pod needs a ready Linux node without taints, the image that the message names and a way to the API server. Then start the scenario again, which goes on from there.',
  },
  NotProven: {
    cause: 'A node does not show that it boots from the registry and pulls through it, or may not be looked at.',
    whatToDo:
      'Look at the node that the message names: its bootstrap is not what the cluster asks for, or run-command does not get there.',
  },
  InUse: {
    cause: 'Somebody else uses what was to be deleted, or nobody can tell.',
    whatToDo:
      'Let those whom the message names leave it first, or start the scenario again: what others use then stays, as with oldRegistry keep.',
  },
  ApprovalTimedOut: {
    cause: 'Nobody sent the approve update within approvalTimeoutMinutes.',
    whatToDo: 'Start the scenario again, and approve in time or with a larger approvalTimeoutMinutes.',
  },
  PauseTimedOut: {
    cause:
      'Somebody paused the run, and nobody sent the resume update within pauseTimeoutMinutes. Nobody said that it may go on, so that it ended as it does after a failure.',
    whatToDo: 'Start the scenario again, and resume in time or with a larger pauseTimeoutMinutes.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** Failures of activities that have a section of their own in docs/errors.md. */
export const activityErrors: Readonly<Record<string, ErrorEntry>> = { ...azureErrors, ...ownErrors };
/** Types of the failures that are the product's own. */
export type OwnError = keyof typeof ownErrors;

/** Types of failures that the product knows by name. */
export type FailureCode = keyof typeof scenarioErrors | OwnError | keyof typeof azureErrors | HandledAzureError;

const otherError: ErrorEntry = {
  cause: 'Azure refused the request with a code that has no section here. The message is Azure’s.',
  whatToDo: "Look at Azure's message; the correlation ID finds the request in Azure's activity log.",
};
const otherSection = 'Other Azure codes';

/** The sections of docs/errors.md by their headings. */
export const errorSections: Readonly<Record<string, ErrorEntry>> = {
  ...scenarioErrors,
  ...ownErrors,
  ...azureErrors,
  ...azureCauses,
  [otherSection]: otherError,
};

export const errorEntry = (code: string): ErrorEntry =>
  (Object.hasOwn(errorSections, code) ? errorSections[code] : undefined) ?? otherError;

/**
 * Link to the documentation of a failure. It is absolute where `DOCUMENTATION_URL` says where `docs/` can be read; for workflows that is
 * settled when they are bundled.
 */
export function errorPage(code: string): string {
  const documentation = (process.env.DOCUMENTATION_URL || 'docs').replace(/\/+$/, '');
  const heading = Object.hasOwn(errorSections, code) ? code : otherSection;
  return `${documentation}/errors.md#${heading.toLowerCase().replaceAll(' ', '-')}`;
}

/** Details of an activity's application failure. */
export interface ErrorDetails {
  resourceId?: string;
  /** HTTP status of Azure's answer. */
  status?: number;
  /** Finds the request in Azure's activity log. */
  correlationId?: string;
  /** Everything that a policy forbids. */
  problems?: readonly Problem[];
  /** Whether a request of the activity may have taken effect. Left out where nobody knows, and by version 0.1. */
  sent?: boolean;
  whatToDo: string;
  /** Link to the documentation of the failure. */
  page: string;
}

/** Details of a failure. @param whatToDo Default: the catalog's. */
export function errorDetails(code: string, resourceId?: string, whatToDo = errorEntry(code).whatToDo): ErrorDetails {
  return { ...(resourceId !== undefined && { resourceId }), whatToDo, page: errorPage(code) };
}
