import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import type { Context } from '@temporalio/activity';
import type { RequestCounts } from '../../contract/requestCounts.ts';
import { asksOnly } from './asksOnly.ts';
import { currentContext } from './currentContext.ts';

/** Requests that activities of each run have sent from this worker and that no result has told yet. */
const untold = new Map<string, RequestCounts>();

/** More runs than a worker has in flight. */
const mostRuns = 2_000;

/** Counts the requests of each run. */
export const countRequest: PipelinePolicy = {
  name: 'countRequest',
  sendRequest(request, next) {
    const run = currentContext()?.info.workflowExecution?.runId;
    if (run !== undefined) {
      const counts = untold.get(run) ?? { reads: 0, writes: 0 };
      counts[asksOnly(request) ? 'reads' : 'writes'] += 1;
      untold.set(run, counts);
      const [oldest] = untold.keys();
      if (untold.size > mostRuns && oldest !== undefined) untold.delete(oldest);
    }
    return next(request);
  },
};

/**
 * Takes the counts of what the run of an activity that ends has sent from this worker, its other activities and failed attempts
 * included. They are taken once, so that they are told once.
 */
export function takeRequestCounts({ info }: Pick<Context, 'info'>): RequestCounts | undefined {
  const run = info.workflowExecution?.runId ?? '';
  const counts = untold.get(run);
  untold.delete(run);
  return counts;
}
