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
  /** The client that sends the request. It also resumes the operation of a killed worker. */
  client: AzureClients[Service];
  /** Waits until the request can be sent, for example for the end of other operations. Not called once it was sent. */
  prepare?(): Promise<void>;
  /** Sends the request. Called at most once, unless {@link find} says that nothing of it arrived. */
  send(): Sent;
  /** Reads the resource where the request may have been sent but its answer was lost. */
  find(): Promise<Found>;
  /** Work right after the operation, while the activity still heartbeats. */
  afterwards?(): Promise<void>;
  /** Progress for the heartbeat. Called after each poll. */
  progress?(): Promise<OperationProgress | undefined>;
}

/** `running`: wait for that operation. `done`: it has succeeded. `absent`: the request is still to be sent. */
export type Found = 'absent' | 'running' | 'done';

/** Progress of an operation, as the Web UI shows it. */
export interface OperationProgress {
  nodesDone: number;
  nodesTotal: number;
  /** The node that is being reimaged. */
  node?: string;
}

/** Details of a heartbeat. They hold no secret, for an operation's address is of no use without a token. */
interface Checkpoint extends Partial<OperationProgress> {
  sent: true;
  poller?: string;
  /** Seconds since the activity began, over all its attempts. */
  elapsed?: number;
}

/** A fifth of the heartbeat timeout: a busy worker that sends some of them late is not taken for dead. */
const heartbeatEveryMs = 2_000;

/**
 * Sends a write exactly once, over any number of worker deaths, and waits for the end of its operation.
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

/** Waits for the end of the operation that runs on a resource. */
export async function awaitOperation(find: LongRunningOperation['find']): Promise<void> {
  await keptAlive(() => adopt(find));
}

/** Heartbeats during work that is simply done again after a crash. */
export const keptAlive = <T>(work: () => Promise<T>): Promise<T> => heartbeating({ sent: true }, work);

/** The same activities with heartbeats, for those that have no operation to resume. */
export const allKeptAlive = <A extends Record<string, (...given: never[]) => Promise<unknown>>>(activities: A): A =>
  Object.fromEntries(
    Object.entries(activities).map(([name, act]) => [name, (...given: never[]) => keptAlive(() => act(...given))]),
  ) as A;

/** Sends a request and waits for the end of its operation. After a crash it is sent again, so it must leave nothing behind. */
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
    // The Web UI shows only a few lines, so progress comes first.
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

/** Reads the resource until no operation runs on it. */
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
      // The next attempt must not resume an operation that has failed.
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

/** Waits for as long as Azure asks, or else in proportion to the time that has passed. */
const pauseAfter = (response: PipelineResponse | undefined, startedAt: number): Promise<void> =>
  pause((response && parseRetryAfter(response.headers)) ?? adaptiveDelayMs(now() - startedAt));

/** Maps the failure of a poll. If the operation itself has failed, the answer is 200 and holds the error. */
function pollFailure(error: unknown, resourceId: string, response: PipelineResponse | undefined): Error {
  if (!response || response.status >= 400) return toApplicationFailure(error, resourceId, response);
  const said = parseErrorBody(response.bodyAsText) ?? { code: 'OperationFailed', message: String(error) };
  return azureFailure(said.code, `${said.message} (${resourceId})`, resourceId, {
    whatToDo: adviceOn(said),
    ...correlation(response),
    retryable: isPassingConflict(said.code),
  });
}

/**
 * A twentieth of the time waited so far, so that the end is noticed within 5 %. At least 100 ms, about what a request takes.
 * At most 15 s, for ARM itself asks for 10 s (registries) to 30 s (clusters).
 */
export const adaptiveDelayMs = (elapsedMs: number): number => Math.min(15_000, Math.max(100, elapsedMs / 20));

/**
 * The failure of an activity that was paused or reset, or whose worker shuts down. Reported as a cancellation, the server
 * would refuse it, and the activity would hang until its heartbeat times out.
 */
function interruption(context: Context, error: unknown): Error | undefined {
  if (!(error instanceof Error) || error.name !== 'AbortError') return undefined;
  const { cancelRequested, paused, reset, workerShutdown } = context.cancellationDetails ?? {};
  if (!cancelRequested && (paused || reset || workerShutdown)) {
    return ApplicationFailure.retryable('The activity was interrupted and goes on elsewhere', 'Interrupted');
  }
  return undefined;
}
