import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { type ErrorDetails, errorDetails } from '../../contract/errors.ts';
import { applicationFailure, isFailure, rootCause } from '../../contract/failures.ts';
import type { ScenarioError } from '../../contract/result.ts';

/** One line: Azure's code and message. */
export function errorText(error: unknown): string {
  const failure = applicationFailure(error);
  if (failure) return failure.type ? `${failure.type}: ${failure.message}` : failure.message;
  const cause = rootCause(error);
  return cause instanceof Error ? cause.message : String(cause);
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

/** Advice for an operator about an activity's failure. */
export const adviceOf = (error: unknown): string | undefined => scenarioError(error)?.whatToDo;

/** For undo: a resource that somebody has deleted meanwhile needs nothing put back. */
export function ignoreIfDeleted(error: unknown): void {
  if (!isFailure(error, 'ClusterNotFound', 'AgentPoolNotFound')) throw error;
}

/** For a wait whose end is looked at anyway: the plan says what is still in the way. */
export function ignoreIfTimedOut(error: unknown): void {
  if (!(error instanceof ActivityFailure && error.cause instanceof TimeoutFailure)) throw error;
}
