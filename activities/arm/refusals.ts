import type { ApplicationFailure } from '@temporalio/activity';
import { ownFailure } from '../../contract/failures.ts';
import { listedInShort } from '../../resources/entries.ts';
import { carriesMarks, type Marks } from '../../resources/marks.ts';
import { type Users, unknownUsers } from '../../resources/users.ts';

/** @throws ApplicationFailure `NotOwned` unless a resource carries these marks. */
export function refuseForeign(kind: string, id: string, carried: Marks, marks: Marks): void {
  if (!carriesMarks(carried, marks)) throw notOwned(kind, id);
}

/** @throws ApplicationFailure `InUse` if anybody uses a resource that is to be deleted. */
export function refuseUsed(kind: string, id: string, users: readonly string[]): void {
  if (users.length > 0) throw ownFailure('InUse', `This ${kind} is in use: ${listedInShort(users)} (${id})`, id);
}

/**
 * Where nobody can tell who uses a resource, one that has stood for long stays. Those that a run takes back are minutes old, and other
 * runs of this product leave a mark on what they use.
 *
 * @throws ApplicationFailure `InUse`.
 */
export function refuseUnchecked(kind: string, id: string, users: Users): void {
  const why = unknownUsers(users);
  if (why !== undefined) throw ownFailure('InUse', `Nobody can tell who uses this ${kind}: ${why} (${id})`, id);
}

/** Passes by itself: the retry policy is the wait. */
export const beingMade = (kind: string, id: string): ApplicationFailure =>
  ownFailure('OperationInProgress', `Somebody else is creating this ${kind} (${id})`, id, { retryable: true });

export const notOwned = (kind: string, id: string): ApplicationFailure =>
  ownFailure('NotOwned', `This ${kind} was created by somebody else (${id})`, id);

export const changedSince = (kind: string, id: string): ApplicationFailure =>
  ownFailure('ChangedSince', `Somebody has changed this ${kind} since the run wrote it (${id})`, id);

export const readBackMismatch = (mismatches: readonly string[], id: string): ApplicationFailure =>
  ownFailure('ReadBackMismatch', `${mismatches.join('; ')} (${id})`, id);
