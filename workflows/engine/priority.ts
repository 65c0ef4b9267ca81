import type { Priority } from '@temporalio/common';
import { lockedCluster } from '../../contract/names.ts';

/** Temporal's own priority of a workflow that was started without one. */
const ordinary = 3;

/** The run that an activity is of. */
export interface Caller {
  workflowId: string;
  /** The priority with which the run or its parent was started. */
  priority?: Priority | undefined;
}

/** Kinds of activities, by how soon somebody waits for them. */
export type Urgency = 'undo' | 'short' | 'operation' | 'told';

/**
 * The place of an activity in the queue. Undo comes first, then what a person's run waits for, and a rollout's last. Short ones are
 * before operations of hours. Beside each other, Temporal serves each subscription in turn.
 */
export function priorityOf(urgency: Urgency, caller: Caller): Priority {
  const { workflowId, priority } = caller;
  const subscription = lockedCluster(workflowId)?.subscriptionId;
  const fairnessKey = priority?.fairnessKey || subscription;
  return { priorityKey: keys[urgency][isUnhurried(caller) ? 1 : 0], ...(fairnessKey && { fairnessKey }) };
}

/** Nobody waits for it: it is one of a rollout's. */
export const isUnhurried = ({ priority }: Pick<Caller, 'priority'>): boolean =>
  (priority?.priorityKey ?? ordinary) > ordinary;

/** Priority keys: of runs that somebody waits for, and of the others. */
const keys: Readonly<Record<Urgency, readonly [number, number]>> = {
  undo: [1, 1],
  short: [2, 4],
  operation: [3, 5],
  told: [4, 5],
};
