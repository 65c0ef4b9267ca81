import { CancellationScope, CancelledFailure, condition, isCancellation } from '@temporalio/workflow';
import { isFailure, sentBefore } from '../../contract/failures.ts';
import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { StepProgress } from '../../contract/progress.ts';
import type { Leftover } from '../../contract/result.ts';
import { scenarioError, shownFailure } from './errorText.ts';
import type { Step, StepWork } from './step.ts';
import { stepTook } from './telemetry.ts';
import { type BegunStep, deletedBy, leaveSteps, type UndoMeans, undoSteps } from './undo.ts';

interface Entry extends BegunStep {
  done: Promise<unknown>;
}

/** A step that was never started because another one failed, or the run was cancelled. */
class StepSkipped extends Error {}

/** How the steps of a run are steered. */
export interface Steering extends Pick<UndoMeans, 'stillThere'> {
  /** While paused no step starts; what runs goes on. */
  isPaused(): boolean;
  /** Throws where a pause has ended by itself, and nobody has said what is to become of the run. */
  refuseAfterPause(): void;
  /** Resolves to `true` if what failed is to be tried again. Called once everything that runs has ended. */
  shouldRetry(failures: readonly unknown[]): Promise<boolean>;
  /** Called after each change of {@link Steps.progress}. */
  changed(): void;
}

/** Runs the steps of one plan as ordinary promises, and takes them back in reverse order. */
export class Steps {
  readonly #entries = new Map<StepId, Entry>();
  readonly #steering: Steering;
  #halted = false;
  #abandoned = false;
  #retrying: Promise<boolean> | undefined;

  constructor(planned: readonly PlannedStep[], steering: Steering) {
    this.#steering = steering;
    for (const step of planned) {
      const unchanged = step.action === 'none';
      const done = unchanged
        ? Promise.resolve()
        : Promise.reject(new Error(`Step ${step.id} is planned and never declared`));
      done.catch(() => undefined);
      const progress: StepProgress = { ...step, state: unchanged ? 'unchanged' : 'waiting' };
      this.#entries.set(step.id, { progress, done, undoneAfter: [], begun: false, leftovers: [] });
    }
  }

  get progress(): StepProgress[] {
    return [...this.#entries.values()].map(({ progress }) => progress);
  }

  get #failures(): unknown[] {
    return [...this.#entries.values()].flatMap(({ progress, failure }) =>
      progress.state === 'failed' ? [failure] : [],
    );
  }

