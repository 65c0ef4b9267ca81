import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { z } from 'zod';

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

const advised = z.object({ whatToDo: z.string() });

/** What an operator can do about the failure of an activity. */
export function adviceOf(error: unknown): string | undefined {
  const cause = rootCause(error);
  return cause instanceof ApplicationFailure ? advised.safeParse(cause.details?.[0]).data?.whatToDo : undefined;
}
