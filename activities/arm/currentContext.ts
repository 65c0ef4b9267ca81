import { Context } from '@temporalio/activity';

/** The activity that asks; `undefined` for the worker's checks at its start, which run outside of any. */
export function currentContext(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}

/** Temporal's priority of an activity that somebody waits for is at most this: see `workflows/engine/priority.ts`. */
const mostHurried = 3;

/** Nobody waits for it: it is a rollout's. */
export const isUnhurried = ({ info: { priority } }: Context): boolean => (priority?.priorityKey ?? 0) > mostHurried;

/** Whether it is a rollout's. What is asked outside of activities is waited for. */
export const urgencyOf = (context: Context | undefined): 'hurried' | 'unhurried' =>
  context && isUnhurried(context) ? 'unhurried' : 'hurried';
