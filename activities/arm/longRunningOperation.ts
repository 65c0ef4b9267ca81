import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { type ApplicationFailure, Context } from '@temporalio/activity';
import { azureFailure, ownFailure } from '../../contract/failures.ts';
import { shortened } from '../../contract/shortened.ts';
import {
  checkpoint,
  type FailedOperation,
  heartbeat,
  lastsTooLong,
  type OperationProgress,
  recorded,
} from './checkpoint.ts';
import { adaptiveDelayMs, now, pause } from './clock.ts';
import { type AzureClients, observed, type Service } from './connection.ts';
import {
  azureCall,
  correlation,
  errorText,
  isPassingConflict,
  parseErrorBody,
  parseRetryAfter,
  sectionOn,
  toApplicationFailure,
} from './errors.ts';
import { type Poller, restoredPoller, type Sent } from './poller.ts';
import { onceReplicated } from './replication.ts';

export interface LongRunningOperation {
  resourceId: string;
  /** The client that sends the request. It also resumes the operation of a killed worker. */
  client: AzureClients[Service];
  /**
   * Waits until the request can be sent, for example for the end of other operations. Called once more where {@link find} says that
   * nothing of an earlier request arrived.
   */
  prepare?(): Promise<void>;
  /** Sends the request. Called at most once, unless {@link find} says that nothing of it arrived. */
  send(): Sent;
  /** Reads the resource where the request may have been sent but its answer was lost. */
  find(): Promise<Found>;
  /** Work right after the operation, while the activity still heartbeats. */
  afterwards?(): Promise<void>;
  /** Progress for the heartbeat. Called after a poll, twice a minute. */
  progress?(): Promise<OperationProgress | undefined>;
}

/** `running`: wait for that operation. `done`: it has succeeded. `absent`: the request is still to be sent. */
export type Found = 'absent' | 'running' | 'done';

/**
 * Sends a write, over any number of worker deaths never again without a look at what came of it, and waits for the end of its
 * operation.
 *
 * @throws ApplicationFailure whose type is Azure's error code. Source: AKS docs "Azure Resource Manager asynchronous operations".
 */
export async function longRunningOperation(operation: LongRunningOperation): Promise<void> {
  await run(operation);
  await operation.afterwards?.();
}

/** Waits for the end of the operation that runs on a resource. */
export async function awaitOperation(operation: Pick<LongRunningOperation, 'resourceId' | 'find'>): Promise<void> {
  await adopt(operation);
}

/**
 * Sends a request and waits for the end of its operation. After a crash it is sent again, so it must leave nothing behind.
 *
 * @param patienceMs How long its end is waited for.
 * @throws ApplicationFailure `OperationTimedOut`; `NotShown` where Azure has taken the request and does not know its operation.
 */
export async function repeatableOperation<T>(
  resourceId: string,
  patienceMs: number,
  start: () => Poller<T>,
): Promise<T | undefined> {
  const { poller } = await azureCall(resourceId, async () => {
    const started = start();
    await started.submitted();
    return { poller: started };
  });
  const rest = pace();
  const startedAt = now();
  while (!poller.isDone) {
    const { error, response } = await polled(poller);
    if (error !== undefined) {
      if (response?.status === 404) throw notShown(resourceId);
      if (!response || response.status >= 400) throw toApplicationFailure(error, resourceId, response);
      throw operationFailure(failedOperation(error, response), resourceId);
    }
    if (!poller.isDone && now() - startedAt > patienceMs) {
      const minutes = Math.round(patienceMs / 60_000);
      throw ownFailure('OperationTimedOut', `It has not ended within ${minutes} minutes`, resourceId);
    }
    if (!poller.isDone) await rest(response);
  }
  return poller.result;
}

async function run(operation: LongRunningOperation): Promise<void> {
  const { resourceId, client } = operation;
  const record = checkpoint();
  if (record.failed) return unlessDone(operation, record.failed);
  if (record.poller !== undefined) return pollUntilDone(operation, restoredPoller(client, record.poller));
  if (record.sent && (await isDone(operation))) return;
  await operation.prepare?.();
  // A poller is thenable, so it must not be returned from an async function by itself.
  const { poller } = await recorded(() =>
    azureCall(resourceId, async () => {
      const sent = operation.send();
      if (!('submitted' in sent)) return { poller: undefined, answer: await sent };
      await sent.submitted();
      return { poller: sent };
    }),
  );
  if (!poller) return;
  record.poller = await poller.serialize();
  heartbeat();
  return pollUntilDone(operation, poller);
}

