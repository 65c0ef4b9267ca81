import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { type AzureCause, azureCauses, azureErrors } from '../../contract/azureErrors.ts';
import type { FailureCode, OwnError } from '../../contract/errors.ts';
import { applicationFailure, azureFailure, isCode, isFailure, ownFailure } from '../../contract/failures.ts';
import type { Unread } from '../../resources/unread.ts';
import { UnreadableAnswerError } from './belief.ts';
import { pause } from './clock.ts';
import { ForeignAddressError, observed } from './connection.ts';
import { currentContext } from './currentContext.ts';

/**
 * ARM asks for seconds, a service that throttles for minutes. Ten are believed: a longer Retry-After would leave an operator
 * waiting for nothing, and one more look costs little.
 */
const longestRetryDelayMs = 10 * 60_000;

/** Conflicts that pass by themselves, once somebody's operation has ended. */
const passingConflicts: readonly FailureCode[] = [
  'AnotherOperationInProgress',
  'RetryableError',
  'RetryableErrorDueToAnotherOperation',
  'EtagMismatch',
  'CanceledAndSupersededDueToAnotherOperation',
  'ResourceGroupBeingDeleted',
];

export const isPassingConflict = (code: string): boolean => isCode(code, ...passingConflicts);

/** The section of docs/errors.md with the advice. One code can stand for several causes, which the message tells apart. */
export function sectionOn({ code, message, subcode }: AzureError): string {
  if (subcode !== undefined && Object.hasOwn(azureErrors, subcode)) return subcode;
  if (isCode(code, 'OperationNotAllowed') && /quota/i.test(message)) return 'QuotaExceeded' satisfies FailureCode;
  const cause = (Object.keys(azureCauses) as AzureCause[]).find((each) => saysSo[each].test(message));
  return cause ?? code;
}

/** Words of a message by which its cause is known. Source of the exit statuses: Azure/AgentBaker, cse_helpers.sh. */
const saysSo: Readonly<Record<AzureCause, RegExp>> = {
  'Exit status 211': /exit status=211(?!\d)/,
  'Exit status 212': /exit status=212(?!\d)/,
  'Overlapping namespaces': /overlapping namespaces/i,
};

/**
 * Makes one ARM call and turns its error into an application failure. The failure's type is Azure's error code. Permanent
 * errors are not retried, and throttling carries Azure's own delay.
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

/**
 * As {@link azureCall}, but `undefined` where Azure answers 404. Where it does not know the type, or not in the version that was asked for,
 * nobody has looked.
 */
export async function azureRead<T>(resourceId: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await azureCall(resourceId, call);
  } catch (error) {
    const isAbsent = httpStatus(error) === 404 && !isFailure(error, 'InvalidResourceType', 'InvalidResourceNamespace');
    if (isAbsent) return undefined;
    throw error;
  }
}

/** As {@link azureRead}, but `undefined` also where the resource provider is still to be registered. */
export async function azureReadIfRegistered<T>(resourceId: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await azureRead(resourceId, call);
  } catch (error) {
    if (isFailure(error, 'MissingSubscriptionRegistration')) return undefined;
    throw error;
  }
}

/** As {@link azureRead}, for a list; empty where Azure answers 404. */
export const azureList = async <T>(resourceId: string, list: () => PagedList<T>): Promise<T[]> =>
  (await azureRead(resourceId, () => collect(list()))) ?? [];

/** Everything on all pages of a list. */
export async function collect<T>(list: PagedList<T>): Promise<T[]> {
  const all: T[] = [];
  let pages = 0;
  for await (const page of list.byPage()) {
    pages += 1;
    if (pages > mostPages) throw ownFailure('AnswerTooLarge', `A list has more than ${mostPages} pages`);
    // A page of hundreds of thousands would be too many arguments.
    for (const each of page) all.push(each);
  }
  return all;
}

