/** Rejects the sleeps of a world that has been reset. */
export class WorldEnded extends Error {}

/** Simulated time: `speed` simulated seconds pass in one real second. */
export class Clock {
  readonly speed: number;
  readonly #epoch: number;
  readonly #stops = new Set<() => void>();

  /** `epoch`: the real time (ms) at which simulated and real time were equal. */
  constructor(speed: number, epoch: number) {
    this.speed = speed;
    this.#epoch = epoch;
  }

  now(): Date {
    return new Date(this.#epoch + (Date.now() - this.#epoch) * this.speed);
  }

  /** Runs `action` after so many simulated seconds; the result cancels it. */
  after(seconds: number, action: () => void): () => void {
    return this.#schedule(seconds, action, () => {});
  }

  /** Resolves after so many simulated seconds; rejects with WorldEnded when the clock is stopped before. */
  sleep(seconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#schedule(seconds, resolve, () => reject(new WorldEnded('the simulator was reset')));
    });
  }

  stop(): void {
    for (const stop of [...this.#stops]) stop();
  }

  #schedule(seconds: number, action: () => void, stopped: () => void): () => void {
    const cancel = () => {
      clearTimeout(timer);
      this.#stops.delete(stop);
    };
    const stop = () => {
      cancel();
      stopped();
    };
    const timer = setTimeout(
      () => {
        this.#stops.delete(stop);
        action();
      },
      (seconds * 1000) / this.speed,
    );
    this.#stops.add(stop);
    return cancel;
  }
}
