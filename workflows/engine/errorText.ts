import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { type ErrorDetails, errorDetails } from '../../contract/errors.ts';
import { applicationFailure, isFailure, isNotFound, rootCause } from '../../contract/failures.ts';
import type { StepProgress } from '../../contract/progress.ts';
import type { ScenarioError } from '../../contract/result.ts';
import { shortened } from '../../contract/shortened.ts';

/**
 * Progress and reports hold the text of each step that failed; the failure's details hold the whole message. 4 kB of each of
 * a hundred pools stay well below Temporal's 2 MiB.
 */
export const mostErrorBytes = 4_000;

/** Azure's code and message, as much of it as people read. */
export function errorText(error: unknown): string {
  const failure = applicationFailure(error);
  const cause = rootCause(error);
  const text = failure?.message ?? (cause instanceof Error ? cause.message : String(cause));
  return shortened(failure?.type ? `${failure.type}: ${text}` : text, mostErrorBytes);
}

const details: z.ZodType<ErrorDetails> = z.object({
  resourceId: z.string().exactOptional(),
  status: z.number().exactOptional(),
  correlationId: z.string().exactOptional(),
  whatToDo: z.string(),
  page: z.string(),
});

/** An activity's failure as reports show it; undefined for other errors, such as a cancellation. */
export function scenarioError(error: unknown): ScenarioError | undefined {
  const failure = applicationFailure(error);
  if (!failure) return undefined;
  const type = failure.type ?? 'Error';
  const known = details.safeParse(failure.details?.[0]).data ?? errorDetails(type);
  return { type, message: failure.message, ...known };
}

/** The part of its failure that a step shows. */
export function shownFailure(error: unknown): Pick<StepProgress, 'error' | 'whatToDo' | 'correlationId'> {
  const { whatToDo, correlationId } = scenarioError(error) ?? {};
  return {
    error: errorText(error),
    ...(whatToDo !== undefined && { whatToDo }),
    ...(correlationId !== undefined && { correlationId }),
  };
}

/** Advice for an operator about an activity's failure. */
export const adviceOf = (error: unknown): string | undefined => scenarioError(error)?.whatToDo;

/** For undo: a resource that somebody has deleted meanwhile, or all that it was in, needs nothing put back. */
export function ignoreIfDeleted(error: unknown): void {
  if (!isFailure(error, 'ClusterNotFound', 'AgentPoolNotFound') && !isNotFound(error)) throw error;
}

/** For a wait whose end is looked at anyway: the plan says what is still in the way. */
export function ignoreIfTimedOut(error: unknown): void {
  // A wait that an earlier version began ends with a time-out.
  const timedOut = error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
  if (!timedOut && !isFailure(error, 'OperationInProgress')) throw error;
}
