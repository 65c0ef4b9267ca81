import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { cancellationMemo, type ScenarioResult } from '../contract/index.ts';
import { decoded, looking } from './payloads.ts';

/** How a run that did not reach its end has ended. */
export interface Failure {
  outcome: 'failed' | 'cancelled' | 'terminated';
  /** One of the contract's `errorTypes`, where the scenario said it. */
  type?: string;
  message: string;
  /** `FailureDetails`, or what `errorTypes` says about the type. A cancelled run has them too, if it had changed something. */
  details?: unknown;
}

export type ScenarioEnding<Result extends ScenarioResult = ScenarioResult> = Ending<Result>;

/** How a run has ended, whatever it runs. */
export type Ending<Result> = Result | Failure;

/** Waits for the end of a run, and says how it came. */
export async function endingOf<Result>(handle: WorkflowHandle, runId?: string): Promise<Ending<Result>> {
  try {
    return (await handle.result()) as Result;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return failureOf(handle, runId, error.cause ?? error);
  }
}

async function failureOf(handle: WorkflowHandle, runId: string | undefined, cause: Error): Promise<Failure> {
  if (cause instanceof ApplicationFailure) {
    const details: unknown = cause.details?.[0];
    const type = cause.type ?? undefined;
    return { outcome: 'failed', ...(type !== undefined && { type }), message: cause.message, details };
  }
  if (cause instanceof CancelledFailure) {
    const [details] = await cancellationOf(handle, runId);
    return { outcome: 'cancelled', message: 'The run was cancelled.', details };
  }
  if (cause instanceof TerminatedFailure) {
    return { outcome: 'terminated', message: `The run was terminated${cause.message ? `: ${cause.message}` : ''}.` };
  }
  return { outcome: 'failed', message: cause.message };
}

/** Only what the run itself has written is read: the rest of its memo may be under other keys. */
async function cancellationOf({ client, workflowId }: WorkflowHandle, runId: string | undefined): Promise<unknown[]> {
  const { raw } = await looking(client).getHandle(workflowId, runId).describe();
  const details = raw.workflowExecutionInfo?.memo?.fields?.[cancellationMemo];
  return decoded(client, details && [details]);
}
