import { Context } from '@temporalio/activity';
import { applicationFailure, final, isFailure, ownFailure, tellingSent } from '../../contract/failures.ts';
import { heartbeatEveryMs } from '../../contract/heartbeats.ts';
import { isClusterWorkflowId } from '../../contract/names.ts';
import { elapsedMs, retriedForMs } from './clock.ts';
import { type AzureError, httpStatus } from './errors.ts';
import { beginLease, interrupted, isInterrupted, renewLease } from './lease.ts';

/** Progress of an operation, as the Web UI shows it. */
export interface OperationProgress {
  nodesDone: number;
  nodesTotal: number;
  /** The node that is being reimaged. */
  node?: string;
}

/** Azure's words for an operation that has failed. */
export interface FailedOperation extends AzureError {
  correlationId?: string;
}

/** Details of a heartbeat. They hold no secret, for an operation's address is of no use without a token. */
interface Checkpoint extends Partial<OperationProgress> {
  /** Whether a request of this activity may have taken effect. */
  sent: boolean;
  /** Set by an attempt that has ended by itself: what it says of `sent` is exact. A worker that dies reports nothing more. */
  ended?: true;
  poller?: string;
  /** Seconds after the activity began at which the operation did. */
  begunAfter?: number;
  /** The operation has failed, unless the resource says otherwise. */
  failed?: FailedOperation;
  /** Seconds since the activity began, over all its attempts. */
  elapsed?: number;
  /** When the wait for somebody else's operation began, in milliseconds since the activity did. */
  busySinceMs?: number;
  /** How long it has waited for operations around the cluster, in milliseconds of its own pauses. */
  waitedMs?: number;
  /** Somebody else's operation was aborted. */
  aborted?: true;
}

/** One for each attempt. */
const checkpoints = new WeakMap<Context, Checkpoint>();

/** The record of what this activity has sent, over all its attempts. */
export function checkpoint(): Checkpoint {
  const context = Context.current();
  const known = checkpoints.get(context);
  if (known) return known;
  const { attempt } = context.info;
  const last = context.info.heartbeatDetails as Checkpoint | undefined;
  const { ended, ...before } = last ?? { sent: false };
  // A worker that died may have sent a request after its last heartbeat.
  const begun: Checkpoint = { ...before, sent: last ? last.sent || ended === undefined : attempt > 1 };
  checkpoints.set(context, begun);
  return begun;
}

/** Sends the record to Temporal. */
export function heartbeat(): void {
  const { sent, poller, failed, ended, ...progress } = checkpoint();
  const elapsed = Math.round(elapsedMs() / 1000);
  const context = Context.current();
  renewLease(context);
  // The Web UI shows only a few lines, so progress comes first.
  context.heartbeat({
    ...progress,
    elapsed,
    sent,
    ...(ended && { ended }),
    ...(failed && { failed }),
    ...(poller !== undefined && { poller }),
  });
}

/** Makes a request that changes something. It is on record before it is sent; one that Azure has refused has changed nothing. */
export async function recorded<T>(send: () => Promise<T>): Promise<T> {
  refuseWithoutLock();
  const record = checkpoint();
  const { sent } = record;
  record.sent = true;
  heartbeat();
  try {
    return await send();
  } catch (error) {
    if (isRefused(error) || isInterrupted(error)) record.sent = sent;
    throw error;
  }
}

/** Refuses a workflow of another ID, beside the one that holds the lock: anybody who may write to the namespace could start one. */
function refuseWithoutLock(): void {
  const { workflowExecution, activityType } = Context.current().info;
  const caller = workflowExecution?.workflowId ?? 'nobody';
  if (isClusterWorkflowId(caller)) return;
  throw ownFailure('ForeignCaller', `${activityType} was called by ${caller}, which holds the lock on no cluster`);
}

/** Whether Azure has answered that it does nothing, or the policy has kept the request. After 408, 409 and 429 nobody knows, nor where no answer came. */
function isRefused(error: unknown): boolean {
  const status = Number(httpStatus(error));
  if (isFailure(error, 'ForbiddenByPolicy', 'ReadOnlyWorker')) return true;
  return status === 304 || (status >= 400 && status < 500 && ![408, 409, 429].includes(status));
}

/**
 * Heartbeats during an activity, or a part of one. A failure says whether a request may have taken effect, in its details: undo
 * goes by it.
 */
export async function keptAlive<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const record = checkpoint();
  delete record.ended;
  const { heartbeatTimeoutMs } = context.info;
  const startedAt = performance.now();
  const everyMs = () => heartbeatEveryMs(performance.now() - startedAt, heartbeatTimeoutMs);
  beginLease(context, heartbeatEveryMs(Number.POSITIVE_INFINITY, heartbeatTimeoutMs));
  heartbeat();
  let heart = setTimeout(function beat() {
    heartbeat();
    heart = setTimeout(beat, everyMs());
  }, everyMs());
  try {
    return await work();
  } catch (error) {
    const failure = applicationFailure(error);
    if (!failure) throw interruptedFailure(context, error) ?? error;
    throw tellingSent(lastsTooLong() ? final(failure) : failure, record.sent);
  } finally {
    clearTimeout(heart);
    record.ended = true;
    heartbeat();
  }
}

/** Twice the day that a pool of a hundred nodes takes which drain slowly: what fails after that does not pass. */
const mostWaitMs = 2 * 24 * 60 * 60_000;

/** Whether an operation has been tried for too long. Waits end by themselves: the number of their attempts has no bound. */
export const lastsTooLong = (): boolean =>
  (Context.current().info.retryPolicy?.maximumAttempts ?? 0) > 0 && retriedForMs() > mostWaitMs;

/** The same activities with heartbeats. */
export const allKeptAlive = <A extends Record<string, (...given: never[]) => Promise<unknown>>>(activities: A): A =>
  Object.fromEntries(
    Object.entries(activities).map(([name, act]) => [name, (...given: never[]) => keptAlive(() => act(...given))]),
  ) as A;

/**
 * The failure of an activity that was paused or reset, or whose worker shuts down. Reported as a cancellation, the server
 * would refuse it, and the activity would hang until its heartbeat times out.
 */
function interruptedFailure(context: Context, error: unknown): Error | undefined {
  if (!(error instanceof Error) || error.name !== 'AbortError') return undefined;
  const { cancelRequested, paused, reset, workerShutdown } = context.cancellationDetails ?? {};
  if (!cancelRequested && (paused || reset || workerShutdown)) {
    return interrupted('The activity was interrupted and goes on elsewhere');
  }
  return undefined;
}
