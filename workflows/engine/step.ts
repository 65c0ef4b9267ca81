import type { StepId } from '../../contract/plan.ts';
import type { Leftover } from '../../contract/result.ts';
import type { ConcurrencyLimit } from './concurrencyLimit.ts';

/** Has work wait for its turn. */
export type Limit = Pick<ConcurrencyLimit, 'run'>;

/** How a scenario carries out one planned step. */
export interface StepWork<T> {
  /**
   * The write. Called only if the plan's action is not `none`; `begun`: this run may have left something by this step already;
   * `isHalted`: whether a step has failed, so that none begins.
   */
  act: (begun: boolean, isHalted: () => boolean) => Promise<T>;
  /** Whether `act` may have changed something, where it makes several writes: the failure of the last says nothing of others. */
  wrote?: () => boolean;
  /** Takes back what `act` did, or began to do. Left out where the plan says `forwardOnly`. */
  undo?: () => Promise<unknown>;
  /** Whether another step has changed what this one is about, so that its undo is called though it never began. */
  isAffected?: (hasBegun: (id: StepId) => boolean) => boolean;
  /** Resources that `act` has made besides the step's own; `undefined` where none of them is there. */
  helpers?: () => Helpers | undefined;
  /** Steps that are taken back before this one although this one needs them. A pool is reimaged back only once its cluster is as it was. */
  undoneAfter?: readonly StepId[];
  /** ID of the resource that `act` made, where the plan can only name the scope that it is made at. */
  idOf?: (result: T) => string | undefined;
  /** Says what the plan could not know, in place of the reason. `unchanged`: nothing was done, in a step that a run can do without. */
  said?: (result: T) => { reason: string; unchanged?: true } | undefined;
  /** Bounds how many steps that share it run at the same time. */
  limit?: Limit;
  /** Shown while `act` runs: whom or what the step waits for. */
  waitsFor: string;
}

/** A declared step. */
export interface StepHandle<T> {
  /** The value that `act` returned; `undefined` where the plan's action is `none`. */
  readonly result: Promise<T | undefined>;
}

/** Declares a step; it starts the moment the steps it needs are done. */
export type Step = <T>(id: StepId, work: StepWork<T>) => StepHandle<T>;

/** Everything that a step makes besides its own resource, such as the temporary copy of a node pool. */
export interface Helpers {
  /** Removes them, and brings back what had made way for them. Called by undo, also where the step itself cannot be taken back. */
  remove(): Promise<unknown>;
  /** Looks which of them are there. */
  remaining(): Promise<Remaining>;
}

export interface Remaining {
  leftovers: readonly Leftover[];
  /** The step's own resource is not there, so that it cannot be named as left. */
  resourceIsGone: boolean;
}

/** Both: those of the first are removed first. */
export function together(one: Helpers, other: Helpers | undefined): Helpers {
  if (!other) return one;
  return {
    async remove() {
      await one.remove();
      await other.remove();
    },
    async remaining() {
      const [of, and] = [await one.remaining(), await other.remaining()];
      const resourceIsGone = of.resourceIsGone || and.resourceIsGone;
      return { leftovers: [...of.leftovers, ...and.leftovers], resourceIsGone };
    },
  };
}

/** Names what a step leaves: its own resource, and its helpers. */
export async function leftBy(own: readonly Leftover[], helpers: Helpers | undefined): Promise<Leftover[]> {
  if (!helpers) return [...own];
  const { leftovers, resourceIsGone } = await helpers.remaining();
  const isNamed = ({ resourceId }: Leftover) => leftovers.some((each) => each.resourceId === resourceId);
  return [...(resourceIsGone ? [] : own.filter((each) => !isNamed(each))), ...leftovers];
}
