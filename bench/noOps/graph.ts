import type { History } from '../cost.ts';

/**
 * The activities of a run, in the order in which they were scheduled: for each, those whose end made the workflow schedule it. Of
 * what it needs beside those, all had ended before.
 */
export function activityGraph({ events }: History): number[][] {
  const graph: number[][] = [];
  const index = new Map<string, number>();
  /** Activities that have ended since the last workflow task was started, and those that had when it was. */
  let since: number[] = [];
  let before: number[] = [];
  for (const event of events ?? []) {
    const ended = event.activityTaskCompletedEventAttributes;
    if (ended) since.push(index.get(String(ended.scheduledEventId)) ?? 0);
    if (event.workflowTaskStartedEventAttributes) {
      if (since.length > 0) before = since;
      since = [];
    }
    if (event.activityTaskScheduledEventAttributes) {
      index.set(String(event.eventId), graph.length);
      graph.push(before);
    }
  }
  return graph;
}
