import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { errorTypes } from '../../contract/index.ts';
import type { Judgement } from './cases.ts';
import type { Slot } from './scenarios.ts';
import { endedInTime } from './slot.ts';

type EventId = NonNullable<temporal.api.history.v1.IHistoryEvent['eventId']>;

/** IDs of the events of a run to which Temporal resets it, oldest first. */
export async function resetPoints(
  { temporal: client }: Pick<Slot, 'temporal'>,
  workflowId: string,
): Promise<EventId[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? [])
    .filter(
      (event) =>
        event.workflowTaskStartedEventAttributes ??
        event.workflowTaskCompletedEventAttributes ??
        event.workflowTaskFailedEventAttributes ??
        event.workflowTaskTimedOutEventAttributes,
    )
    .flatMap(({ eventId }) => eventId ?? []);
}

/**
 * Resets the last run, by Temporal's own API, and waits for the end of the run that this makes.
 *
 * @returns what is wrong with it: it carries out no activity, and says that it was reset.
 */
export async function reset(slot: Slot, workflowId: string, event: EventId | undefined): Promise<Judgement['found']> {
  if (event === undefined) return [['thirdState', 'there is no point to which Temporal resets the run']];
  const { workflow, workflowService, options } = slot.temporal;
  const answer: Promise<{ runId: string }> = workflowService.resetWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId },
    workflowTaskFinishEventId: event,
    requestId: randomUUID(),
    reason: 'by the sweep',
  });
  const runId = await answer.then((made) => made.runId, unlessRefused);
  if (runId === undefined) return [];
  const handle = workflow.getHandle(workflowId, runId);
  const end = await endedInTime(handle.result());
  if (end === 'stuck') {
    const { events } = await handle.fetchHistory();
    const why = events?.findLast((each) => each.workflowTaskFailedEventAttributes)?.workflowTaskFailedEventAttributes;
    await handle.terminate('by the sweep');
    return [['thirdState', `a reset to event ${event} does not end: ${why?.failure?.message}`]];
  }
  if (slot.boundaries.runs.has(runId)) return [['touched', `a reset to event ${event} has carried out activities`]];
  const { failure } = end === 'verified' ? {} : end;
  const isTold = failure instanceof ApplicationFailure && failure.type === errorTypes.resetRun;
  // Nothing was left to be done at the event.
  const isOver = end === 'verified' || (failure instanceof ApplicationFailure && !isTold);
  return isTold || isOver ? [] : [['thirdState', `a reset to event ${event} ends with ${String(failure)}`]];
}

/** Temporal does not reset to a task that began amid other events. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof Error) || !/must be at the boundary/.test(error.message)) throw error;
}
