import { type ApplicationFailure, activityInfo } from '@temporalio/activity';
import type { FailureCode } from '../../contract/errors.ts';
import { failureOf, isFailure, ownFailure, retryable } from '../../contract/failures.ts';
import { carriesMarks, type Marks, marksIn, markTags } from '../../resources/marks.ts';
import { isFailed, isFinal } from '../../resources/provisioningState.ts';
import { elapsedMs } from './clock.ts';
import { azureCall } from './errors.ts';
import { type Found, keptAlive, longRunningOperation, type Poller } from './longRunningOperation.ts';

/** One resource: how it is read, and how its marks say whose it is. */
export interface ResourceReader<Facts> {
  id: string;
  /** For messages, such as `private endpoint`. */
  kind: string;
  read(): Promise<Facts | undefined>;
  /** Left out for what cannot carry marks: subnets and cache rules. */
  marksOf?(facts: Facts): Marks;
  /** Default: `Succeeded`, for what is written in one answer. */
  state?(facts: Facts): string;
}

/** A write: with an operation that takes time, or in one answer. */
export type ResourceWrite =
  | { start(): Poller<unknown>; restore(serialized: string): Poller<unknown> }
  | { send(): Promise<unknown> };

/** Until ARM's regions agree on a new resource, or on what was deleted, they are seen to answer as if it had not happened. */
const replicationLagMs = 2 * 60_000;

/** Whether what an activity sees may still be old. */
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
 * @throws ApplicationFailure `NotOwned` if somebody else has made it since discovery; it is then left as it is.
 * `ReadBackMismatch` if Azure shows something else than was asked.
 */
export async function createResource<Facts>(
  resource: ResourceReader<Facts> & {
    marks: Marks;
    /** Whether this run has tried before, in another activity. Default: false. */
    retriedByOperator?: boolean;
    write: ResourceWrite;
    differences(facts: Facts): string[];
  },
): Promise<Facts> {
  const there = await resource.read();
  if (!there || isOurs(resource, there)) return writeAndReadBack(resource);
  // What an earlier run of the same workflow began may have ended only now.
  const { [markTags.workflow]: workflow = '' } = resource.marks;
  const byEarlierRun = resource.marksOf && carriesMarks(resource.marksOf(there), { [markTags.workflow]: workflow });
  if (byEarlierRun && resource.differences(there).length === 0) return there;
  throw notOwned(resource);
}

/** Changes a resource that discovery saw, and reads it back. */
export const updateResource = <Facts>(
  resource: ResourceReader<Facts> & { write: ResourceWrite; differences(facts: Facts): string[] },
): Promise<Facts> => writeAndReadBack(resource);

/**
 * Deletes a resource that carries these marks; one that is gone is gone.
 *
 * @param resource `holdsForeign`: IDs of what is in it, would go with it, and is somebody else's.
 * @throws ApplicationFailure `NotOwned`; the resource is then left as it is.
 */
export async function deleteResource<Facts>(
  resource: ResourceReader<Facts> & {
    marks: Marks;
    write: ResourceWrite;
    holdsForeign?(facts: Facts): string[] | Promise<string[]>;
  },
): Promise<void> {
  const { id, kind, read, marksOf, marks, write } = resource;
  const seen = await read();
  if (!seen) return;
  if (marksOf && !carriesMarks(marksOf(seen), marks)) throw notOwned(resource);
  const foreign = (await resource.holdsForeign?.(seen)) ?? [];
  if (foreign.length > 0) {
    const message = `This ${kind} holds what somebody else has created: ${foreign.join(', ')} (${id})`;
    throw ownFailure('NotOwned', message, id);
  }
  await carryOut(resource, write, async () => {
    const now = await read();
    if (!now) return { state: 'done', result: undefined };
    return { state: stateOf(resource, now) === 'Deleting' ? 'running' : 'absent' };
  });
  if (await read()) throw mismatch(id, [`the ${kind} was deleted and is still there`]);
}

async function writeAndReadBack<Facts>(
  resource: ResourceReader<Facts> & { write: ResourceWrite; differences(facts: Facts): string[] },
): Promise<Facts> {
  const { id, kind, read, write, differences } = resource;
  try {
    await carryOut(resource, write, async () => {
      const seen = await read();
      if (!seen) return { state: 'absent' };
      const state = stateOf(resource, seen);
      if (!isFinal(state)) return { state: 'running' };
      if (isFailed(state) || differences(seen).length > 0) return { state: 'absent' };
      return { state: 'done', result: undefined };
    });
  } catch (error) {
    throw retriedWhileReplicating(error);
  }
  const seen = await read();
  if (!seen) throw mismatch(id, [`the ${kind} was written and is not there`]);
  const different = differences(seen);
  if (different.length > 0) throw mismatch(id, different);
  return seen;
}

async function carryOut<Facts>(
  { id }: ResourceReader<Facts>,
  write: ResourceWrite,
  find: () => Promise<Found<unknown>>,
): Promise<void> {
  if ('send' in write) {
    await keptAlive(async () => {
      // The answer to an earlier attempt may have been lost.
      if (activityInfo().attempt > 1 && (await find()).state === 'done') return;
      await azureCall(id, write.send);
    });
  } else await longRunningOperation({ resourceId: id, ...write, find });
}

/** Something without marks is ours only if an earlier attempt can have made it. */
function isOurs<Facts>(
  { marksOf, marks, retriedByOperator = false }: ResourceReader<Facts> & { marks: Marks; retriedByOperator?: boolean },
  seen: Facts,
): boolean {
  return marksOf ? carriesMarks(marksOf(seen), marksIn(marks)) : retriedByOperator || activityInfo().attempt > 1;
}

function stateOf<Facts>({ state }: ResourceReader<Facts>, facts: Facts): string {
  return state?.(facts) ?? 'Succeeded';
}

/** A failure that passes once ARM's regions agree; after two minutes it is believed. */
export function retriedWhileReplicating(error: unknown): unknown {
  const failure = failureOf(error);
  if (!failure || !isFailure(error, ...parentNotFound) || !mayLag()) return error;
  return retryable(failure, '2 seconds');
}

function notOwned<Facts>({ id, kind }: ResourceReader<Facts>): ApplicationFailure {
  return ownFailure('NotOwned', `This ${kind} was created by somebody else (${id})`, id);
}

function mismatch(id: string, differences: readonly string[]): ApplicationFailure {
  return ownFailure('ReadBackMismatch', `${differences.join('; ')} (${id})`, id);
}
