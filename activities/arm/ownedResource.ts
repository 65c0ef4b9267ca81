import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { activityInfo } from '@temporalio/activity';
import { applicationFailure, isFailure, ownFailure, retryable } from '../../contract/failures.ts';
import { parseResourceId } from '../../resources/ids.ts';
import {
  carriesMarks,
  hasSecondMark,
  isOfAnotherCluster,
  type Marks,
  markedUsers,
  markTags,
  ownMarks,
} from '../../resources/marks.ts';
import { kindOfDeletion } from '../../resources/operations.ts';
import { isFailed, isFinal } from '../../resources/provisioningState.ts';
import { nobody, type Users } from '../../resources/users.ts';
import { checkpoint } from './checkpoint.ts';
import { type ClientsOf, type Located, locate, type Service } from './connection.ts';
import { type Found, type LongRunningOperation, longRunningOperation, notShown } from './longRunningOperation.ts';
import type { Sent } from './poller.ts';
import {
  beingMade,
  changedSince,
  notOwned,
  readBackMismatch,
  refuseForeign,
  refuseUnchecked,
  refuseUsed,
} from './refusals.ts';
import { removed } from './removed.ts';
import { onceReplicated, readOnceSent, replicationPause, retriedWhileReplicating } from './replication.ts';
import { leaveSecondMark, tagsOn, takeSecondMarkOff, unlessForbidden } from './secondMarks.ts';
import { answeredOnce } from './sharedReads.ts';

/** Facts that tell whose a resource is, and whether an operation runs on it. */
export interface MarkedFacts {
  /** Left out: the resource cannot carry marks, as subnets and cache rules. */
  marks?: Marks;
  /** Left out: Azure answers writes at once, as those of identities and records. */
  provisioningState?: string;
  /** Left out: the service deletes whatever is there. */
  etag?: string | undefined;
}

/** A type of resource, with the ways to read and remove one by its ID. */
export interface ResourceType<S extends Service, Facts extends MarkedFacts> {
  /** For messages, such as `private endpoint`. */
  kind: string;
  service: S;
  read(clients: ClientsOf, id: string): Promise<Facts | undefined>;
  /** Whether Azure's service refuses to make one that is there, if the request says so. Default: false. */
  takesConditions?: true;
  /** @param conditions Given where the resource has an ETag: what somebody has changed since it was read stays. */
  remove(resource: Located<S>, conditions: { ifMatch?: string }): Sent;
}

export type WriteConditions = { ifNoneMatch: '*' } | { ifMatch: string };

/** A write of one resource, and a comparison with what Azure shows afterwards. */
interface Write<S extends Service, Facts> {
  /**
   * @param conditions For those of Azure's services that take them: it is not there, or it is still what was read.
   * @param found Tags of one that is there: others may have put theirs beside the run's.
   */
  send(resource: Located<S>, conditions?: WriteConditions, found?: Record<string, string>): Sent;
  mismatches(seen: Facts): string[];
  /** Whether nothing of it was there before. Default: false. */
  isNew?: boolean;
}

/** A resource that is to be deleted if it carries these marks. */
export interface MarkedResource {
  id: string;
  marks: Marks;
  /** Whether this run may have made it, so that it may be there where a read does not show it. Default: false. */
  ofThisRun?: boolean;
}

/** A resource that somebody else has made as wanted since discovery. It serves, and undo leaves it. */
export interface MaybeAdopted {
  adopted?: true;
}

/** The outcome of a deletion that found nothing to delete. Undo tells whether that is good news: Azure may show a resource late. */
export interface MaybeUnseen {
  unseen?: true;
}

/** The result of a write that has none of its own. */
export const adoption = ({ adopted }: MaybeAdopted): MaybeAdopted | undefined => (adopted ? { adopted } : undefined);

interface Creation<S extends Service, Facts> extends Write<S, Facts> {
  /** Marks that the resource gets. */
  marks?: Marks;
  /** Whether an earlier activity of this run may have made it, so that one without marks may be this run's. */
  mayBeOurs?: boolean;
  /** Whether somebody else's resource that is as wanted serves as well. Default: true. */
  adopts?: boolean;
}

/**
 * Creates a resource that discovery did not see, and reads it back.
 *
 * @throws ApplicationFailure `NotOwned` if somebody else has made the resource since discovery, and not as wanted. It is then
 * left as it is. `ReadBackMismatch` if Azure shows something else than was asked.
 */
