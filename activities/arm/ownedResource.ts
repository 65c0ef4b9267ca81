import { type ApplicationFailure, activityInfo } from '@temporalio/activity';
import type { FailureCode } from '../../contract/errors.ts';
import { applicationFailure, isFailure, ownFailure, retryable } from '../../contract/failures.ts';
import { carriesMarks, type Marks, marksIn, markTags } from '../../resources/marks.ts';
import { isFailed, isFinal } from '../../resources/provisioningState.ts';
import { elapsedMs } from './clock.ts';
import { type ClientsOf, type Located, locate, type Service } from './connection.ts';
import { type Found, longRunningOperation } from './longRunningOperation.ts';
import type { Sent } from './poller.ts';

/** Facts that tell whose a resource is, and whether an operation runs on it. */
interface MarkedFacts {
  /** Left out: the resource cannot carry marks, as subnets and cache rules. */
  marks?: Marks;
  /** Left out: Azure answers writes at once, as those of identities and records. */
  provisioningState?: string;
}

/** A type of resource, with the ways to read and remove one by its ID. */
export interface ResourceType<S extends Service, Facts extends MarkedFacts> {
  /** For messages, such as `private endpoint`. */
  kind: string;
  service: S;
  read(clients: ClientsOf, id: string): Promise<Facts | undefined>;
  remove(resource: Located<S>): Sent;
}

/** A write of one resource, and a comparison with what Azure shows afterwards. */
interface Write<S extends Service, Facts> {
  send(resource: Located<S>): Sent;
  mismatches(seen: Facts): string[];
}

/** A resource that is to be deleted if it carries these marks. */
export interface MarkedResource {
  id: string;
  marks: Marks;
}

/** Time for ARM's regions to agree on a resource that was created or deleted. Until then some of them answer as before. */
const replicationLagMs = 2 * 60_000;

/** Pause between looks while regions disagree: as a rule they agree within seconds. */
export const replicationPause = '2 seconds';

/** Whether an activity may still see Azure as it was before the run's last steps. */
export const mayLag = (): boolean => elapsedMs() < replicationLagMs;

const parentNotFound: readonly FailureCode[] = [
  'ResourceGroupNotFound',
  'ParentResourceNotFound',
  'ResourceNotFound',
  'NotFound',
];

/**
 * Creates a resource that discovery did not see, and reads it back.
 *
 * @param request `marks`: marks that the resource gets. `retriedByOperator`: whether this run has tried before, in another
 * activity, so that a resource without marks may be this run's.
 * @throws ApplicationFailure `NotOwned` if somebody else has made the resource since discovery. It is then left as it is.
 * `ReadBackMismatch` if Azure shows something else than was asked.
 */
export async function createResource<S extends Service, Facts extends MarkedFacts>(
  clients: ClientsOf,
  type: ResourceType<S, Facts>,
  id: string,
  request: Write<S, Facts> & { marks?: Marks; retriedByOperator?: boolean },
): Promise<Facts> {
  const { marks = {}, retriedByOperator = false, mismatches } = request;
  const there = await type.read(clients, id);
  if (!there || isOurs(there, marks, retriedByOperator)) return writeResource(clients, type, id, request);
  // The end of an operation that an earlier run of the same workflow began may have come after discovery.
  const { [markTags.workflow]: workflow = '' } = marks;
  const byEarlierRun = there.marks && carriesMarks(there.marks, { [markTags.workflow]: workflow });
  if (byEarlierRun && mismatches(there).length === 0) return there;
  throw notOwned(type.kind, id);
}

/** Writes a resource, and reads it back. */
export async function writeResource<S extends Service, Facts extends MarkedFacts>(
  clients: ClientsOf,
  type: ResourceType<S, Facts>,
  id: string,
  { send, mismatches }: Write<S, Facts>,
): Promise<Facts> {
  const resource = locate(clients, type.service, id);
  const read = () => type.read(clients, id);
  try {
    await longRunningOperation({
      resourceId: id,
      client: resource.client,
      send: () => send(resource),
      async find(): Promise<Found> {
        const seen = await read();
        if (!seen) return 'absent';
        const state = stateOf(seen);
        if (!isFinal(state)) return 'running';
        return isFailed(state) || mismatches(seen).length > 0 ? 'absent' : 'done';
      },
    });
  } catch (error) {
    throw retriedWhileReplicating(error);
  }
  const seen = await read();
  if (!seen) throw readBackMismatch([`the ${type.kind} was written and is not there`], id);
  const found = mismatches(seen);
  if (found.length > 0) throw readBackMismatch(found, id);
  return seen;
}

/**
 * Deletes a resource that carries these marks. Succeeds if the resource is absent.
 *
 * @param holdsForeign IDs of other people's resources that would go with it.
 * @throws ApplicationFailure `NotOwned`; the resource is then left as it is.
 */
export async function deleteResource<S extends Service, Facts extends MarkedFacts>(
  clients: ClientsOf,
  { kind, service, read, remove }: ResourceType<S, Facts>,
  { id, marks }: MarkedResource,
  holdsForeign: (seen: Facts) => string[] | Promise<string[]> = () => [],
): Promise<void> {
  const seen = await read(clients, id);
  if (!seen) return;
  if (seen.marks) refuseForeign(kind, id, seen.marks, marks);
  const foreign = await holdsForeign(seen);
  if (foreign.length > 0) {
    const message = `This ${kind} holds what somebody else has created: ${foreign.join(', ')} (${id})`;
    throw ownFailure('NotOwned', message, id);
  }
  const resource = locate(clients, service, id);
  await longRunningOperation({
    resourceId: id,
    client: resource.client,
    send: () => remove(resource),
    async find(): Promise<Found> {
      const now = await read(clients, id);
      if (!now) return 'done';
      return stateOf(now) === 'Deleting' ? 'running' : 'absent';
    },
  });
  if (await read(clients, id)) throw readBackMismatch([`the ${kind} was deleted and is still there`], id);
}

/** @throws ApplicationFailure `NotOwned` unless a resource carries these marks. */
export function refuseForeign(kind: string, id: string, carried: Marks, marks: Marks): void {
  if (!carriesMarks(carried, marks)) throw notOwned(kind, id);
}

/** A resource without marks is taken for this run's only if an earlier attempt may have made it. */
const isOurs = ({ marks: carried }: MarkedFacts, marks: Marks, retriedByOperator: boolean): boolean =>
  carried ? carriesMarks(carried, marksIn(marks)) : retriedByOperator || activityInfo().attempt > 1;

const stateOf = ({ provisioningState = 'Succeeded' }: MarkedFacts): string => provisioningState;

/** The failure to throw where a parent is not found. It is retried while ARM's regions may not know the parent yet. */
export function retriedWhileReplicating(error: unknown): unknown {
  const failure = applicationFailure(error);
  if (!failure || !isFailure(error, ...parentNotFound) || !mayLag()) return error;
  return retryable(failure, replicationPause);
}

const notOwned = (kind: string, id: string): ApplicationFailure =>
  ownFailure('NotOwned', `This ${kind} was created by somebody else (${id})`, id);

export const readBackMismatch = (mismatches: readonly string[], id: string): ApplicationFailure =>
  ownFailure('ReadBackMismatch', `${mismatches.join('; ')} (${id})`, id);
