import { type Payload, ValueError } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto';
import { z } from 'zod';
import type { AzureIdentity } from '../../contract/aboutWorker.ts';
import type { RequestCounts } from '../../contract/requestCounts.ts';
import { type Decrypt, type Purpose, requestsOf, type TemporalCost, temporalCost } from './cost.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Failure = temporal.api.failure.v1.IFailure;
type Payloads = temporal.api.common.v1.IPayloads;

/** Decodes payloads as the client does that read the history. */
export type Decode = (payloads: readonly Payload[] | null | undefined) => Promise<unknown[]>;

/** Something that took time: an activity with all its attempts, or a wait. */
export interface Span {
  kind: 'activity' | 'wait';
  /** For people: the summary, or the activity's name. */
  title: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  /** Left out: it was still open at the history's end. */
  endedAt?: string;
  state: 'done' | 'failed' | 'cancelled' | 'open';
  attempts?: number;
  /** The worker process that ended it. */
  worker?: string;
  error?: FailureRecord;
}

interface FailureRecord {
  type?: string;
  message: string;
  details?: unknown;
}

/** Something that a person or a program did to the run. */
export interface Act {
  at: string;
  /** The identity that Temporal's client gave. Nobody has checked it. */
  identity: string;
  /** The caller as the server has authenticated it, where it does. Left out for updates. */
  principal?: string;
  what: string;
  given?: unknown;
}

type HistoryEnd =
  | { how: 'completed'; result: unknown }
  | { how: 'failed'; failure: FailureRecord }
  | { how: 'cancelled' | 'terminated' | 'timedOut' | 'continued' };

/** A run as its history has it. */
export interface RunRecord {
  workflowId: string;
  runId: string;
  /** The run that asked first; a reset has another run ID. Azure keeps it as the correlation ID of every request. */
  originalRunId: string;
  type: string;
  taskQueue: string;
  startedBy: string;
  /** The starter as the server has authenticated it, where it does. */
  principal?: string;
  startedAt: string;
  input: unknown;
  /** As whom workers acted in Azure, by what their tokens say. */
  actsAs: AzureIdentity[];
  acts: Act[];
  spans: Span[];
  /** The last value of each key. */
  memo: Record<string, unknown>;
  cost: RunCost;
  end?: HistoryEnd & { at: string };
}

/** Everything that a run has taken so far. */
export interface RunCost extends TemporalCost {
  /** Left out: its results do not tell. */
  requests?: Record<Purpose, RequestCounts>;
}

/**
 * Reads a run from its history alone, so that it works months later, and without a worker.
 *
 * @param decrypt Default: nothing is encrypted.
 */
export async function recordOf(
  events: readonly HistoryEvent[],
  decode: Decode,
  decrypt: Decrypt = async (payloads) => [...payloads],
): Promise<RunRecord> {
  const [first] = events;
  const started = first?.workflowExecutionStartedEventAttributes;
  if (!first || !started) throw new Error('The history has no beginning');
  const requests = await requestsOf(events, decrypt);
  const record: RunRecord = {
    workflowId: started.workflowId ?? '',
    runId: started.originalExecutionRunId ?? '',
    originalRunId: started.originalExecutionRunId ?? '',
    type: started.workflowType?.name ?? '',
    taskQueue: started.taskQueue?.name ?? '',
    startedBy: started.identity ?? '',
    ...principalOf(first),
    startedAt: timeOf(first),
    input: (await decode(started.input?.payloads))[0],
    actsAs: [],
    acts: [],
    spans: [],
    memo: await decodedFields(started.memo?.fields, (payloads) => decode(payloads).catch(unread)),
    cost: { ...temporalCost(events), ...(requests && { requests }) },
  };
  const open = new Map<string, Span>();
  for (const event of events) {
    await readSpan(event, record, open, decode);
    await readAct(event, record, decode);
    await readWorker(event, record, decode);
    await readEnd(event, record, decode);
    const upserted = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields;
    Object.assign(record.memo, await decodedFields(upserted, decode));
  }
  return record;
}

async function readSpan(
  event: HistoryEvent,
  { spans }: RunRecord,
  open: Map<string, Span>,
  decode: Decode,
): Promise<void> {
  const { activityTaskScheduledEventAttributes: scheduled, timerStartedEventAttributes: timer } = event;
  if (scheduled || timer) {
    const [summary] = await decode(event.userMetadata?.summary ? [event.userMetadata.summary] : []);
    const title = typeof summary === 'string' ? summary : (scheduled?.activityType?.name ?? 'Wait');
    const span: Span = { kind: timer ? 'wait' : 'activity', title, startedAt: timeOf(event), state: 'open' };
    open.set(String(event.eventId), span);
    spans.push(span);
  }
  const { activityTaskStartedEventAttributes: begun } = event;
  const running = begun && open.get(String(begun.scheduledEventId));
  if (running) Object.assign(running, { attempts: begun.attempt ?? 1, worker: begun.identity ?? '' });
  const close = closing(event);
  const span = close && open.get(String(close.of));
  if (!close || !span) return;
  span.state = close.state;
  span.endedAt = timeOf(event);
  if (close.failure) span.error = await failureRecord(close.failure, decode);
}

