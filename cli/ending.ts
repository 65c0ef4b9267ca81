import { ApplicationFailure, CancelledFailure, TerminatedFailure, WorkflowFailedError } from '@temporalio/client';
import type { AksIsolationClient, ScenarioHandle } from '../client/index.ts';
import { cancellationMemo } from '../contract/index.ts';
import type { Ending } from './text/outcome.ts';
import { allPrintable } from './text/printable.ts';

/** Waits for the end of a run, and says how it came. No worker is needed for a run that has ended. */
export async function endingOf(aks: AksIsolationClient, run: ScenarioHandle): Promise<Ending> {
  try {
    return allPrintable(await run.result());
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return allPrintable(await failureOf(aks, run, error.cause ?? error));
  }
}

async function failureOf(
  aks: AksIsolationClient,
  { workflowId, runId }: ScenarioHandle,
  cause: Error,
): Promise<Ending> {
  if (cause instanceof ApplicationFailure) {
    const details: unknown = cause.details?.[0];
    const type = cause.type ?? undefined;
    return { outcome: 'failed', ...(type !== undefined && { type }), message: cause.message, details };
  }
  if (cause instanceof CancelledFailure) {
    const { memo } = await aks.temporal.workflow.getHandle(workflowId, runId).describe();
    return { outcome: 'cancelled', message: 'The run was cancelled.', details: memo?.[cancellationMemo] };
  }
  if (cause instanceof TerminatedFailure) {
    return { outcome: 'terminated', message: `The run was terminated${cause.message ? `: ${cause.message}` : ''}.` };
  }
  return { outcome: 'failed', message: cause.message };
}
