import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { z } from 'zod';
import { type ErrorDetails, errorDetails } from '../../contract/errors.ts';
import type { ScenarioError } from '../../contract/result.ts';

/** The error that matters: what an activity failed with, not that it failed. */
export function rootCause(error: unknown): unknown {
  if (error instanceof ActivityFailure && error.cause) return rootCause(error.cause);
  // A wait that ran out is explained by what it was waiting for.
  if (error instanceof TimeoutFailure && error.cause) return rootCause(error.cause);
  return error;
}

/** One line: Azure's code and message. */
export function errorText(error: unknown): string {
  const cause = rootCause(error);
  if (cause instanceof ApplicationFailure) return cause.type ? `${cause.type}: ${cause.message}` : cause.message;
  return cause instanceof Error ? cause.message : String(cause);
}

const details: z.ZodType<ErrorDetails> = z.object({
  resourceId: z.string().exactOptional(),
  status: z.number().exactOptional(),
  correlationId: z.string().exactOptional(),
  whatToDo: z.string(),
  page: z.string(),
});

/** What is known of the failure of an activity. */
export function scenarioError(error: unknown): ScenarioError | undefined {
  const cause = rootCause(error);
  if (!(cause instanceof ApplicationFailure)) return undefined;
  const type = cause.type ?? 'Error';
  const known = details.safeParse(cause.details?.[0]).data ?? errorDetails(type);
  return { type, message: cause.message, ...known };
}

/** What an operator can do about the failure of an activity. */
export const adviceOf = (error: unknown): string | undefined => scenarioError(error)?.whatToDo;

/** Of what somebody has deleted meanwhile, nothing has to be put back. */
export function ignoreIfDeleted(error: unknown): void {
  const cause = rootCause(error);
  const gone = ['ClusterNotFound', 'AgentPoolNotFound'];
  if (!(cause instanceof ApplicationFailure) || !gone.includes(cause.type ?? '')) throw error;
}
