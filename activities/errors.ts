import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { Duration } from '@temporalio/common';
import { observed } from './connection.ts';

/** Details of an application failure that stands for an Azure error. Its type is Azure's error code. */
export interface AzureErrorDetails {
  resourceId: string;
  status?: number;
  correlationId?: string;
  whatToDo: string;
}

/** What an operator can do about an Azure error code. */
export const advice: Readonly<Record<string, string>> = {
  AuthorizationFailed: "Give the worker's identity the role that the message names, then start the scenario again.",
  LinkedAuthorizationFailed: 'Give the identity the action that the message names on the linked resource.',
  InvalidAuthenticationToken: "Check the worker's Azure credential: Azure Resource Manager does not accept its token.",
  SubscriptionNotFound: 'Check the subscription ID, and that the identity of the worker can see the subscription.',
  MissingSubscriptionRegistration:
    'Register the resource provider that the message names, then start the scenario again.',
  PreviewFeatureNotRegistered: 'Register the preview feature, or use profile current.',
  RequestDisallowedByPolicy: 'An Azure Policy forbids it: change the input, or ask for an exemption.',
  QuotaExceeded: 'Ask for more quota in this region, or use smaller or fewer nodes.',
  ErrCode_InsufficientVCPUQuota: 'Ask for more vCPU quota for this VM family, or use smaller or fewer nodes.',
  ManagedClusterCountExceedsQuotaLimit: 'Ask for a larger limit of clusters, or delete one.',
  InvalidNetworkIsolatedClusterConfiguration:
    'Set bootstrapProfile.artifactSource to Cache together with the outbound type.',
  OperationNotAllowed: 'Another operation runs on the cluster. Wait for it to finish, or abort it, then start again.',
  AKSOperationPreempted: 'Somebody else changed the cluster meanwhile. Agree on one writer, then start again.',
  CustomKubeletIdentityMissingPermissionError:
    'Give the control plane identity the role Managed Identity Operator on the kubelet identity.',
  ClusterNotFound: 'Check the name of the cluster. If it was deleted meanwhile, nothing is left to be done to it.',
  AgentPoolNotFound: 'Start the scenario again: it looks at the pools that are there.',
  OperationInProgress:
    'Wait for the operation that the message names, or start again with a larger busyTimeoutMinutes or with abortOperations.',
  NotReimaged:
    'AKS left the nodes as they are, as it does where there is no newer node image: start again with reimage.whenNotReimaged temporaryPool or wait.',
  NotProven: 'Look at the node that the message names; its bootstrap is not what the cluster asks for.',
  ApprovalTimedOut: 'Start the scenario again, and approve in time or with a larger approvalTimeoutMinutes.',
  UnsatisfiablePDB: 'Relax the disruption budget that the message names, or add replicas, then start again.',
  PodDrainFailure: 'Relax the disruption budget that the message names, or add replicas, then start again.',
  ScopeLocked: 'Remove the lock that the message names, then start again.',
  ResourceGroupBeingDeleted: 'Wait until the resource group is gone, then start again.',
  TargetRepositoryPrefixMatchesExistingRegistries:
    'The registry has images where the cache rule would put its own: use another registry, or move these images.',
  ReadBackMismatch:
    'Azure accepted the request but did not apply it. Look at the resource, and report it to Azure support.',
  NotOwned: 'Somebody else created this resource, so it is left alone. Remove it yourself if it is not needed.',
  ResourceGroupNotEmpty:
    'The resource group holds resources that this run did not create. Remove it yourself if it is not needed.',
  SignInFailed: "Check the worker's Azure credential: no token could be had.",
  Unreachable: 'Check the network path from the worker to Azure Resource Manager.',
};

/** Waits of a caller must not be longer than this; ARM's own are seconds to minutes. */
const longestRetryDelayMs = 10 * 60_000;

/** Conflicts that pass by themselves: somebody's operation is in progress. */
const passingConflicts = new Set([
  'AnotherOperationInProgress',
  'RetryableError',
  'RetryableErrorDueToAnotherOperation',
  'EtagMismatch',
  'CanceledAndSupersededDueToAnotherOperation',
  'ResourceGroupBeingDeleted',
]);

export const isPassingConflict = (code: string): boolean => passingConflicts.has(code);

/** The same failure, to be tried again. */
export function retryable(
  { type, message, details }: ApplicationFailure,
  nextRetryDelay?: Duration,
): ApplicationFailure {
  return ApplicationFailure.create({
    ...(type == null ? {} : { type }),
    message,
    details: details ?? [],
    ...(nextRetryDelay === undefined ? {} : { nextRetryDelay }),
  });
}

/** An error that Azure would repeat however often the call is made. */
export function permanentFailure(
  code: string,
  message: string,
  resourceId: string,
  { response, advice: given }: { response?: PipelineResponse | undefined; advice?: string } = {},
): ApplicationFailure {
  const details: AzureErrorDetails = {
    resourceId,
    ...correlation(response),
    whatToDo: given ?? whatToDo(code, message),
  };
  return ApplicationFailure.create({ type: code, message, nonRetryable: true, details: [details] });
}

