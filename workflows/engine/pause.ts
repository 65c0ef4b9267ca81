import { CancellationScope, condition, defineUpdate, patched, setHandler } from '@temporalio/workflow';
import { ownFailure, tellingSent } from '../../contract/failures.ts';
import { pauseUpdate, resumeUpdate } from '../../contract/names.ts';
import { hasEnded } from '../../contract/progress.ts';
import type { CommonInput, RunProgress } from './progress.ts';
import { mostPauses } from './retries.ts';
import { beginWait, type WaitEnd } from './telemetry.ts';
import { updateRefused } from './updateRefused.ts';

const pauseDefinition = defineUpdate<string>(pauseUpdate);
const resumeDefinition = defineUpdate<string>(resumeUpdate);

/** Keeps steps from starting, from an operator's `pause` to `resume`, or to the bound of a pause. */
export class Pause {
  readonly #input: Pick<CommonInput, 'dryRun' | 'pauseTimeoutMinutes'>;
  readonly #progress: RunProgress;
  /** A run that was paused under an earlier version waits for its resume, however long. */
  readonly #ends: boolean;
  #count = 0;
  #isOver = false;
  #tellEnd: ((ended: WaitEnd) => void) | undefined;

  constructor(input: Pick<CommonInput, 'dryRun' | 'pauseTimeoutMinutes'>, progress: RunProgress) {
    this.#input = input;
    this.#progress = progress;
    // Asked here and not in the handler, for replay may run a handler at another place among the commands of its task.
    this.#ends = !input.dryRun && patched('pause-ends');
    setHandler(pauseDefinition, () => this.#begin(), {
      validator: () => this.#refusePause(),
      description: 'Keeps further steps from starting. What runs in Azure goes on.',
    });
    setHandler(resumeDefinition, () => this.#resume(), {
      validator: () => this.#refuseResume(),
      description: 'Lets a paused run go on.',
    });
  }

  /** Whether steps are kept from starting. */
  get isOn(): boolean {
    return this.#isShown && !this.#isOver;
  }

  /** Whether the pause has ended by itself, and nobody has said what is to become of the run. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @throws ApplicationFailure `PauseTimedOut`, where the pause has ended by itself: nobody said that the run may go on. */
  refuseIfOver(): void {
    if (!this.#isOver) return;
    const message = `Nobody resumed the run within ${this.#input.pauseTimeoutMinutes} min`;
    throw tellingSent(ownFailure('PauseTimedOut', message), false);
  }

  /**
   * Waits while the scenario is paused, for whoever has paused it decides when Azure is changed again.
   *
   * @returns the cancellation that ended the wait, if one did: a cancelled scenario is paused no more.
   */
  async untilResumed(): Promise<unknown> {
    try {
      await condition(() => !this.isOn);
      return undefined;
    } catch (cancellation) {
      return cancellation;
    }
  }

  /** Ends the pause, because of an operator or of what has overtaken it. */
  end(ended: WaitEnd = 'overtaken'): void {
    this.#isOver = false;
    this.#tell(ended);
    if (this.#isShown) this.#progress.showPaused(false);
  }

  /** Only the first end of a pause counts. */
  #tell(ended: WaitEnd): void {
    this.#tellEnd?.(ended);
    this.#tellEnd = undefined;
  }

  get #isShown(): boolean {
    return this.#progress.now.paused ?? false;
  }

  #resume(): string {
    this.end('answered');
    return 'The run goes on.';
  }

  /** @returns what the update answers. */
  #begin(): string {
    this.#count += 1;
    const { pauseTimeoutMinutes = 0 } = this.#input;
    const ms = pauseTimeoutMinutes * 60_000;
    const ends = this.#ends;
    this.#progress.showPaused(true, ends ? new Date(Date.now() + ms).toISOString() : undefined);
    this.#tellEnd = beginWait(this.#progress.now, 'pause', {});
    // The update ends here; the pause does not.
    if (ends) void CancellationScope.nonCancellable(() => this.#endAfter(ms));
    return `No further step starts until update resume. ${ends ? `Without it the run fails in ${pauseTimeoutMinutes} min.` : ''}`.trim();
  }

  async #endAfter(ms: number): Promise<void> {
    const pause = this.#count;
    const isAnother = () => !this.#isShown || this.#count !== pause;
    const resumed = await condition(isAnother, ms, { summary: 'Wait for the end of the pause' });
    if (resumed) return;
    this.#isOver = true;
    this.#tell('timedOut');
  }

  #refusePause(): void {
    const { phase } = this.#progress.now;
    if (this.#input.dryRun) throw updateRefused('Nothing to pause: this run changes nothing');
    if (this.#isShown) throw updateRefused('The scenario is paused already');
    if (phase === 'rollingBack') throw updateRefused('What is being taken back is not left half-way');
    if (hasEnded(phase)) throw updateRefused(`Nothing to pause: the scenario is ${phase}`);
    if (this.#count < mostPauses) return;
    throw updateRefused(
      `This run was paused ${this.#count} times, which is as often as it can be. Let it go on, or cancel it: that takes everything back.`,
    );
  }

  #refuseResume(): void {
    if (!this.#isShown) throw updateRefused('The scenario is not paused');
  }
}
