import type { ApplicationFailure } from '@temporalio/activity';
import type { FailureCode } from '../../contract/errors.ts';
import { applicationFailure, isFailure, ownFailure, retryable } from '../../contract/failures.ts';
import type { BusyPolicy } from '../../resources/operations.ts';
import { checkpoint, heartbeat } from './checkpoint.ts';
import { adaptiveDelayMs, elapsedMs, pause } from './clock.ts';
import { azureCall, httpStatus } from './errors.ts';
import type { Poller } from './poller.ts';

export type Occupation<T> = { idle: T } | { busy: string; abort(): Poller<unknown> };

/**
 * Waits until no operation runs on a resource. Aborts the first one that it finds, if the policy says so. Wait and abort are on
 * record: the next attempt goes on with them. An operation may end before its abort arrives: a refusal counts while one still runs.
 *
 * @throws ApplicationFailure `OperationInProgress` after the policy's minutes; why Azure does not abort what runs.
 */
export async function untilIdle<T>(
  busyPolicy: BusyPolicy,
  resourceId: string,
  look: () => Promise<Occupation<T>>,
): Promise<T> {
  const record = checkpoint();
  let refusal: ApplicationFailure | undefined;
  for (;;) {
    const lookedAtMs = elapsedMs();
    const seen = await look();
    if ('idle' in seen) {
      delete record.busySinceMs;
      return seen.idle;
    }
    if (refusal && !hasEnded(refusal)) throw refusal;
    record.busySinceMs ??= lookedAtMs;
    const waitedMs = elapsedMs() - record.busySinceMs;
    if (waitedMs > busyPolicy.minutes * 60_000) throw stillBusy(busyPolicy, seen.busy, resourceId);
    if (busyPolicy.abort && !record.aborted) {
      record.aborted = true;
      heartbeat();
      refusal = await refusalOf(() => azureCall(resourceId, () => seen.abort().submitted()));
      // Nothing was aborted: another operation that is found later may be.
      if (refusal) delete record.aborted;
    }
    await pause(adaptiveDelayMs(waitedMs));
  }
}

/** Azure's word for an operation that ends before its abort. Source: Azure REST API, "Managed Clusters - Abort Latest Operation" (2026-11-27). */
const hasEnded = (refusal: ApplicationFailure): boolean => httpStatus(refusal) === 409;

/** @returns why Azure does not abort; `undefined` where it does. A failure that may pass is thrown. */
async function refusalOf(abort: () => Promise<void>): Promise<ApplicationFailure | undefined> {
  try {
    await abort();
    return undefined;
  } catch (error) {
    const failure = applicationFailure(error);
    if (failure && (failure.nonRetryable || hasEnded(failure))) return failure;
    throw error;
  }
}

/** Codes with which Azure refuses a write because the resource has changed since it was read, or is changing. */
const conflicts: readonly FailureCode[] = [
  'OperationNotAllowed',
  'EtagMismatch',
  'PreconditionFailed',
  'AKSOperationPreempted',
];

/**
 * Lets a write that met somebody else's operation be tried again, from a fresh read. AKS, for example, works on add-ons
 * right after a cluster has become Succeeded (Azure/telescope#1213).
 *
 * @throws ApplicationFailure `OperationInProgress` after the policy's minutes, otherwise the error of the write.
 */
export async function retryWhileBusy(
  busyPolicy: BusyPolicy,
  resourceId: string,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    const failure = applicationFailure(error);
    if (!failure || !isFailure(error, ...conflicts)) throw error;
    // OperationNotAllowed also stands for quota and for a wrong power state, which do not pass.
    const passes = !failure.nonRetryable || !isFailure(error, 'OperationNotAllowed');
    if (!passes) throw error;
    if (elapsedMs() > busyPolicy.minutes * 60_000) {
      throw stillBusy(busyPolicy, failure.message, resourceId);
    }
    throw retryable(failure);
  }
}

const stillBusy = ({ minutes }: BusyPolicy, what: string, resourceId: string): ApplicationFailure =>
  ownFailure('OperationInProgress', `Still busy after ${minutes} min: ${what} (${resourceId})`, resourceId);
