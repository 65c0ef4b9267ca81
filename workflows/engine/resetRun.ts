import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import { originalRunHeader } from '../../contract/names.ts';

/**
 * Tells each activity which run asked first. `worker/activityGuard.ts` refuses the activities of a reset run. Workflow code
 * cannot: if it asked for its run ID, it would not replay where it had asked before the reset.
 *
 * A reset run that starts scenarios would begin them anew. They are told which run asked first, and it counts for their activities.
 */
export const interceptors = (): WorkflowInterceptors => {
  let ofResetParent: Payload | undefined;
  const original = () => ofResetParent ?? defaultPayloadConverter.toPayload(workflowInfo().originalExecutionRunId);
  const isReset = () => workflowInfo().runId !== workflowInfo().originalExecutionRunId;
  return {
    inbound: [
      {
        execute(input, next) {
          ofResetParent = input.headers[originalRunHeader];
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) =>
          next({ ...input, headers: { ...input.headers, [originalRunHeader]: original() } }),
        // A replay does not compare what a child is told.
        startChildWorkflowExecution: (input, next) =>
          next(
            ofResetParent || isReset()
              ? { ...input, headers: { ...input.headers, [originalRunHeader]: original() } }
              : input,
          ),
      },
    ],
  };
};