/** The longest list that is read, the records of a zone, has 25,000 entries, 100 a page. A list whose next page is its first never ends. */
const mostPages = 1_000;

interface PagedList<T> {
  byPage(): AsyncIterable<T[]>;
}

/** Azure's word for a subscription of another tenant than the worker's. It does not pass, as other 401s do. */
const otherTenant = 'InvalidAuthenticationTokenTenant';

/** Azure's words for a read that this subscription, region or version does not have. They do not pass either. */
const notOffered: readonly FailureCode[] = [
  'InvalidResourceNamespace',
  'InvalidResourceType',
  'MissingSubscriptionRegistration',
  'NoRegisteredProviderFound',
];

/** Whether the worker's identity may not look, or cannot: what is there is then not known. */
const isForbidden = (error: unknown): boolean =>
  httpStatus(error) === 403 || httpStatus(error) === 405 || isFailure(error, otherTenant, ...notOffered);

/** Result of a look at Azure, or why the worker's identity may not look: what is there is then not known. */
export type Allowed<T> = { seen: T } | { forbidden: string };

/**
 * Looks, and tells what is forbidden from what is absent. One refusal is not taken at its word: Azure does not know of a new role
 * everywhere at once (Learn, "Troubleshoot Azure RBAC").
 */
export async function whereAllowed<T>(look: () => Promise<T>): Promise<Allowed<T>> {
  const attempt = () =>
    look().then(
      (seen) => ({ seen }),
      (error: unknown) => {
        if (!isForbidden(error)) throw error;
        return { forbidden: applicationFailure(error)?.message ?? String(error), error };
      },
    );
  const first = await attempt();
  const mayPass = 'forbidden' in first && isFailure(first.error, 'AuthorizationFailed') && (await refusalsHavePassed());
  const last = mayPass ? await attempt() : first;
  return 'seen' in last ? last : { forbidden: last.forbidden };
}

/** So long after a refusal, a second look tells whether it was one that passes. */
const passingRefusalMs = 15_000;

const waits = new WeakMap<Context, Promise<void>>();

/** Waits once in an attempt of an activity, for all that is refused in it: roles may forbid many of its reads for good. */
async function refusalsHavePassed(): Promise<boolean> {
  const context = currentContext();
  if (!context) return false;
  const wait = waits.get(context) ?? pause(passingRefusalMs);
  waits.set(context, wait);
  await wait;
  return true;
}

/** The answer of a look, or what counts as the answer where nobody may look. */
export const seenOr = <T, D>(look: Allowed<T>, otherwise: D): T | D => ('seen' in look ? look.seen : otherwise);

/** A read that was refused, for the plan to tell. @param then What follows from it. */
export const unreadOf = (look: Allowed<unknown>, at: string, what: string, then?: string): Unread[] =>
  'forbidden' in look ? [{ at, what, why: look.forbidden, ...(then !== undefined && { then }) }] : [];

/** HTTP status of Azure's answer, if a failure has one. */
export function httpStatus(error: unknown): unknown {
  const details = applicationFailure(error)?.details?.[0];
  return isRecord(details) ? details.status : undefined;
}

/** Whether a call has ended with its activity: Temporal's word for it, or that of what was waited for. */
export const isCancellation = (error: unknown): error is Error =>
  error instanceof CancelledFailure || (error instanceof Error && error.name === 'AbortError');

/** Maps any error of an ARM call. Cancellation and failures that are mapped already pass unchanged. */
export function toApplicationFailure(error: unknown, resourceId: string, response?: PipelineResponse): Error {
  if (error instanceof ApplicationFailure || isCancellation(error)) return error;
  // The SDK takes 304 for an error, and 204 where it does not expect that. An error after an answer is none of that answer.
  const isAnswered = response?.status === 304 || (response?.status === 204 && isUnexpected(error, 204));
  if (!response || (response.status < 400 && !isAnswered)) return unreachable(error, resourceId);
  const { status, headers } = response;
  const said = parseErrorBody(response.bodyAsText) ?? { code: `HTTP ${status}`, message: String(error) };
  const retryAfterMs = parseRetryAfter(headers);
  return azureFailure(said.code, errorText(said, resourceId), resourceId, {
    section: sectionOn(said),
    status,
    ...correlation(response),
    retryable: isPassing(status, said),
    ...(retryAfterMs !== undefined && { nextRetryDelay: Math.min(retryAfterMs, longestRetryDelayMs) }),
  });
}

