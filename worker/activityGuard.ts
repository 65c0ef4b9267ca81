import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { errorDetails, errorEntry } from '../contract/errors.ts';
import { errorTypes, originalRunHeader } from '../contract/names.ts';

/**
 * Refuses every activity of a run that was reset: the run would write and delete by an old look at Azure, as if nothing had
 * happened since. Activities that an earlier version has scheduled carry no header, and pass.
 */
export const guardActivities: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const header = input.headers[originalRunHeader];
      const original = header && defaultPayloadConverter.fromPayload(header);
      if (original === undefined || original === info.workflowExecution?.runId) return next(input);
      throw resetRun(String(original));
    },
  },
});

function resetRun(original: string): ApplicationFailure {
  const { resetRun: type } = errorTypes;
  const { cause, whatToDo } = errorEntry(type);
  const details = errorDetails(type);
  return ApplicationFailure.create({
    type,
    message: `${cause} It was reset from run ${original}.\n${whatToDo}\nSee ${details.page}.`,
    nonRetryable: true,
    details: [details],
  });
}
