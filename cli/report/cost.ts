import type { Payload } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { heartbeatEveryMs } from '../../contract/heartbeats.ts';
import { type RequestCounts, requestCountsIn, requestCountsKey } from '../../contract/requestCounts.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Decodes payloads as far as they were encrypted: metadata and data of what was encoded. */
export type Decrypt = (payloads: readonly Payload[]) => Promise<Payload[]>;

/** Everything that a run has taken of Temporal. */
export interface TemporalCost {
  /**
   * Temporal's billable actions but for heartbeats and queries: starts, attempts of activities, changes of search attributes, timers,
   * signals, updates, children. Source: https://docs.temporal.io/cloud/actions, read 2026-11-27.
   */
  actions: number;
  /** Heartbeats that activities send in that time, each an action too. Most of an activity's time is an operation's. */
  heartbeats: number;
  events: number;
  /** Size of the history, as Temporal counts it. */
  bytes: number;
}

/** Purposes for which a run asks Azure. */
export const purposes = ['discovery', 'steps', 'verification'] as const;
export type Purpose = (typeof purposes)[number];

/** @param speed Simulated seconds in a real one: how much longer activities take at real speed. Default: 1. */
export const temporalCost = (events: readonly HistoryEvent[], speed = 1): TemporalCost => ({
  actions: events.reduce((sum, event) => sum + actionsOf(event), 0),
  heartbeats: activitiesIn(events).reduce(
    (sum, { scheduled, end, timeoutMs }) => sum + heartbeats((end - scheduled) * speed, timeoutMs),
    0,
  ),
  events: events.length,
  bytes: Math.max(0, ...events.map((event) => Number(event.workflowTaskStartedEventAttributes?.historySizeBytes ?? 0))),
});

function actionsOf(event: HistoryEvent): number {
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

/** When an activity ran, from its schedule to its end, and from its last attempt's start; in milliseconds since 1970. */
interface ActivityTimes {
  name: string;
  scheduled: number;
  begin: number;
  end: number;
  timeoutMs: number;
}

export function activitiesIn(events: readonly HistoryEvent[]): ActivityTimes[] {
  const byId = new Map(events.map((event) => [String(event.eventId), event]));
  return events.flatMap(({ activityTaskCompletedEventAttributes: completed, eventTime }) => {
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

/** Activities that only look, by the beginnings of their names. */
const looks = /^(await|discover|find|is|list|look|probe|read)/;

/** Requests of an activity to Azure, as its result or its failure tells. */
interface Told {
  type: string;
  counts: RequestCounts;
}

/**
 * The requests to Azure that a run has sent, by their purpose; `undefined` where its results do not tell, as those of earlier versions.
 * Requests of an activity that never ended are not in it.
 */
export async function requestsOf(
  events: readonly HistoryEvent[],
  decrypt: Decrypt,
): Promise<Record<Purpose, RequestCounts> | undefined> {
  const ended = await endedActivities(events, decrypt);
  if (!ended.some(({ counts }) => counts.reads + counts.writes > 0)) return undefined;
  const acts = ended.map(({ type }) => !looks.test(type) && type !== 'tell');
  const [first, last] = [acts.indexOf(true), acts.lastIndexOf(true)];
  // Where nothing is done, everything is looked at before that.
  const purposeAt = (index: number): Purpose =>
    first < 0 || index < first ? 'discovery' : index > last ? 'verification' : 'steps';
  const sums = Object.fromEntries(purposes.map((purpose) => [purpose, { reads: 0, writes: 0 }])) as Record<
    Purpose,
    RequestCounts
  >;
  for (const [index, { counts }] of ended.entries()) {
    const sum = sums[purposeAt(index)];
    sum.reads += counts.reads;
    sum.writes += counts.writes;
  }
  return sums;
}

/** The activities that have ended, in the order of their ends. */
async function endedActivities(events: readonly HistoryEvent[], decrypt: Decrypt): Promise<Told[]> {
  const types = new Map(
    events.map(({ eventId, activityTaskScheduledEventAttributes: scheduled }) => [
      String(eventId),
      scheduled?.activityType?.name ?? '',
    ]),
  );
  const told: Told[] = [];
  for (const { activityTaskCompletedEventAttributes: done, activityTaskFailedEventAttributes: failed } of events) {
    const [payload] = done?.result?.payloads ?? failed?.failure?.applicationFailureInfo?.details?.payloads ?? [];
    const end = done ?? failed;
    if (!end) continue;
    const [plain] = payload ? await decrypt([payload]) : [];
    const text = new TextDecoder().decode(plain?.metadata?.[requestCountsKey] ?? new Uint8Array());
    told.push({
      type: types.get(String(end.scheduledEventId)) ?? '',
      counts: requestCountsIn(text) ?? { reads: 0, writes: 0 },
    });
  }
  return told;
}