const isUnexpected = (error: unknown, status: number): boolean => isRecord(error) && error.statusCode === status;

/** Finds the request in Azure's activity log. */
export function correlation(response: PipelineResponse): { correlationId?: string } {
  const correlationId = response.headers.get('x-ms-correlation-request-id');
  return correlationId === undefined ? {} : { correlationId };
}

/** Failure of a request without an answer of Azure's. It is retried, for a token endpoint or a proxy may be down for a while. */
function unreachable(error: unknown, resourceId: string): ApplicationFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ForeignAddressError)
    return ownFailure('ForeignAddress', `${message} (${resourceId})`, resourceId);
  return ownFailure(unreachableType(error), `${message} (${resourceId})`, resourceId, { retryable: true });
}

function unreachableType(error: unknown): OwnError {
  if (error instanceof UnreadableAnswerError) return 'UnreadableAnswer';
  // Errors of @azure/identity have these names.
  const name = error instanceof Error ? error.name : '';
  return /^(CredentialUnavailable|Authentication|AggregateAuthentication)/.test(name) ? 'SignInFailed' : 'Unreachable';
}

function isPassing(status: number, { code, message }: AzureError): boolean {
  if (isCode(code, otherTenant)) return false;
  if (status === 401 || status === 408 || status === 429 || status >= 500) return true;
  if (isPassingConflict(code)) return true;
  // Providers have many codes for a busy resource. AKS uses one code for that, for quota and for a wrong power state.
  const busy = isCode(code, 'OperationNotAllowed') ? /in progress|preempted|pending/i : /in progress/i;
  return status === 409 && busy.test(message);
}

/** An error as people read it. */
export const errorText = ({ message, subcode }: AzureError, resourceId: string): string =>
  `${message}${subcode === undefined ? '' : ` [${subcode}]`} (${resourceId})`;

/** Azure's own words for an error. */
export interface AzureError {
  code: string;
  message: string;
  /** AKS's closer word for the cause; left out where it has none. */
  subcode?: string;
}

/** Reads the error of an answer. ARM wraps it in `error`, the AKS resource provider does not. */
export function parseErrorBody(text: string | null | undefined): AzureError | undefined {
  try {
    const body: unknown = JSON.parse(text ?? '');
    const error = isRecord(body) && isRecord(body.error) ? body.error : body;
    if (!isRecord(error) || typeof error.code !== 'string' || error.code === '') return undefined;
    const { code, message, subcode } = error;
    return {
      code,
      message: typeof message === 'string' ? message : code,
      ...(typeof subcode === 'string' && subcode !== '' && { subcode }),
    };
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/**
 * Milliseconds until Azure wants to be asked again. The header has seconds, fractions of seconds or a date. Zero and a past
 * date do not count, for a caller that followed them would ask without a pause.
 */
export function parseRetryAfter(headers: { get(name: string): string | undefined }): number | undefined {
  const value = headers.get('retry-after') ?? '';
  const seconds = Number(value);
  // A date is Azure's, and so is the time at which it was given: the worker's clock may be minutes off.
  const givenAt = Date.parse(headers.get('date') ?? '') || Date.now();
  const milliseconds =
    Number(headers.get('retry-after-ms')) || (Number.isNaN(seconds) ? Date.parse(value) - givenAt : seconds * 1000);
  return milliseconds > 0 ? milliseconds : undefined;
}
