import { isFailed, isFinal } from '../../resources/provisioningState.ts';
import { checkpoint } from './checkpoint.ts';
import { type ClientsOf, type Located, locate, type Service } from './connection.ts';
import { azureCall, azureRead } from './errors.ts';
import { type MarkedFacts, type ResourceType, stateOf, writeResource } from './ownedResource.ts';
import type { Sent } from './poller.ts';
import { changedSince } from './refusals.ts';
import { onceReplicated, retriedWhileReplicating } from './replication.ts';

/** A part of a resource that undo puts back, as Azure shows it now. */
export interface PutBackPart {
  /** Mismatches with what it was before the run. */
  before: readonly string[];
  /** Mismatches with what the run wrote. */
  written: readonly string[];
}

interface Update<S extends Service, Whole, Facts> {
  /** Reads the resource whole: what is not changed is sent as it is. */
  get(resource: Located<S>): Promise<Whole>;
  factsOf(whole: Whole): Facts;
  /** Sends the change, on the condition that nobody has changed the resource since it was read, where Azure takes one. */
  send(resource: Located<S>, whole: Whole): Sent;
  mismatches(seen: Facts): string[];
  /** For undo. Left out: the change is made whatever there is. */
  putBack?: ((seen: Facts) => PutBackPart[]) | undefined;
}

/**
 * Changes properties of a resource that is there, and reads it back.
 *
 * @returns `undefined` where undo finds it gone: then there is nothing to put back.
 * @throws ApplicationFailure `ChangedSince` where undo finds neither the old value nor what the run wrote.
 */
export async function updateResource<S extends Service, Whole, Facts extends MarkedFacts>(
  clients: ClientsOf,
  type: ResourceType<S, Facts>,
  id: string,
  { get, factsOf, send, mismatches, putBack }: Update<S, Whole, Facts>,
): Promise<Facts | undefined> {
  const resource = locate(clients, type.service, id);
  const read = () => azureRead(id, () => get(resource));
  const whole = putBack
    ? await onceReplicated(read, (each) => each !== undefined)
    : await azureCall(id, () => get(resource)).catch((error: unknown) => {
        throw retriedWhileReplicating(error);
      });
  if (whole === undefined) return undefined;
  const seen = factsOf(whole);
  // An operation of this run's may still be on its way to what Azure shows already.
  const isDone = putBack && !isToPutBack(type.kind, id, stateOf(seen), putBack(seen)) && !checkpoint().sent;
  if (isDone) return seen;
  return writeResource(clients, type, id, { send: (each) => send(each, whole), mismatches });
}

/**
 * Whether undo has anything to put back.
 *
 * @throws ApplicationFailure `ChangedSince` where a part is neither as it was nor as the run wrote it: it is somebody else's now.
 */
export function isToPutBack(kind: string, id: string, state: string, parts: readonly PutBackPart[]): boolean {
  if (parts.some(({ before, written }) => before.length > 0 && written.length > 0)) throw changedSince(kind, id);
  // An operation that failed may have changed the properties, and left the resource Failed.
  return !isFinal(state) || isFailed(state) || parts.some(({ before }) => before.length > 0);
}

/** The condition for a service whose clients have no option for it. A weak ETag is sent as it was read. */
export const ifMatch = (etag: string | undefined): { requestOptions?: { headers: { 'if-match': string } } } =>
  etag === undefined ? {} : { requestOptions: { headers: { 'if-match': etag } } };
