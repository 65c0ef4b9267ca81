import type { temporal } from '@temporalio/proto';
import { heartbeatEveryMs } from '../activities/arm/checkpoint.ts';
import type { RecordedRequest } from '../simulator/index.ts';

export type History = temporal.api.history.v1.IHistory;
type Event = temporal.api.history.v1.IHistoryEvent;

/** What a run costs. */
export interface RunCost {
  /**
   * Temporal's billable actions but for heartbeats and queries: starts, attempts of activities, changes of search attributes, timers,
   * signals, updates, children. Source: https://docs.temporal.io/cloud/actions, read 2026-11-27.
   */
  actions: number;
  /** Heartbeats that activities send in that time at real speed, each an action too. Most of an activity's time is an operation's. */
  heartbeats: number;
  events: number;
  /** Of the history, as Temporal counts it. */
  bytes: number;
  /** Requests to Azure that only look; commands inside the cluster are among them. */
  reads: number;
  writes: number;
  /** Requests that were answered with 429. */
  throttled: number;
}

/** @param speed Simulated seconds in a real one: how much longer activities take at real speed. */
export function costOf(history: History, requests: readonly RecordedRequest[], speed: number): RunCost {
  const events = history.events ?? [];
  const reads = requests.filter(isRead).length;
  return {
    actions: events.reduce((sum, event) => sum + actionsOf(event), 0),
    heartbeats: activitiesOf(history).reduce(
      (sum, { scheduled, end, timeoutMs }) => sum + heartbeats((end - scheduled) * speed, timeoutMs),
      0,
    ),
    events: events.length,
    bytes: Math.max(...events.map((event) => Number(event.workflowTaskStartedEventAttributes?.historySizeBytes ?? 0))),
    reads,
    writes: requests.length - reads,
    throttled: requests.filter(({ status }) => status === 429).length,
  };
}

/** A command that looks inside of the cluster is a POST, and so is the question whether a name is free. */
const isRead = ({ method, url }: RecordedRequest): boolean =>
  method === 'GET' || method === 'HEAD' || /\/(runCommand|checkNameAvailability)\?/i.test(url);

function actionsOf(event: Event): number {
  if (event.workflowExecutionStartedEventAttributes) return 1;
  if (event.activityTaskStartedEventAttributes) return event.activityTaskStartedEventAttributes.attempt ?? 1;
  const { searchAttributes } = event.upsertWorkflowSearchAttributesEventAttributes ?? {};
  // Temporal does not bill the search attribute of its own versioning.
  if (searchAttributes)
    return Object.keys(searchAttributes.indexedFields ?? {}).some((name) => name !== 'TemporalChangeVersion') ? 1 : 0;
  // The child's own start is its own action.
  const isOne =
    event.timerStartedEventAttributes ??
    event.workflowExecutionSignaledEventAttributes ??
    event.workflowExecutionUpdateAcceptedEventAttributes ??
    event.startChildWorkflowExecutionInitiatedEventAttributes;
  return isOne ? 1 : 0;
}

/** When each activity ran, from its schedule to its end, and from its last attempt's start; in milliseconds since 1970. */
export function activitiesOf({
  events,
}: History): { name: string; scheduled: number; begin: number; end: number; timeoutMs: number }[] {
  const byId = new Map((events ?? []).map((event) => [String(event.eventId), event]));
  return (events ?? []).flatMap(({ activityTaskCompletedEventAttributes: completed, eventTime }) => {
    const began = byId.get(String(completed?.scheduledEventId));
    if (!completed || !began) return [];
    const { heartbeatTimeout, activityType } = began.activityTaskScheduledEventAttributes ?? {};
    return [
      {
        name: activityType?.name ?? '',
        scheduled: milliseconds(began.eventTime),
        begin: milliseconds(byId.get(String(completed.startedEventId))?.eventTime),
        end: milliseconds(eventTime),
        timeoutMs: milliseconds(heartbeatTimeout),
      },
    ];
  });
}

/** The first comes at once. */
function heartbeats(ms: number, timeoutMs: number): number {
  if (timeoutMs === 0) return 0;
  let sum = 1;
  for (let at = heartbeatEveryMs(0, timeoutMs); at < ms; at += heartbeatEveryMs(at, timeoutMs)) sum += 1;
  return sum;
}

const milliseconds = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;
