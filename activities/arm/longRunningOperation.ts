import type { PipelineResponse } from '@azure/core-rest-pipeline';
import type { ApplicationFailure } from '@temporalio/activity';
import { azureFailure, ownFailure } from '../../contract/failures.ts';
import { shortened } from '../../contract/shortened.ts';
import { parseResourceId } from '../../resources/ids.ts';
import { kindOfWrite, type OperationKind } from '../../resources/operations.ts';
import {
  checkpoint,
  type FailedOperation,
  heartbeat,
  lastsTooLong,
  type OperationProgress,
  recorded,
} from './checkpoint.ts';
import { adaptiveDelayMs, elapsedMs, now, pause } from './clock.ts';
import type { AzureClients, Service } from './connection.ts';
import {
  correlation,
  errorText,
  isPassingConflict,
  parseErrorBody,
  sectionOn,
  toApplicationFailure,
} from './errors.ts';
import { forgottenBy, hidesItsOperation, polled, shows, withFirstAnswer } from './operationAnswers.ts';
import { expectedMs, learn, pauseBefore, type Wait, watched } from './operationTimes.ts';
import { type Poller, packedState, restoredPoller, type Sent } from './poller.ts';
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
  /** Whether nothing of the resource was there before: if {@link find} says `done`, the operation has ended. Default: false. */
  isNew?: boolean;
  /** Work right after the operation, while the activity still heartbeats. */
  afterwards?(): Promise<void>;
  /** How long it takes is learnt by kind. Default: that of a write of its type. */
  kind?: OperationKind;
  /** The duration depends on it beside the kind: the number of nodes, for example. */
  size?: string;
  /** Progress for the heartbeat. Called after a poll, once in half a minute. */
  progress?(): Promise<OperationProgress | undefined>;
}

/** `running`: wait for that operation. `done`: it has succeeded. `absent`: the request is still to be sent. */
export type Found = 'absent' | 'running' | 'done';

/**
 * Sends a write, over any number of worker deaths never again without a look at what came of it, and waits for the end of its
 * operation.
 *
 * @returns Azure's answer to the read of the resource after the end, where the client has read it.
 * @throws ApplicationFailure whose type is Azure's error code. Source: AKS docs "Azure Resource Manager asynchronous operations".
 */
export async function longRunningOperation(operation: LongRunningOperation): Promise<PipelineResponse | undefined> {
  const answer = await run(operation);
  await operation.afterwards?.();
  return answer;
}

/** Waits for the end of the operation that runs on a resource. */
export async function awaitOperation(operation: Pick<LongRunningOperation, 'resourceId' | 'find'>): Promise<void> {
  await adopt(operation);
}

/**
 * Runs a command and waits for its end. After a crash it is sent again, so it must leave nothing behind.
 *
 * @param what Commands of the same name take about as long.
 * @param boundMs How long its end is waited for.
 * @throws ApplicationFailure `OperationTimedOut`; `NotShown` where Azure has taken the request and does not know its operation.
 */
export async function repeatableCommand<T>(
  resourceId: string,
  { what, boundMs }: { what: string; boundMs: number },
  start: () => Poller<T>,
): Promise<T | undefined> {
  const { poller, first } = await withFirstAnswer(resourceId, async () => {
    const started = start();
    await started.submitted();
    return { poller: started };
  });
  // It has waited for its token before that.
  const startedAt = now();
  const wait: Wait = { kind: 'command', size: what, startedAt, isScarce: true };
  if (!poller.isDone) await pauseBefore(wait, first);
  while (!poller.isDone) {
    const { error, response, tookMs } = await polled(poller);
    if (error !== undefined) {
      const forgotten = forgottenBy(error, response);
      if (forgotten && hidesResult(forgotten)) throw notShown(resourceId, saidIn(forgotten));
      if (!response || response.status >= 400) throw toApplicationFailure(error, resourceId, response);
      throw operationFailure(failedOperation(error, response), resourceId);
    }
    if (poller.isDone) learn(wait, tookMs);
    else if (now() - startedAt > boundMs) {
      const minutes = Math.round(boundMs / 60_000);
      throw ownFailure('OperationTimedOut', `It has not ended within ${minutes} minutes`, resourceId);
    }
    if (!poller.isDone) await pauseBefore(wait, response);
  }
  return poller.result;
}

