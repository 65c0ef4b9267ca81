import { CancellationScope, condition, isCancellation, log, patched } from '@temporalio/workflow';
import type { EventName, WebhookRules } from '../../contract/events.ts';
import { telling } from './azure.ts';
import { errorText } from './errorText.ts';
import { eventData } from './eventData.ts';
import type { RunProgress } from './progress.ts';

/** Where no worker has said how patient it is. */
const usualPatienceSeconds = 60;

/** Shows and tells how a run stands. */
export interface Speaker {
  progress: RunProgress;
  telling: Telling;
}

/**
 * Has the worker tell somebody that the run waits, or how it has ended. No step waits for that and nothing fails by it; only the end of
 * the run waits a little. An event that did not get through is named in the progress and in the log.
 */
export class Telling {
  readonly #progress: RunProgress;
  /** A run that is cancelled tells that, too. */
  readonly #scope = new CancellationScope({
    cancellable: true,
    parent: new CancellationScope({ cancellable: false }),
  });
  /** Says which events the worker sends. Until the worker has said so, it is asked with each event. */
  #rules: Partial<WebhookRules> = {};
  #sent = 0;
  #open = 0;

  constructor(progress: RunProgress) {
    this.#progress = progress;
  }

  /** @param rules As the worker's first look has told them; left out by workers without a webhook. */
  follow(rules: WebhookRules | undefined): void {
    this.#rules = rules ?? { events: [] };
  }

  /** Whether somebody was to hear of this run. */
  get hasBegun(): boolean {
    return this.#sent > 0;
  }

  /** Tells how the run stands now, while it goes on. */
  tell(name: EventName): void {
    this.#begin(name);
  }

  /** Tells how the run has ended, if it has a name, and waits until nothing is on its way. */
  async end(name?: EventName): Promise<void> {
    const { patienceSeconds = usualPatienceSeconds } = this.#rules;
    const lastMs = patienceSeconds * 1_000;
    if (name) this.#begin(name, lastMs);
    if (this.#open === 0) return;
    await CancellationScope.nonCancellable(async () => {
      const summary = 'Wait until somebody is told';
      // The last event ends before, with the reason.
      if (await condition(() => this.#open === 0, lastMs + 5_000, { summary })) return;
      this.#scope.cancel();
      await condition(() => this.#open === 0);
    });
  }

  #begin(name: EventName, mostMs?: number): void {
    const { events } = this.#rules;
    // Runs that an earlier version began tell nobody.
    if (events ? !events.includes(name) : !patched('tells')) return;
    this.#sent += 1;
    this.#open += 1;
    void this.#scope.run(() => this.#send(name, mostMs));
  }

  async #send(name: EventName, mostMs: number | undefined): Promise<void> {
    const sequence = this.#sent;
    const { now } = this.#progress;
    try {
      const event = { name, sequence, time: new Date().toISOString(), data: eventData(now) };
      await telling(`Tell ${name}`, mostMs).tell(event);
    } catch (error) {
      const why = isCancellation(error) ? 'the run ended before it got through' : errorText(error);
      log.warn('Nobody was told', { event: name, sequence, why });
      this.#progress.change({ untold: [...(now.untold ?? []), `${name} (event ${sequence}): ${why}`] });
    } finally {
      this.#open -= 1;
    }
  }
}