export async function createResource<S extends Service, Facts extends MarkedFacts>(
  clients: ClientsOf,
  type: ResourceType<S, Facts>,
  id: string,
  creation: Creation<S, Facts>,
): Promise<Facts & MaybeAdopted> {
  const { marks = {}, mayBeOurs = false, adopts = true, mismatches } = creation;
  const create = () => {
    const send = (resource: Located<S>) => creation.send(resource, { ifNoneMatch: '*' });
    return writeResource(clients, type, id, { send, mismatches, isNew: true });
  };
  if (isRefusedIfThere(type, mayBeOurs)) {
    try {
      return await create();
    } catch (error) {
      if (!isFailure(error, 'PreconditionFailed')) throw error;
    }
  }
  const there = await readOnceSent(() => type.read(clients, id));
  if (!there) return create();
  const maybeSent = mayBeOurs || checkpoint().sent;
  const isOurs = there.marks ? carriesMarks(there.marks, ownMarks(marks)) : maybeSent;
  const isAsWanted = !isFailed(stateOf(there)) && mismatches(there).length === 0;
  if (isOurs && isAsWanted && isFinal(stateOf(there))) return there;
  if (isOurs) {
    const { etag } = there;
    const conditions = etag === undefined ? undefined : { ifMatch: etag };
    const found = there.marks && (await tagsOn(clients, id));
    const send = (resource: Located<S>) => creation.send(resource, conditions, found);
    return writeResource(clients, type, id, { ...creation, send });
  }
  // The end of an operation that an earlier run of the same workflow began may have come after discovery.
  const { [markTags.workflow]: workflow = '' } = marks;
  const byEarlierRun = there.marks && carriesMarks(there.marks, { [markTags.workflow]: workflow });
  if (!isAsWanted || !(adopts || byEarlierRun)) throw notOwned(type.kind, id);
  // A policy may have stripped the marks of what this run has sent.
  if (maybeSent) return there;
  if (!isFinal(stateOf(there))) throw beingMade(type.kind, id);
  return { ...there, ...(await adopt(clients, id, there.marks, marks)) };
}

/**
 * Whether the request itself finds out that the resource is there, which discovery did not see: Azure then refuses it.
 */
function isRefusedIfThere<S extends Service, Facts extends MarkedFacts>(
  { takesConditions }: ResourceType<S, Facts>,
  mayBeOurs: boolean,
): boolean {
  return takesConditions === true && !mayBeOurs && activityInfo().attempt === 1;
}

/** A resource that another run of this product has made meanwhile gets the mark of its second user, which undo takes off. */
export async function adopt(
  clients: ClientsOf,
  id: string,
  carried: Marks = {},
  marks: Marks = {},
): Promise<MaybeAdopted> {
  const isMarked =
    isOfAnotherCluster(carried, marks) && (await unlessForbidden(() => leaveSecondMark(clients, id, marks)));
  return isMarked ? {} : { adopted: true };
}

/** Writes a resource, and reads it back. */
export async function writeResource<S extends Service, Facts extends MarkedFacts>(
  clients: ClientsOf,
  type: ResourceType<S, Facts>,
  id: string,
  { send, mismatches, isNew = false }: Write<S, Facts>,
): Promise<Facts> {
  const resource = locate(clients, type.service, id);
  const read = () => type.read(clients, id);
  let answer: PipelineResponse | undefined;
  let made: Facts | undefined;
  try {
    answer = await longRunningOperation({
      resourceId: id,
      client: resource.client,
      send: () => send(resource),
      async find(): Promise<Found> {
        const seen = await read();
        if (!seen) return 'absent';
        const state = stateOf(seen);
        if (!isFinal(state)) return 'running';
        if (isFailed(state) || mismatches(seen).length > 0) return 'absent';
        made = seen;
        return 'done';
      },
      isNew,
    });
  } catch (error) {
    return retriedAfterRace(error);
  }
  // The look for its end has read it back.
  if (made) return made;
  // The client has read it right after the end of the operation.
  const readBack = answeredOnce(answer, read);
  const seen = await onceReplicated(readBack, (each) => each !== undefined && mismatches(each).length === 0);
  if (!seen) throw notShown(id);
  const found = mismatches(seen);
  if (found.length > 0) throw readBackMismatch(found, id);
  return seen;
}

