import { setImmediate as turn } from 'node:timers/promises';

/** Rejects the sleeps of a world that has been reset. */
export class WorldEnded extends Error {}

interface Timer {
  /** Simulated milliseconds since 1970. */
  readonly due: number;
  action(): void;
  stopped(): void;
  wake: NodeJS.Timeout | undefined;
}

/** Simulated time: `speed` simulated seconds pass in one real second; at 0 it stands still until it is advanced. */
export class Clock {
  readonly speed: number;
  #since: { readonly real: number; readonly simulated: number };
  readonly #timers = new Set<Timer>();

  constructor(speed: number, start: Date) {
    this.speed = speed;
    this.#since = { real: Date.now(), simulated: start.getTime() };
  }

  now(): Date {
    return new Date(this.#since.simulated + (Date.now() - this.#since.real) * this.speed);
  }

  /** Runs `action` after so many simulated seconds; the result cancels it. */
  after(seconds: number, action: () => void): () => void {
    return this.#schedule(seconds, action, () => {});
  }

  /**
   * Resolves after so many simulated seconds, at once where time stands still; rejects with WorldEnded when the clock is
   * stopped before.
   */
  sleep(seconds: number): Promise<void> {
    if (this.speed === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#schedule(seconds, resolve, () => reject(new WorldEnded('the simulator was reset')));
    });
  }

  /** Lets so many simulated seconds pass now; what falls due happens in its order, each at its own time. */
  async advance(seconds: number): Promise<void> {
    const end = this.now().getTime() + seconds * 1000;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#set(next.due);
      this.#run(next);
      await turn();
    }
    this.#set(end);
    for (const timer of this.#timers) this.#wake(timer);
  }

  stop(): void {
    for (const timer of [...this.#timers]) {
      this.#drop(timer);
      timer.stopped();
    }
  }

  #set(simulated: number): void {
    this.#since = { real: Date.now(), simulated };
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.due <= end && timer.due < (first?.due ?? Infinity)) first = timer;
    return first;
  }

  #schedule(seconds: number, action: () => void, stopped: () => void): () => void {
    const timer: Timer = { due: this.now().getTime() + seconds * 1000, action, stopped, wake: undefined };
    this.#timers.add(timer);
    this.#wake(timer);
    return () => this.#drop(timer);
  }

  #wake(timer: Timer): void {
    clearTimeout(timer.wake);
    if (this.speed === 0) return;
    timer.wake = setTimeout(() => this.#run(timer), Math.max(0, timer.due - this.now().getTime()) / this.speed);
  }

  #run(timer: Timer): void {
    this.#drop(timer);
    timer.action();
  }

  #drop(timer: Timer): void {
    clearTimeout(timer.wake);
    this.#timers.delete(timer);
  }
}
