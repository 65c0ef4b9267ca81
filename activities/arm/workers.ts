import { type Context, log } from '@temporalio/activity';
import proto from '@temporalio/proto';

/** So long a count is taken for granted. Temporal itself forgets a worker that is gone after five minutes. */
const freshMs = 30_000;

/** By task queue. */
const counts = new Map<string, { count: Promise<number>; countedAt: number }>();

/** How many workers take activities from the queue of this one: Temporal knows. Where it does not tell, this one is alone. */
export function countWorkers(context: Context): Promise<number> {
  const { taskQueue, namespace } = context.info;
  const key = `${namespace} ${taskQueue}`;
  const known = counts.get(key);
  if (known && performance.now() - known.countedAt < freshMs) return known.count;
  const count = counted(context).catch((error: unknown) => {
    if (known) return known.count;
    log.warn('Temporal does not tell how many workers there are: this one takes itself for the only one', {
      why: String(error),
    });
    return 1;
  });
  counts.set(key, { count, countedAt: performance.now() });
  return count;
}

async function counted({ info: { taskQueue, namespace }, client }: Context): Promise<number> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
  });
  return Math.max(1, new Set(pollers?.map(({ identity }) => identity)).size);
}