/** Reasons to leave a resource that carries the marks, or can carry none. */
interface Reservations<Facts> {
  /** IDs of other people's resources that would go with it. */
  holdsForeign?(seen: Facts): string[] | Promise<string[]>;
  /** Whether it is still as this run wrote it. */
  isAsWritten?(seen: Facts): boolean;
  /** Who uses it beside the cluster that it was made for. Asked last, for whoever begins to use it meanwhile is not seen. */
  usersOf?(): Promise<Users>;
}

/**
 * Deletes a resource that carries these marks. Succeeds if the resource is absent. Takes the second mark off one that the run only
 * uses, and leaves it.
 *
 * @throws ApplicationFailure `NotOwned` or `ChangedSince`; the resource is then left as it is.
 */
export async function deleteResource<S extends Service, Facts extends MarkedFacts>(
  clients: ClientsOf,
  { kind, service, read, remove }: ResourceType<S, Facts>,
  { id, marks, ofThisRun = false }: MarkedResource,
  { holdsForeign, isAsWritten, usersOf }: Reservations<Facts> = {},
): Promise<MaybeUnseen | undefined> {
  const refuseOthers = async (shown: Facts): Promise<void> => {
    if (shown.marks) refuseForeign(kind, id, shown.marks, marks);
    if (isAsWritten && !isAsWritten(shown)) throw changedSince(kind, id);
    const foreign = (await holdsForeign?.(shown)) ?? [];
    if (foreign.length === 0) return;
    const message = `This ${kind} holds what somebody else has created: ${foreign.join(', ')} (${id})`;
    throw ownFailure('NotOwned', message, id);
  };
  // A region that does not know yet what this run has made answers that it is not there.
  const seen = await onceReplicated(
    () => read(clients, id),
    (each) => each !== undefined || !ofThisRun,
  );
  if (!seen) return ofThisRun ? { unseen: true } : undefined;
  if (seen.marks && !carriesMarks(seen.marks, marks) && hasSecondMark(seen.marks, marks)) {
    await takeSecondMarkOff(clients, id, marks);
    return undefined;
  }
  await refuseOthers(seen);
  let { etag } = seen;
  const recheck = async (): Promise<void> => {
    const now = await read(clients, id);
    if (!now) return;
    etag = now.etag;
    await refuseOthers(now);
    refuseUsed(kind, id, markedUsers(now.marks ?? {}, marks));
  };
  if (stateOf(seen) !== 'Deleting') {
    const found = (await usersOf?.()) ?? nobody;
    refuseUsed(kind, id, [...found.users, ...markedUsers(seen.marks ?? {}, marks)]);
    if (!ofThisRun) refuseUnchecked(kind, id, found);
    // Who uses it takes long to find out: somebody may have changed it meanwhile, taken the marks off, or left one of their own.
    if (usersOf || isAsWritten || holdsForeign) await recheck();
  }
  const resource = locate(clients, service, id);
  const deletion: LongRunningOperation = {
    resourceId: id,
    client: resource.client,
    kind: kindOfDeletion(parseResourceId(id)?.type ?? ''),
    send: () => remove(resource, etag === undefined ? {} : { ifMatch: etag }),
    async find(): Promise<Found> {
      const now = await read(clients, id);
      if (!now) return 'done';
      return stateOf(now) === 'Deleting' ? 'running' : 'absent';
    },
  };
  await removed(deletion, recheck).catch(retriedAfterRace);
  const left = await onceReplicated(
    () => read(clients, id),
    (each) => each === undefined,
  );
  if (left) throw readBackMismatch([`the ${kind} was deleted and is still there`], id);
  return undefined;
}

export const stateOf = ({ provisioningState = 'Succeeded' }: MarkedFacts): string => provisioningState;

/**
 * Lets a write be tried again from a fresh read where Azure refuses its condition: somebody was quicker, or a region did not know
 * of this run's own write. Decides nothing itself: the next attempt sees what is there, and decides anew.
 */
export function retriedAfterRace(error: unknown): never {
  const failure = isFailure(error, 'PreconditionFailed') ? applicationFailure(error) : undefined;
  throw failure ? retryable(failure, replicationPause) : retriedWhileReplicating(error);
}