/** The event that a span began with, and how it has ended, where this event ends one. */
function closing(event: HistoryEvent): { of: unknown; state: Span['state']; failure?: Failure } | undefined {
  const { activityTaskCompletedEventAttributes: done, activityTaskFailedEventAttributes: failed } = event;
  const { activityTaskTimedOutEventAttributes: timedOut, activityTaskCanceledEventAttributes: cancelled } = event;
  const { timerFiredEventAttributes: fired, timerCanceledEventAttributes: answered } = event;
  if (done) return { of: done.scheduledEventId, state: 'done' };
  if (failed)
    return { of: failed.scheduledEventId, state: 'failed', ...(failed.failure && { failure: failed.failure }) };
  if (timedOut) {
    return { of: timedOut.scheduledEventId, state: 'failed', ...(timedOut.failure && { failure: timedOut.failure }) };
  }
  if (cancelled) return { of: cancelled.scheduledEventId, state: 'cancelled' };
  if (fired) return { of: fired.startedEventId, state: 'done' };
  // A wait whose timer is taken back has been answered.
  return answered ? { of: answered.startedEventId, state: 'done' } : undefined;
}

async function readAct(event: HistoryEvent, { acts }: RunRecord, decode: Decode): Promise<void> {
  const at = timeOf(event);
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest;
  if (update) {
    const [given] = await decode(update.input?.args?.payloads);
    const what = update.input?.name ?? 'update';
    acts.push({ at, identity: update.meta?.identity ?? '', what, ...(given !== undefined && { given }) });
  }
  const { workflowExecutionCancelRequestedEventAttributes: cancelled } = event;
  const by = principalOf(event);
  if (cancelled)
    acts.push({ at, identity: cancelled.identity ?? '', ...by, what: 'cancel', ...reason(cancelled.cause) });
  const { workflowExecutionTerminatedEventAttributes: terminated } = event;
  if (terminated)
    acts.push({ at, identity: terminated.identity ?? '', ...by, what: 'terminate', ...reason(terminated.reason) });
}

/**
 * The principal whose call the server has authenticated, where it stamps events with that (`frontend.enablePrincipalPropagation`). The event of an
 * update is written by the worker that takes it, so it says nothing about the caller. Source: temporalio/temporal#9582.
 */
function principalOf({ principal }: HistoryEvent): { principal?: string } {
  const text = [principal?.type, principal?.name].filter(Boolean).join(' ');
  return text === '' ? {} : { principal: text };
}

const worker = z.object({
  actsAs: z.object({
    objectId: z.string(),
    applicationId: z.string().exactOptional(),
    tenantId: z.string().exactOptional(),
  }),
});

/** The first look of a scenario says as whom its worker acts. */
async function readWorker(event: HistoryEvent, { actsAs }: RunRecord, decode: Decode): Promise<void> {
  const { activityTaskCompletedEventAttributes: done } = event;
  const [seen] = await decode(done?.result?.payloads);
  const found = worker.safeParse(seen).data?.actsAs;
  if (found && !actsAs.some(({ objectId }) => objectId === found.objectId)) actsAs.push(found);
}

const reason = (text: string | null | undefined): { given?: string } => (text ? { given: text } : {});

async function readEnd(event: HistoryEvent, record: RunRecord, decode: Decode): Promise<void> {
  const at = timeOf(event);
  const { workflowExecutionCompletedEventAttributes: completed, workflowExecutionFailedEventAttributes: failed } =
    event;
  if (completed) record.end = { how: 'completed', at, result: (await decode(completed.result?.payloads))[0] };
  if (failed) record.end = { how: 'failed', at, failure: await failureRecord(failed.failure ?? {}, decode) };
  if (event.workflowExecutionCanceledEventAttributes) record.end = { how: 'cancelled', at };
  if (event.workflowExecutionTerminatedEventAttributes) record.end = { how: 'terminated', at };
  if (event.workflowExecutionTimedOutEventAttributes) record.end = { how: 'timedOut', at };
  if (event.workflowExecutionContinuedAsNewEventAttributes) record.end = { how: 'continued', at };
}

/** A converter that encodes failures puts the message into an attribute of its own. */
async function failureRecord(failure: Failure, decode: Decode): Promise<FailureRecord> {
  const [encoded] = failure.encodedAttributes ? await decode([failure.encodedAttributes]) : [];
  const message = (encoded as { message?: string } | undefined)?.message ?? failure.message ?? '';
  const { applicationFailureInfo: info, timeoutFailureInfo: timeout } = failure;
  const [details] = await decode(info?.details?.payloads);
  const { TimeoutType } = proto.temporal.api.enums.v1;
  const type = info?.type || (timeout?.timeoutType ? TimeoutType[timeout.timeoutType] : undefined);
  return { ...(type && { type }), message, ...(details !== undefined && { details }) };
}

/** Callers say in the memo who they are, under keys of their own, perhaps. The run did without it, and so does its evidence. */
function unread(error: unknown): string[] {
  if (error instanceof ValueError) return ['a name that cannot be read with these keys'];
  throw error;
}

async function decodedFields(
  fields: Payloads['payloads'] | Record<string, Payload> | null | undefined,
  decode: Decode,
) {
  const all: Record<string, unknown> = {};
  for (const [key, payload] of Object.entries(fields ?? {})) all[key] = (await decode([payload]))[0];
  return all;
}

function timeOf({ eventTime }: HistoryEvent): string {
  const { seconds = 0, nanos = 0 } = eventTime ?? {};
  return new Date(Number(seconds) * 1000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();
}
