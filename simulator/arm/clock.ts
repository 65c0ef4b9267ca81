import { setImmediate as turn } from 'node:timers/promises';

/** Rejects the sleeps of a world that has been reset. */
export class WorldEnded extends Error {
  constructor() {
    super('the simulator was reset');
  }
}

/**
 * How time passes: so many simulated seconds in one real second; at 0 only when it is advanced; by `demand`, also when
 * a client waits.
 */
export type Speed = number | 'demand';

/** A timer of Node's takes so long at least. A wait that is shorter than half of it is over at once. */
const leastTimerMs = 1;

/** Clients ask only about recent moments. */
const keptMoves = 10_000;

interface Timer {
  /** Simulated milliseconds since 1970. */
  readonly due: number;
  action(): void;
  stopped(): void;
  wake: NodeJS.Timeout | undefined;
}

/** Simulated time. */
export class Clock {
  readonly speed: Speed;
  #since: { readonly real: number; readonly simulated: number };
  /** By demand: every moment at which time has moved, oldest first. */
  readonly #moves: { readonly real: number; readonly simulated: number }[];
  readonly #timers = new Set<Timer>();
  #stopped = false;
  #awaited: Awaited = {};

  constructor(speed: Speed, start: Date) {
    this.speed = speed;
    this.#since = { real: Date.now(), simulated: start.getTime() };
    this.#moves = [this.#since];
  }

  now(): Date {
    return new Date(this.#since.simulated + (Date.now() - this.#since.real) * this.#rate);
  }

  /** The simulated time when the machine's clock showed `real`, both in milliseconds since 1970. Before the start, both ran alike. */
  at(real: number): number {
    if (this.speed !== 'demand') return this.#since.simulated + (real - this.#since.real) * (this.#rate || 1);
    const move = this.#moves.findLast((one) => one.real <= real);
    const [first = this.#since] = this.#moves;
    return move ? move.simulated : first.simulated + (real - first.real);
  }

  /** Runs `action` after so many simulated seconds; the result cancels it. */
  after(seconds: number, action: () => void): () => void {
    return this.#schedule(seconds, action, () => {});
  }

  /**
   * Resolves after so many simulated seconds: where time stands still, at once; by demand, having let them pass.
   * Rejects with WorldEnded when the clock is stopped before.
   */
  async sleep(seconds: number): Promise<void> {
    if (this.speed === 'demand') {
      await this.advance(seconds);
      this.throwIfStopped();
    } else if (this.speed > 0 && (seconds * 1000) / this.speed < leastTimerMs / 2) {
      await turn();
      this.throwIfStopped();
    } else if (this.speed > 0) {
      await new Promise<void>((resolve, reject) => {
        this.#schedule(seconds, resolve, () => reject(new WorldEnded()));
      });
    }
  }

  /** Lets so many simulated seconds pass now. Events that fall due happen in their order, each at its own time. */
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
    this.#stopped = true;
    for (const timer of [...this.#timers]) {
      this.#drop(timer);
      timer.stopped();
    }
  }

  /** @throws WorldEnded */
  throwIfStopped(): void {
    if (this.#stopped) throw new WorldEnded();
  }

  /**
   * Notes that what a request asks for is not there before `due`, or before something else has happened.
   *
   * @param answer `refused`: its client waits for it only if the request is refused.
   */
  notYet(answer: 'refused' | 'any', due = Number.POSITIVE_INFINITY): void {
    this.#awaited = { ...this.#awaited, [answer]: Math.min(due, this.#awaited[answer] ?? due) };
  }

  /** How long the client of such an answer waits, by the notes since the last call; undefined if it need not wait. */
  awaited(refused: boolean): number | undefined {
    const { any, refused: ifRefused } = this.#awaited;
    this.#awaited = {};
    const dues = [any, refused ? ifRefused : undefined].filter((due) => due !== undefined);
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  /** By demand: lets time pass until `due`, but not beyond the next event. */
  async skip(due: number): Promise<void> {
    if (this.speed !== 'demand') return;
    const until = Math.min(due, this.#next(due)?.due ?? due);
    if (Number.isFinite(until)) await this.advance(Math.max(0, until - this.now().getTime()) / 1000);
  }

  /** Whether no event is due: nothing will happen by itself. */
  get isIdle(): boolean {
    return this.#timers.size === 0;
  }

  get #rate(): number {
    return this.speed === 'demand' ? 0 : this.speed;
  }

  /** Sets the time, but never back: several clients may wait at the same time. */
  #set(simulated: number): void {
    const now = this.now().getTime();
    this.#since = { real: Date.now(), simulated: Math.max(simulated, now) };
    if (this.speed !== 'demand' || simulated <= now) return;
    this.#moves.push(this.#since);
    if (this.#moves.length > 2 * keptMoves) this.#moves.splice(0, keptMoves);
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
    if (this.#rate === 0) return;
    timer.wake = setTimeout(() => this.#run(timer), Math.max(0, timer.due - this.now().getTime()) / this.#rate);
  }

  #run(timer: Timer): void {
    this.#drop(timer);
    this.#awaited = {};
    timer.action();
  }

  #drop(timer: Timer): void {
    clearTimeout(timer.wake);
    this.#timers.delete(timer);
  }
}

/** Simulated milliseconds since 1970. */
interface Awaited {
  readonly any?: number;
  readonly refused?: number;
}
