import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { azureFailure } from '../../contract/failures.ts';
import { elapsedMs, now, pause } from './clock.ts';
import { observed } from './connection.ts';
import {
  adviceOn,
  azureCall,
  correlation,
  isPassingConflict,
  parseErrorBody,
  parseRetryAfter,
  toApplicationFailure,
} from './errors.ts';

/** The part of the Azure SDK's poller that is needed here. */
export interface Poller<T> {
  readonly isDone: boolean;
  readonly result: T | undefined;
  submitted(): Promise<void>;
  serialize(): Promise<string>;
  poll(options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

export interface LongRunningOperation<T> {
  resourceId: string;
  /** What must hold when the request is sent, such as that nobody else's operation runs. Not called for one that was sent. */
  prepare?(): Promise<void>;
  /** Sends the request. Called at most once, unless {@link find} says that nothing of it arrived. */
  start(): Poller<T>;
  /** Resumes the operation of a killed worker. */
  restore(serialized: string): Poller<T>;
  /**
   * Reads the resource where the request may have been sent but its answer was lost: `running` is adopted and read
   * until it is no longer, `done` is success, `absent` means that the request is still to be sent.
   */
  find(): Promise<Found<T>>;
  /** What comes right after it, before its heartbeat ends. */
  afterwards?(): Promise<void>;
  /** How far it is, for the heartbeat. Asked after each poll; left out where nobody can tell. */
  progress?(): Promise<OperationProgress | undefined>;
}

/** What the Web UI shows of an operation that runs. */
export interface OperationProgress {
  nodesDone: number;
  nodesTotal: number;
  /** The one that is being worked on. */
  node?: string;
}

export type Found<T> = { state: 'absent' } | { state: 'running' } | { state: 'done'; result: T | undefined };

/** What a heartbeat carries: nothing secret, for an operation's address is of no use without a token. */
interface Checkpoint extends Partial<OperationProgress> {
  sent: true;
  poller?: string;
  /** Seconds since the activity began, over all its attempts. */
  elapsed?: number;
}

const heartbeatEveryMs = 2_000;

/**
 * Sends a write whose operation takes minutes, exactly once over any number of worker deaths, and waits for its end.
 *
 * @throws ApplicationFailure whose type is Azure's error code. Source: AKS docs "Azure Resource Manager asynchronous operations".
 */
export async function longRunningOperation<T>(operation: LongRunningOperation<T>): Promise<T | undefined> {
  const { info } = Context.current();
  const checkpoint: Checkpoint = { ...(info.heartbeatDetails as Checkpoint | undefined), sent: true };
  const resumed = info.heartbeatDetails !== undefined || info.attempt > 1;
  return heartbeating(checkpoint, async (heartbeat) => {
    const result = await run(operation, checkpoint, resumed, heartbeat);
    await operation.afterwards?.();
    return result;
  });
}

/** Waits until whatever runs on a resource has ended, however it ends. */
export async function awaitOperation(find: LongRunningOperation<void>['find']): Promise<void> {
  await keptAlive(() => adopt({ find }));
}

/** Heartbeats while work goes on that is simply done again after a crash. */
export const keptAlive = <T>(work: () => Promise<T>): Promise<T> => heartbeating({ sent: true }, work);

/** The same activities, each of them kept alive: for those that have no operation to resume. */
export const allKeptAlive = <A extends Record<string, (...given: never[]) => Promise<unknown>>>(activities: A): A =>
  Object.fromEntries(
    Object.entries(activities).map(([name, act]) => [name, (...given: never[]) => keptAlive(() => act(...given))]),
  ) as A;

/** Sends a request whose operation leaves nothing behind, and waits for its end; after a crash it is sent again. */
export async function repeatableOperation<T>(resourceId: string, start: () => Poller<T>): Promise<T | undefined> {
  const { poller } = await azureCall(resourceId, async () => {
    const started = start();
    await started.submitted();
    return { poller: started };
  });
  const startedAt = now();
  while (!poller.isDone) {
    let response: PipelineResponse | undefined;
    try {
      await observed(
        () => poller.poll({ abortSignal: Context.current().cancellationSignal }),
        (seen) => {
          response = seen;
        },
      );
    } catch (error) {
      throw pollFailure(error, resourceId, response);
    }
    if (!poller.isDone)
      await pause((response && parseRetryAfter(response.headers)) ?? adaptiveDelayMs(now() - startedAt));
  }
  return poller.result;
}

async function heartbeating<T>(checkpoint: Checkpoint, work: (heartbeat: () => void) => Promise<T>): Promise<T> {
  const context = Context.current();
  const heartbeat = () => {
    const { sent, poller, ...progress } = checkpoint;
    const elapsed = Math.round(elapsedMs() / 1000);
    // What people look for comes first: the Web UI shows a few lines.
    context.heartbeat({ ...progress, elapsed, sent, ...(poller !== undefined && { poller }) });
  };
  heartbeat();
  const heart = setInterval(heartbeat, heartbeatEveryMs);
  try {
    return await work(heartbeat);
  } catch (error) {
    throw interruption(context, error) ?? error;
  } finally {
    clearInterval(heart);
    heartbeat();
  }
}

async function run<T>(
  operation: LongRunningOperation<T>,
  checkpoint: Checkpoint,
  resumed: boolean,
  heartbeat: () => void,
): Promise<T | undefined> {
  const { resourceId } = operation;
  if (checkpoint.poller !== undefined)
    return pollUntilDone(operation, operation.restore(checkpoint.poller), checkpoint);
  if (resumed) {
    const found = await adopt(operation);
    if (found.state === 'done') return found.result;
  }
  await operation.prepare?.();
  // A poller is thenable, so it must not be returned from an async function by itself.
  const { poller } = await azureCall(resourceId, async () => {
    const started = operation.start();
    await started.submitted();
    return { poller: started };
  });
  checkpoint.poller = await poller.serialize();
  heartbeat();
  return pollUntilDone(operation, poller, checkpoint);
}

/** Reads the resource until whatever runs on it has ended. */
async function adopt<T>({
  find,
}: Pick<LongRunningOperation<T>, 'find'>): Promise<Exclude<Found<T>, { state: 'running' }>> {
  const startedAt = now();
  for (;;) {
    const found = await find();
    if (found.state !== 'running') return found;
    await pause(adaptiveDelayMs(now() - startedAt));
  }
}

async function pollUntilDone<T>(
  operation: LongRunningOperation<T>,
  poller: Poller<T>,
  checkpoint: Checkpoint,
): Promise<T | undefined> {
  const { resourceId } = operation;
  const { cancellationSignal } = Context.current();
  const startedAt = now();
  while (!poller.isDone) {
    let response: PipelineResponse | undefined;
    try {
      await observed(
        () => poller.poll({ abortSignal: cancellationSignal }),
        (seen) => {
          response = seen;
        },
      );
    } catch (error) {
      const failure = pollFailure(error, resourceId, response);
      const operationFailed = response !== undefined && response.status < 400;
      // What failed is not to be resumed by the next attempt.
      if (operationFailed) delete checkpoint.poller;
      const operationForgotten = response?.status === 404;
      if (!response || (response.status >= 400 && !operationForgotten)) throw failure;
      // The resource has the last word: a cluster can report Failed while the service goes on and succeeds
      // (Azure/AKS#1972), and operations are forgotten some time after their end.
      const found = operationForgotten ? await adopt(operation) : await operation.find();
      if (found.state === 'done') return found.result;
      throw failure;
    }
    if (poller.isDone) break;
    Object.assign(checkpoint, await operation.progress?.());
    await pause((response && parseRetryAfter(response.headers)) ?? adaptiveDelayMs(now() - startedAt));
  }
  return poller.result;
}

/** Either the request for the operation's state has failed, or the operation itself: that is an answer 200 with an error. */
function pollFailure(error: unknown, resourceId: string, response: PipelineResponse | undefined): Error {
  if (!response || response.status >= 400) return toApplicationFailure(error, resourceId, response);
  const said = parseErrorBody(response.bodyAsText) ?? { code: 'OperationFailed', message: String(error) };
  return azureFailure(said.code, `${said.message} (${resourceId})`, resourceId, {
    whatToDo: adviceOn(said),
    ...correlation(response),
    retryable: isPassingConflict(said.code),
  });
}

/** A twentieth of the time waited so far: the end is noticed within 5 %, and a long operation is not asked too often. */
export const adaptiveDelayMs = (elapsedMs: number): number => Math.min(15_000, Math.max(100, elapsedMs / 20));

/**
 * Tells a pause, a reset or the worker's shutdown from a cancellation. The server refuses a cancellation that was not
 * asked for, and the activity would hang until its heartbeat times out.
 */
function interruption(context: Context, error: unknown): Error | undefined {
  if (!(error instanceof Error) || error.name !== 'AbortError') return undefined;
  const { cancelRequested, paused, reset, workerShutdown } = context.cancellationDetails ?? {};
  if (!cancelRequested && (paused || reset || workerShutdown)) {
    return ApplicationFailure.retryable('The activity was interrupted and goes on elsewhere', 'Interrupted');
  }
  return undefined;
}