/** One code can stand for several causes, which the message tells apart. */
function whatToDo(code: string, message: string): string {
  if (code === 'OperationNotAllowed' && /quota/i.test(message)) return advice.QuotaExceeded ?? lookAtMessage;
  const [, exitStatus = ''] = /exit status=(\d+)/.exec(message) ?? [];
  return nodeAdvice[exitStatus] ?? advice[code] ?? lookAtMessage;
}

/** By the exit status with which a node's bootstrap ends. Source: Azure/AgentBaker, cse_helpers.sh. */
const nodeAdvice: Readonly<Record<string, string>> = {
  '211':
    'Nodes cannot reach the registry, or it lacks the cache rule: check the private endpoint, the DNS records, the link of the zone to the network, and the rule.',
  '212': 'Nodes reach the registry and may not pull: give the kubelet identity the role AcrPull on it.',
};

const lookAtMessage = "Look at Azure's message; the correlation ID finds the request in Azure's activity log.";

/**
 * Makes one ARM call and turns its error into an application failure: the type is Azure's error code, permanent errors
 * are not retried, and throttling carries Azure's own delay.
 */
export async function azureCall<T>(resourceId: string, call: () => Promise<T>): Promise<T> {
  let response: PipelineResponse | undefined;
  try {
    return await observed(call, (seen) => {
      response = seen;
    });
  } catch (error) {
    throw toApplicationFailure(error, resourceId, response);
  }
}

/** As {@link azureCall}, but `undefined` where Azure answers 404. */
export async function azureRead<T>(resourceId: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await azureCall(resourceId, call);
  } catch (error) {
    if (httpStatus(error) === 404) return undefined;
    throw error;
  }
}

/** As {@link azureRead}, but `undefined` also where the resource provider is still to be registered. */
export async function azureReadIfRegistered<T>(resourceId: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await azureRead(resourceId, call);
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === 'MissingSubscriptionRegistration') return undefined;
    throw error;
  }
}

function httpStatus(error: unknown): unknown {
  const details = error instanceof ApplicationFailure ? error.details?.[0] : undefined;
  return isRecord(details) ? details.status : undefined;
}

/** Maps any error of an ARM call; failures that are mapped already, and cancellation, pass unchanged. */
export function toApplicationFailure(error: unknown, resourceId: string, response?: PipelineResponse): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof Error && error.name === 'AbortError') return error;
  // 304 is an answer that the SDK takes for an error.
  if (!response || (response.status < 400 && response.status !== 304)) return unreachable(error, resourceId);
  const { status, headers } = response;
  const { code, message } = parseErrorBody(response.bodyAsText) ?? { code: `HTTP ${status}`, message: String(error) };
  const details: AzureErrorDetails = {
    resourceId,
    status,
    ...correlation(response),
    whatToDo: whatToDo(code, message),
  };
  const retryAfterMs = parseRetryAfter(headers);
  return ApplicationFailure.create({
    type: code,
    message: `${message} (${resourceId})`,
    nonRetryable: !isPassing(status, code, message),
    details: [details],
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: Math.min(retryAfterMs, longestRetryDelayMs) }),
  });
}

function correlation(response: PipelineResponse | undefined): Pick<AzureErrorDetails, 'correlationId'> {
  const correlationId = response?.headers.get('x-ms-correlation-request-id');
  return correlationId === undefined ? {} : { correlationId };
}

function unreachable(error: unknown, resourceId: string): ApplicationFailure {
  // The names of what @azure/identity throws; retried as well, for a token endpoint can be down like any other.
  const name = error instanceof Error ? error.name : '';
  const type = /^(CredentialUnavailable|Authentication|AggregateAuthentication)/.test(name)
    ? 'SignInFailed'
    : 'Unreachable';
  const details: AzureErrorDetails = { resourceId, whatToDo: advice[type] ?? lookAtMessage };
  const message = error instanceof Error ? error.message : String(error);
  return ApplicationFailure.create({ type, message: `${message} (${resourceId})`, details: [details] });
}

function isPassing(status: number, code: string, message: string): boolean {
  if (status === 401 || status === 408 || status === 429 || status >= 500) return true;
  if (isPassingConflict(code)) return true;
  // Providers have many codes for a busy resource, and AKS has one for that, for quota and for a wrong power state.
  const busy = code === 'OperationNotAllowed' ? /in progress|preempted|pending/i : /in progress/i;
  return status === 409 && busy.test(message);
}

/** ARM wraps its errors in `error`, the AKS resource provider does not. */
export function parseErrorBody(text: string | null | undefined): { code: string; message: string } | undefined {
  try {
    const body: unknown = JSON.parse(text ?? '');
    const error = isRecord(body) && isRecord(body.error) ? body.error : body;
    if (!isRecord(error) || typeof error.code !== 'string') return undefined;
    return { code: error.code, message: typeof error.message === 'string' ? error.message : error.code };
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/**
 * Milliseconds until Azure wants to be asked again: seconds, fractions of seconds or a date. Zero, and a date that has
 * gone by, are no hint: to follow them would be to ask without a pause.
 */
export function parseRetryAfter(headers: { get(name: string): string | undefined }): number | undefined {
  const value = headers.get('retry-after') ?? '';
  const seconds = Number(value);
  const milliseconds =
    Number(headers.get('retry-after-ms')) || (Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000);
  return milliseconds > 0 ? milliseconds : undefined;
}
