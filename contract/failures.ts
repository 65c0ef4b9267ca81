import {
  ActivityFailure,
  ApplicationFailure,
  type ApplicationFailureOptions,
  DefaultFailureConverter,
  type Duration,
  defaultPayloadConverter,
  TimeoutFailure,
} from '@temporalio/common';
import { type ErrorDetails, errorDetails, type FailureCode, type OwnError } from './errors.ts';
import { boundedProblems, type Problem, problemsText } from './problem.ts';
import { shortened } from './shortened.ts';
import { withoutSecrets } from './withoutSecrets.ts';

/** Details of a failure, and whether Temporal tries again. */
interface FailureOptions extends Partial<Pick<ErrorDetails, 'whatToDo' | 'status' | 'correlationId'>> {
  /** The section of docs/errors.md with the advice. Default: the code's. */
  section?: string;
  /** Whether Temporal tries again. Default: false. */
  retryable?: boolean;
  /** Default: what the activity's retry policy says. */
  nextRetryDelay?: Duration;
}

/**
 * Temporal keeps 4 kB of a failure that is tried again: what is larger arrives without code and words. One that is final
 * stands in the history, which takes more than anybody reads. Source: Temporal's `limit.mutableStateActivityFailureSize`.
 * Message and parts of one that is tried again have 2.3 kB together; the rest is for Temporal's own fields.
 */
const mostFailureBytes = {
  retryable: 1_000,
  final: 12_000,
  code: 100,
  advice: 600,
  resourceId: 500,
  correlationId: 100,
};

/** A failure that the product itself has found. @param options `whatToDo`: default the catalog's. */
export const ownFailure = (
  code: OwnError,
  message: string,
  resourceId?: string,
  options?: Omit<FailureOptions, 'section' | 'status' | 'correlationId'>,
): ApplicationFailure => failure(code, message, resourceId, options);

/** The failure of an activity whose targets a policy forbids. */
export function policyFailure(problems: readonly Problem[]): ApplicationFailure {
  const { type, message, details } = ownFailure('ForbiddenByPolicy', problemsText(problems));
  const [known] = details ?? [];
  return withoutStack({
    ...(type != null && { type }),
    message,
    nonRetryable: true,
    details: [{ ...(known as ErrorDetails), problems: boundedProblems(problems) }],
  });
}

/** Everything that a policy forbids, if an error is a failure of that kind. */
export function policyProblemsOf(error: unknown): readonly Problem[] {
  if (!isFailure(error, 'ForbiddenByPolicy')) return [];
  const { problems = [] }: Partial<ErrorDetails> = applicationFailure(error)?.details?.[0] ?? {};
  return problems;
}

/** A failure that Azure has reported. Azure's list of codes is open. */
export const azureFailure = (
  code: string,
  message: string,
  resourceId: string,
  options?: FailureOptions,
): ApplicationFailure => failure(code, message, resourceId, options);

function failure(
  code: string,
  message: string,
  resourceId: string | undefined,
  { section = code, whatToDo, status, correlationId, retryable = false, nextRetryDelay }: FailureOptions = {},
): ApplicationFailure {
  const known = errorDetails(section, resourceId, whatToDo);
  const details: ErrorDetails = {
    ...known,
    ...(resourceId !== undefined && { resourceId: shortened(resourceId, mostFailureBytes.resourceId) }),
    whatToDo: shortened(known.whatToDo, mostFailureBytes.advice),
    ...(status !== undefined && { status }),
    ...(correlationId !== undefined && { correlationId: shortened(correlationId, mostFailureBytes.correlationId) }),
  };
  return withoutStack({
    type: shortened(code, mostFailureBytes.code),
    message: shortened(withoutSecrets(message), retryable ? mostFailureBytes.retryable : mostFailureBytes.final),
    nonRetryable: !retryable,
    details: [details],
    ...(nextRetryDelay !== undefined && { nextRetryDelay }),
  });
}

/** The same failure, to be tried again. */
export const retryable = (
  { type, message, details }: ApplicationFailure,
  nextRetryDelay?: Duration,
): ApplicationFailure =>
  withoutStack({
    ...(type != null && { type }),
    message: shortened(message, mostFailureBytes.retryable),
    details: details ?? [],
    ...(nextRetryDelay !== undefined && { nextRetryDelay }),
  });

/** The same failure, as the last one: what it is about has lasted for too long. */
export const final = ({ type, message, details }: ApplicationFailure): ApplicationFailure =>
  withoutStack({ ...(type != null && { type }), message, details: details ?? [], nonRetryable: true });

/** The same failure, saying whether a request of its activity may have taken effect. */
export const tellingSent = (
  { type, message, nonRetryable, details, nextRetryDelay, cause }: ApplicationFailure,
  sent: boolean,
): ApplicationFailure => {
  const [first, ...others] = details ?? [];
  return withoutStack({
    ...(type != null && { type }),
    message,
    nonRetryable: nonRetryable ?? false,
    details: [{ ...(first as Partial<ErrorDetails> | undefined), sent }, ...others],
    ...(nextRetryDelay != null && { nextRetryDelay }),
    ...(cause && { cause }),
  });
};

/** Whether a step that failed so may have changed something. @returns `undefined` where the failure does not say. */
export function sentBefore(error: unknown): boolean | undefined {
  const { sent }: Partial<ErrorDetails> = applicationFailure(error)?.details?.[0] ?? {};
  return sent;
}

/**
 * An application failure as people meet it, without a stack trace: where in the worker it was made helps nobody, names its paths,
 * and counts.
 */
export function withoutStack(options: ApplicationFailureOptions): ApplicationFailure {
  const failure = ApplicationFailure.create(options);
  failure.stack = '';
  return failure;
}

/** The error that matters: what an activity failed with, not that it failed. */
export function rootCause(error: unknown): unknown {
  if (error instanceof ActivityFailure && error.cause) return rootCause(error.cause);
  // A wait that ran out is explained by what it was waiting for.
  if (error instanceof TimeoutFailure) {
    const cause = error.cause ?? keptCause(error);
    if (cause) return rootCause(cause);
  }
  return error;
}

/** Version 1.24 of the SDK leaves the cause of a time-out out of the error, and keeps what the server has sent. */
function keptCause({ failure }: TimeoutFailure): Error | undefined {
  return failure?.cause
    ? new DefaultFailureConverter().failureToError(failure.cause, defaultPayloadConverter)
    : undefined;
}

/** The application failure that an error is, or that an activity ended with. */
export function applicationFailure(error: unknown): ApplicationFailure | undefined {
  const cause = rootCause(error);
  return cause instanceof ApplicationFailure ? cause : undefined;
}

/** Whether an error is a failure of one of these types. */
export const isFailure = (error: unknown, ...codes: readonly FailureCode[]): boolean =>
  isCode(applicationFailure(error)?.type, ...codes);

/** Azure's words for what is not there: a resource, or all that it was in. */
const notFoundCodes: readonly FailureCode[] = [
  'NotFound',
  'ResourceNotFound',
  'ParentResourceNotFound',
  'ResourceGroupNotFound',
  'SubscriptionNotFound',
];

/** Whether Azure answers that a resource, or all that it was in, is not there. */
export const isNotFound = (error: unknown): boolean => isFailure(error, ...notFoundCodes);

/** Whether a failure's type is one of these codes. A typo in a code does not compile, as it would with `===`. */
export const isCode = (type: string | null | undefined, ...codes: readonly FailureCode[]): boolean =>
  codes.some((code) => code === type);
