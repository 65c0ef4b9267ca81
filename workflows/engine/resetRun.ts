import { defaultPayloadConverter } from '@temporalio/common';
import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import { originalRunHeader } from '../../contract/names.ts';

/**
 * Tells each activity which run asked first. `worker/activityGuard.ts` refuses the activities of a reset run. Workflow code
 * cannot: if it asked for its run ID, it would not replay where it had asked before the reset.
 */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity: (input, next) => {
        const original = defaultPayloadConverter.toPayload(workflowInfo().originalExecutionRunId);
        return next({ ...input, headers: { ...input.headers, [originalRunHeader]: original } });
      },
    },
  ],
});
