import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { azureFailure } from '../../contract/failures.ts';
import { elapsedMs, now, pause } from './clock.ts';
import { type AzureClients, observed, type Service } from './connection.ts';
import {
  adviceOn,
  azureCall,
  correlation,
  isPassingConflict,
  parseErrorBody,
  parseRetryAfter,
  toApplicationFailure,
} from './errors.ts';
import { type Poller, restoredPoller, type Sent } from './poller.ts';

export interface LongRunningOperation {
  resourceId: string;
  /** The one that sends the request; it resumes the operation of a killed worker. */
  client: AzureClients[Service];
  /** What must hold when the request is sent, such as that nobody else's operation runs. Not called for one that was sent. */
  prepare?(): Promise<void>;
  /** Sends the request. Called at most once, unless {@link find} says that nothing of it arrived. */
  send(): Sent;
  /** Reads the resource where the request may have been sent but its answer was lost. */
  find(): Promise<Found>;
  /** What comes right after it, before its heartbeat ends. */
  afterwards?(): Promise<void>;
  /** How far it is, for the heartbeat. Asked after each poll; left out where nobody can tell. */
  progress?(): Promise<OperationProgress | undefined>;
}

/** `running` is adopted and read until it is no longer, `done` is success, `absent` means that the request is still to be sent. */
export type Found = 'absent' | 'running' | 'done';

/** What the Web UI shows of an operation that runs. */
export interface OperationProgress {
  nodesDone: number;
  nodesTotal: number;
  /** The one that is being worked on. */
  node?: string;
}

/** What a heartbeat carries: nothing secret, for an operation's address is of no use without a token. */
interface Checkpoint extends Partial<OperationProgress> {
  sent: true;
  poller?: string;
  /** Seconds since the activity began, over all its attempts. */
  elapsed?: number;
}

const heartbeatEveryMs = 2_000;

/**
 * Sends a write whose operation may take minutes, exactly once over any number of worker deaths, and waits for its end.
 *
 * @throws ApplicationFailure whose type is Azure's error code. Source: AKS docs "Azure Resource Manager asynchronous operations".
 */
export async function longRunningOperation(operation: LongRunningOperation): Promise<void> {
  const { info } = Context.current();
  const checkpoint: Checkpoint = { ...(info.heartbeatDetails as Checkpoint | undefined), sent: true };
  const resumed = info.heartbeatDetails !== undefined || info.attempt > 1;
  await heartbeating(checkpoint, async (heartbeat) => {
    await run(operation, checkpoint, resumed, heartbeat);
    await operation.afterwards?.();
  });
}

/** Waits until whatever runs on a resource has ended, however it ends. */
export async function awaitOperation(find: LongRunningOperation['find']): Promise<void> {
  await keptAlive(() => adopt(find));
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
    const { error, response } = await polled(poller);
    if (error !== undefined) throw pollFailure(error, resourceId, response);
    if (!poller.isDone) await pauseAfter(response, startedAt);
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

async function run(
  operation: LongRunningOperation,
  checkpoint: Checkpoint,
  resumed: boolean,
  heartbeat: () => void,
): Promise<void> {
  const { resourceId, client } = operation;
  if (checkpoint.poller !== undefined)
    return pollUntilDone(operation, restoredPoller(client, checkpoint.poller), checkpoint);
  if (resumed && (await adopt(operation.find)) === 'done') return;
  await operation.prepare?.();
  // A poller is thenable, so it must not be returned from an async function by itself.
  const { poller } = await azureCall(resourceId, async () => {
    const sent = operation.send();
    if (!('submitted' in sent)) return { poller: undefined, answer: await sent };
    await sent.submitted();
    return { poller: sent };
  });
  if (!poller) return;
  checkpoint.poller = await poller.serialize();
  heartbeat();
  return pollUntilDone(operation, poller, checkpoint);
}

/** Reads the resource until whatever runs on it has ended. */
async function adopt(find: LongRunningOperation['find']): Promise<Exclude<Found, 'running'>> {
  const startedAt = now();
  for (;;) {
    const found = await find();
    if (found !== 'running') return found;
    await pause(adaptiveDelayMs(now() - startedAt));
  }
}

async function pollUntilDone(
  { resourceId, find, progress }: LongRunningOperation,
  poller: Poller<unknown>,
  checkpoint: Checkpoint,
): Promise<void> {
  const startedAt = now();
  while (!poller.isDone) {
    const { error, response } = await polled(poller);
    if (error !== undefined) {
      const operationFailed = response !== undefined && response.status < 400;
      // What failed is not to be resumed by the next attempt.
      if (operationFailed) delete checkpoint.poller;
      const operationForgotten = response?.status === 404;
      // The resource has the last word: a cluster can report Failed while the service goes on and succeeds
      // (Azure/AKS#1972), and operations are forgotten some time after their end.
      if (operationForgotten && (await adopt(find)) === 'done') return;
      if (operationFailed && (await find()) === 'done') return;
      throw pollFailure(error, resourceId, response);
    }
    if (poller.isDone) return;
    Object.assign(checkpoint, await progress?.());
    await pauseAfter(response, startedAt);
  }
}

/** Asks for the operation's state. The poller hides Azure's answer, so it is handed on, also where the poller throws. */
async function polled(poller: Poller<unknown>): Promise<{ response?: PipelineResponse; error?: unknown }> {
  const seen: { response?: PipelineResponse; error?: unknown } = {};
  const { cancellationSignal } = Context.current();
  try {
    await observed(
      () => poller.poll({ abortSignal: cancellationSignal }),
      (response) => {
        seen.response = response;
      },
    );
  } catch (error) {
    seen.error = error;
  }
  return seen;
}

/** Waits for as long as Azure asks for, or as is adequate to the time that has passed. */
const pauseAfter = (response: PipelineResponse | undefined, startedAt: number): Promise<void> =>
  pause((response && parseRetryAfter(response.headers)) ?? adaptiveDelayMs(now() - startedAt));

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
