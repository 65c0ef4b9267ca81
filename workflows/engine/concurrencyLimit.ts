import { condition } from '@temporalio/workflow';

/**
 * Runs so much work at a time, in the order in which it comes. p-limit knows nothing of cancellation: work in its queue
 * would still start in a cancelled workflow. `condition` ends with the cancellation.
 */
export class ConcurrencyLimit {
  readonly #most: number;
  readonly #queue: object[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const place = {};
    this.#queue.push(place);
    try {
      await condition(() => this.#queue.indexOf(place) < this.#most);
      return await work();
    } finally {
      this.#queue.splice(this.#queue.indexOf(place), 1);
    }
  }
}