/** Whether the resource shows what was asked for. A region of ARM may answer as before a request whose answer was lost. */
async function isDone(operation: Pick<LongRunningOperation, 'resourceId' | 'find'>): Promise<boolean> {
  const found = await onceReplicated(
    () => adopt(operation),
    (each) => each === 'done',
  );
  return found === 'done';
}

/** Reads the resource until no operation runs on it. */
async function adopt({
  resourceId,
  find,
}: Pick<LongRunningOperation, 'resourceId' | 'find'>): Promise<Exclude<Found, 'running'>> {
  const startedAt = now();
  for (;;) {
    const found = await find();
    if (found !== 'running') return found;
    refuseIfEndless(resourceId);
    await pause(adaptiveDelayMs(now() - startedAt));
  }
}

/**
 * Ends an operation that has lasted for two days, over all its attempts: each of them ends after one.
 *
 * @throws ApplicationFailure `OperationTimedOut`.
 */
function refuseIfEndless(resourceId: string): void {
  if (!lastsTooLong()) return;
  throw ownFailure('OperationTimedOut', `The operation has not ended within two days (${resourceId})`, resourceId);
}

/** Answers to the address of an operation that nobody can follow any more. How long its signature lasts is in no document. */
const forgottenStatuses: readonly number[] = [400, 401, 403, 404];

async function pollUntilDone(operation: LongRunningOperation, poller: Poller<unknown>): Promise<void> {
  const { resourceId, progress } = operation;
  const record = checkpoint();
  const rest = pace();
  let shownAt = Number.NEGATIVE_INFINITY;
  while (!poller.isDone) {
    const { error, response } = await polled(poller);
    if (error !== undefined) {
      const operationFailed = response !== undefined && response.status < 400;
      if (operationFailed) return unlessDone(operation, failedOperation(error, response));
      const operationForgotten = response !== undefined && forgottenStatuses.includes(response.status);
      // Operations are forgotten some time after their end, and their signed addresses age. The resource has the last word.
      if (operationForgotten && (await isDone(operation))) return;
      if (operationForgotten) throw notShown(resourceId);
      throw toApplicationFailure(error, resourceId, response);
    }
    if (poller.isDone) return;
    refuseIfEndless(resourceId);
    if (progress && now() - shownAt >= progressEveryMs) {
      shownAt = now();
      Object.assign(record, await progress());
    }
    await rest(response);
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

/** Azure's own clients ask as often where Azure does not say when (Azure/azure-sdk-for-js, sdk/core/core-lro, read 2026-11-27). */
const leastPollMs = 2_000;

/** The waits between the polls of an operation: as long as Azure asked last, or else in proportion to the time that has passed. */
function pace(): (response: PipelineResponse | undefined) => Promise<void> {
  const startedAt = now();
  let askedMs: number | undefined;
  return (response) => {
    askedMs = (response && parseRetryAfter(response.headers)) ?? askedMs;
    return pause(askedMs ?? Math.max(leastPollMs, adaptiveDelayMs(now() - startedAt)));
  };
}

/** How often progress is read: Azure shares its bounds on such reads with the cluster's own autoscaler. */
const progressEveryMs = 30_000;

/**
 * Throws the failure of an operation, unless its resource shows that it was done: a cluster can report Failed while the service
 * goes on and succeeds (Azure/AKS#1972).
 */
async function unlessDone({ resourceId, find }: LongRunningOperation, failed: FailedOperation): Promise<void> {
  const record = checkpoint();
  // Where the resource cannot be read, the next attempt must neither resume the operation nor send it again.
  delete record.poller;
  record.failed = failed;
  const found = await find();
  delete record.failed;
  if (found !== 'done') throw operationFailure(failed, resourceId);
}

/** Azure took a request, and shows neither its operation nor what came of it. */
export const notShown = (id: string): ApplicationFailure =>
  ownFailure('NotShown', `Azure took the request, and does not show what came of it (${id})`, id);

const operationFailure = ({ correlationId, ...said }: FailedOperation, resourceId: string): Error =>
  azureFailure(said.code, errorText(said, resourceId), resourceId, {
    section: sectionOn(said),
    ...(correlationId !== undefined && { correlationId }),
    retryable: isPassingConflict(said.code),
  });

/** Azure answers 200 where the operation itself has failed, and the answer holds the error. */
function failedOperation(error: unknown, response: PipelineResponse): FailedOperation {
  const said = parseErrorBody(response.bodyAsText) ?? { code: 'OperationFailed', message: String(error) };
  return { ...said, message: shortened(said.message, mostMessageBytes), ...correlation(response) };
}

/** It stands in every heartbeat. */
const mostMessageBytes = 4_000;