  get #held(): boolean {
    return this.#halted || this.#steering.isPaused();
  }

  /** Whether a rollback is out of the question: what is deleted cannot be brought back, and what was changed before stays with it. */
  get noWayBack(): boolean {
    const changing = this.progress.filter(({ kind }) => kind !== 'secondMark');
    const actions = new Set(changing.map(({ action }) => action));
    const onlyDeletes = actions.has('delete') && !actions.has('create') && !actions.has('update');
    return onlyDeletes || this.#isPastReturn;
  }

  /** Whether a gate has kept everything from beginning. */
  get isUntouched(): boolean {
    const { progress } = this;
    const isGated = progress.some(({ kind }) => kind === 'approval');
    return isGated && progress.every(({ action, startedAt }) => action === 'check' || startedAt === undefined);
  }

  get #isPastReturn(): boolean {
    return [...this.#entries.values()].some(
      ({ begun, progress: { action, forwardOnly, state } }) =>
        action === 'delete' && forwardOnly !== undefined && (begun || state === 'running'),
    );
  }

  readonly step: Step = (id, work) => {
    const entry = this.#entries.get(id);
    if (!entry) throw new Error(`Step ${id} is not in the plan`);
    if (entry.progress.action === 'none') return { result: Promise.resolve(undefined) };
    if (work.undo) entry.undo = work.undo;
    if (work.helpers) entry.helpers = work.helpers;
    if (work.isAffected) entry.isAffected = work.isAffected;
    if (work.undoneAfter) entry.undoneAfter = work.undoneAfter;
    const done = this.#run(entry, work);
    // Avoids an unhandled rejection; settle() reports the failure.
    done.catch(() => undefined);
    entry.done = done;
    return { result: done };
  };

  /** Waits until no step runs any more. Throws the first failure, or a cancellation if the run was cancelled. */
  async settle(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#entries.values()].map(({ done }) => done));
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (errors.length === 0) return;
    if (CancellationScope.current().consideredCancelled) {
      // A write that was under way may have ended well. Then only skipped steps tell of the cancellation.
      throw errors.find(isCancellation) ?? new CancelledFailure('The run was cancelled');
    }
    throw errors.find((error) => !(error instanceof StepSkipped)) ?? errors[0];
  }

  async #run<T>(entry: Entry, work: StepWork<T>): Promise<T | undefined> {
    const { progress } = entry;
    const { limit } = work;
    await this.#needed(progress);
    if (!limit) return this.#act(entry, work);
    this.#set(progress, { waitsFor: 'its turn' });
    try {
      return await limit.run(() => this.#act(entry, work));
    } catch (error) {
      if (progress.state === 'waiting') this.#skip(progress);
      throw error;
    }
  }

  async #act<T>(entry: Entry, { act, wrote, idOf, said, waitsFor }: StepWork<T>): Promise<T | undefined> {
    const { progress } = entry;
    for (;;) {
      await this.#untilResumed(progress);
      const since = Date.now();
      try {
        this.#steering.refuseAfterPause();
        for (const key of ['error', 'whatToDo', 'correlationId'] as const) delete progress[key];
        this.#set(progress, { state: 'running', waitsFor, startedAt: now() });
        const result = await act(entry.begun, () => this.#halted);
        entry.begun ||= !isAdopted(result);
        delete entry.failure;
        const resourceId = idOf?.(result) ?? progress.resourceId;
        const { reason = progress.reason, unchanged = false } = said?.(result) ?? {};
        const state = unchanged ? 'unchanged' : 'done';
        this.#set(progress, { state, finishedAt: now(), resourceId, reason });
        stepTook(progress.kind, state, since);
        return result;
      } catch (error) {
        entry.begun ||= mayHaveBegun(error, wrote?.());
        entry.failure = error;
        // A resource that it has begun to make has an ID, even where the answer was lost.
        const made = idOf && entry.begun ? scenarioError(error)?.resourceId : undefined;
        const resourceId = made ?? progress.resourceId;
        this.#set(progress, { state: 'failed', finishedAt: now(), ...shownFailure(error), resourceId });
        stepTook(progress.kind, 'failed', since);
        if (isCancellation(error) || isFailure(error, 'ResetRun') || !(await this.#retry())) {
          this.#abandoned = true;
          throw error;
        }
      }
    }
  }

  async #needed(progress: StepProgress): Promise<void> {
    if (progress.needs.length > 0) this.#set(progress, { waitsFor: progress.needs.join(', ') });
    try {
      await Promise.all(progress.needs.map((id) => this.#entries.get(id)?.done));
    } catch {
      this.#skip(progress);
    }
  }

  /** Waits while the run is halted or paused. */
  async #untilResumed(progress: StepProgress): Promise<void> {
    try {
      if (this.#held && !this.#abandoned) {
        this.#set(progress, { waitsFor: this.#steering.isPaused() ? 'update resume' : 'a decision' });
        await condition(() => !this.#held || this.#abandoned);
      }
      if (this.#abandoned || CancellationScope.current().consideredCancelled) throw new StepSkipped();
    } catch {
      this.#skip(progress);
    }
  }

  #skip(progress: StepProgress): never {
    this.#set(progress, { state: 'skipped' });
    throw new StepSkipped(`Step ${progress.id} was skipped`);
  }

  /** Waits until no step runs, then asks once for all that have failed meanwhile. */
  async #retry(): Promise<boolean> {
    this.#halted = true;
    await condition(() => !this.progress.some(({ state }) => state === 'running'));
    this.#retrying ??= this.#steering.shouldRetry(this.#failures).finally(() => {
      this.#retrying = undefined;
    });
    const again = await this.#retrying;
    if (again) this.#halted = false;
    return again;
  }

  /** Takes back everything that was begun. @returns what could not be taken back. */
  undo(): Promise<Leftover[]> {
    const { stillThere } = this.#steering;
    return undoSteps([...this.#entries.values()], { set: (...change) => this.#set(...change), stillThere });
  }

  /** Everything that was begun and is not taken back, and everything that was to be deleted and is not. */
  leave(why: string): Promise<Leftover[]> {
    return leaveSteps([...this.#entries.values()], why, this.#steering);
  }

  /** Resources that were deleted and are not back. Ask it after `undo` or `leave`. */
  get deleted(): Leftover[] {
    return deletedBy([...this.#entries.values()]);
  }

  #set(progress: StepProgress, change: Partial<StepProgress>): void {
    delete progress.waitsFor;
    Object.assign(progress, change);
    this.#steering.changed();
  }
}

/** Whether a step that failed may have left something. One that a pause kept from starting has not. */
export const mayHaveBegun = (error: unknown, wrote: boolean | undefined): boolean =>
  !isFailure(error, 'PauseTimedOut') && (wrote ?? sentBefore(error) ?? !isFailure(error, 'NotOwned'));

/** Whether a step found somebody else's resource that serves, and made none. */
const isAdopted = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'adopted' in result && result.adopted === true;

const now = (): string => new Date().toISOString();