async function run(operation: LongRunningOperation): Promise<PipelineResponse | undefined> {
  const { resourceId, client } = operation;
  const record = checkpoint();
  if (record.failed) {
    await unlessDone(operation, record.failed);
    return undefined;
  }
  if (record.poller !== undefined) return pollUntilDone(operation, restoredPoller(client, record.poller), 'resumed');
  if (record.sent && (await isDone(operation))) return undefined;
  await operation.prepare?.();
  const { poller, first } = await recorded(() =>
    withFirstAnswer(resourceId, async () => {
      const sent = operation.send();
      if (!('submitted' in sent)) return { poller: undefined, answer: await sent };
      await sent.submitted();
      return { poller: sent };
    }),
  );
  if (!poller) return first && shows(resourceId, first) ? first : undefined;
  if (poller.isDone && first && hidesItsOperation(first)) {
    await adopt(operation);
    return undefined;
  }
  record.poller = await packedState(poller);
  record.begunAfter = Math.round(elapsedMs() / 100) / 10;
  heartbeat();
  return pollUntilDone(operation, poller, first);
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

function pollUntilDone(
  operation: LongRunningOperation,
  poller: Poller<unknown>,
  first: PipelineResponse | 'resumed' | undefined,
): Promise<PipelineResponse | undefined> {
  const { resourceId, progress, kind = kindOfWrite(parseResourceId(resourceId)?.type ?? ''), size } = operation;
  const startedAt = now() - elapsedMs() + 1_000 * (checkpoint().begunAfter ?? 0);
  return watched({ kind, size, startedAt, isShown: progress !== undefined }, (wait) =>
    endOf(operation, { poller, first, wait }),
  );
}

interface Watch {
  poller: Poller<unknown>;
  first: PipelineResponse | 'resumed' | undefined;
  wait: Wait;
}

async function endOf(
  operation: LongRunningOperation,
  { poller, first, wait }: Watch,
): Promise<PipelineResponse | undefined> {
  const { resourceId, progress } = operation;
  const record = checkpoint();
  let shownAt = Number.NEGATIVE_INFINITY;
  if (!poller.isDone && first !== 'resumed') {
    await pauseBefore(wait, first);
    if (await endIsSeen(operation, wait)) {
      learn(wait, undefined);
      return undefined;
    }
  }
  while (!poller.isDone) {
    const { error, response, tookMs } = await polled(poller);
    if (error !== undefined) {
      const operationFailed = response !== undefined && response.status < 400;
      if (operationFailed) {
        await unlessDone(operation, failedOperation(error, response));
        return undefined;
      }
      const forgotten = forgottenBy(error, response);
      // Operations are forgotten some time after their end, and their signed addresses age. The resource has the last word.
      if (forgotten && (await isDone(operation))) return undefined;
      if (forgotten && forgotten === response) throw notShown(resourceId, saidIn(forgotten));
      throw toApplicationFailure(error, resourceId, response);
    }
    if (poller.isDone) {
      learn(wait, tookMs);
      return response && shows(resourceId, response) ? response : undefined;
    }
    refuseIfEndless(resourceId);
    if (now() - shownAt >= showEveryMs) {
      shownAt = now();
      Object.assign(record, await progress?.());
      if (progress) heartbeat();
    }
    await pauseBefore(wait, response);
  }
  return undefined;
}

/**
 * Whether what is new is there as wanted, at the expected end of its creation. One read then is what a poll and a read-back are
 * together. Where it does not show the end, the operation is asked.
 */
async function endIsSeen({ isNew = false, find }: LongRunningOperation, wait: Wait): Promise<boolean> {
  const usualMs = expectedMs(wait);
  const isExpected = usualMs !== undefined && now() - wait.startedAt >= usualMs;
  if (!isNew || !isExpected) return false;
  if ((await find()) === 'done') return true;
  await pauseBefore(wait, undefined);
  return false;
}

/** Progress takes requests of its own, and people look at it now and then. */
const showEveryMs = 30_000;

/** Whether the address of a command has aged. Other answers there tell how it ended, or that the worker may not look. */
const hidesResult = (answer: PipelineResponse): boolean =>
  answer.status === 404 ||
  ([401, 403].includes(answer.status) && !/AuthorizationFailed$|AuthenticationToken/.test(saidIn(answer)));

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

const saidIn = ({ bodyAsText, status }: PipelineResponse): string =>
  parseErrorBody(bodyAsText)?.code ?? `HTTP ${status}`;

/**
 * Azure took a request, and shows neither its operation nor what came of it.
 *
 * @param code Azure's answer at the operation's address.
 */
export function notShown(id: string, code?: string): ApplicationFailure {
  const asked = code === undefined ? '' : `; at the address of its operation it says ${code}`;
  return ownFailure('NotShown', `Azure took the request, and does not show what came of it${asked} (${id})`, id);
}

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
