import { condition, patched } from '@temporalio/workflow';
import { isFailure } from '../../contract/failures.ts';
import type { PlannedTurns } from '../../contract/plan.ts';
import type { Limit } from '../engine/step.ts';
import { mayBegin } from './turns.ts';

interface Place {
  readonly pool: string;
  isRunning: boolean;
  /** Whether another pool has run at the same time. */
  isBeside: boolean;
  /** Why it waits for its turn once more. */
  refusal?: unknown;
}

/** Has pools wait for their turns, in the order in which they come. */
export class PoolQueue {
  #turns: Pick<PlannedTurns, 'atATime' | 'waves' | 'apart'>;
  #places: Place[] = [];

  constructor(turns: PlannedTurns | undefined, atATime: number) {
    this.#turns = turns ?? { atATime, waves: [], apart: [] };
  }

  turnOf = (pool: string): Limit => ({
    run: async (work) => {
      const place: Place = { pool, isRunning: false, isBeside: false };
      this.#places.push(place);
      try {
        await condition(() => this.#begins(place));
        return await work();
      } finally {
        this.#places = this.#places.filter((each) => each !== place);
      }
    },
  });

  /**
   * Does work in the turn of a pool. Azure may take an operation on one pool at a time: what it has refused for longer than the run waits
   * for others is done again alone, and so is everything after it.
   *
   * @param isHalted Whether another step has failed. That one waits until no other works: whoever waited for its turn would never get it.
   */
  async orAlone<T>(pool: string, isHalted: () => boolean, work: (again: boolean) => Promise<T>): Promise<T> {
    const place = this.#places.find((each) => each.pool === pool);
    // An operator has it tried again while it stands in the queue.
    if (place?.refusal !== undefined) return this.#alone(place, place.refusal, isHalted, work);
    try {
      return await work(false);
    } catch (error) {
      const isOwn = place?.isBeside && isFailure(error, 'OperationInProgress');
      if (!place || !isOwn || !patched('pools-wait-for-each-other')) throw error;
      this.#turns = { ...this.#turns, atATime: 1 };
      Object.assign(place, { isRunning: false, isBeside: false });
      this.#places = [...this.#places.filter((each) => each !== place), place];
      return this.#alone(place, error, isHalted, work);
    }
  }

  /** @throws the refusal, if another step fails meanwhile. */
  async #alone<T>(
    place: Place,
    refusal: unknown,
    isHalted: () => boolean,
    work: (again: boolean) => Promise<T>,
  ): Promise<T> {
    place.refusal = refusal;
    await condition(() => isHalted() || this.#begins(place));
    if (!place.isRunning) throw refusal;
    delete place.refusal;
    return await work(true);
  }

  /** The first that may begin does. */
  #begins(place: Place): boolean {
    if (place.isRunning) return true;
    const running = this.#places.filter(({ isRunning }) => isRunning);
    const waiting = this.#places.filter(({ isRunning }) => !isRunning);
    const first = waiting.find((each) =>
      mayBegin(each.pool, { running: names(running), waiting: names(waiting) }, this.#turns),
    );
    if (first !== place) return false;
    place.isRunning = true;
    if (running.length > 0) for (const each of [place, ...running]) each.isBeside = true;
    return true;
  }
}

const names = (places: readonly Place[]): string[] => places.map(({ pool }) => pool);
