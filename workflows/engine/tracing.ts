import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { proxySinks, TemporalFailure, type WorkflowInterceptors } from '@temporalio/workflow';
import { applicationFailure } from '../../contract/failures.ts';
import { type TraceSinks, traceHeader } from '../../contract/tracing.ts';

const { trace } = proxySinks<TraceSinks>();

/**
 * Hands the trace of whoever started the run on to its activities, and tells the worker when the run ends. It awaits nothing and
 * is always there, so that runs replay alike with tracing and without.
 */
export function interceptors(): WorkflowInterceptors {
  let begun: Payload | undefined;
  return {
    inbound: [
      {
        execute(input, next) {
          begun = input.headers[traceHeader];
          const run = next(input);
          const carrier = begun ? defaultPayloadConverter.fromPayload<Record<string, string>>(begun) : {};
          // Beside the promise that is returned: one that waited for this would end later than without.
          run.then(
            () => trace.ended(carrier, undefined),
            (error: unknown) => {
              // Otherwise it is a defect of this code, and the run goes on with a corrected worker.
              if (error instanceof TemporalFailure) trace.ended(carrier, applicationFailure(error)?.type ?? error.name);
            },
          );
          return run;
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) =>
          next(begun ? { ...input, headers: { ...input.headers, [traceHeader]: begun } } : input),
      },
    ],
  };
}
