import { RawValue } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineQuery,
  isCancellation,
  log,
  makeContinueAsNewFunc,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { FleetPhase, FleetProgress, FleetReport, MemberEnd } from '../../contract/fleet.ts';
import type { ParsedRolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import { cancellationMemo, progressQuery, rolloutFleet, searchAttributes } from '../../contract/names.ts';
import type { Problem } from '../../contract/problem.ts';
import { starterOf } from '../engine/starter.ts';
import { appearedSince } from './discover.ts';
import { endIn, heardEnd } from './member.ts';
import { endMembers, lookAround, lookAtSilent, startMember } from './members.ts';
import { type Move, nextMove } from './moves.ts';
import { fleetReport, stoppedFailure } from './report.ts';
import { Rollout } from './rollout.ts';
import { progressBefore, progressOf, rolloutMarkdown } from './shown.ts';
import type { FleetSettings, RolloutState } from './state.ts';
import { takeUpdates } from './steering.ts';
import { countCluster, countRollout } from './telemetry.ts';
import { fleetEvents, pausesHideNothing, ToldOnce, tellOf } from './telling.ts';

const progressDefinition = defineQuery<FleetProgress>(progressQuery);

/** One run of a rollout: it begins members, hears of their ends, and continues as new before its history grows long. */
export class FleetRun {
  readonly #input: ParsedRolloutFleetInput;
  readonly #settings: FleetSettings;
  #rollout: Rollout | undefined;
  #move: Move | undefined;
  #phase: FleetPhase | undefined = 'checking';
  #shownPhase = '';
  /** How often the phase has changed. */
  #shown = 0;
  #sent = 0;
  readonly #toldOnce: ToldOnce;
  /** Length of the history when the last update was taken. */
  #takenAt = -1;
  #updatedAt = workflowInfo().startTime.toISOString();
  #starts = 0;
  /** Requests whose answers are under way. A run that continued as new would not hear them. */
  #pending = 0;
  /** Members whose start is not answered: nobody can cancel them yet. */
  #starting = 0;
  #isEnding = false;
  #problems: readonly Problem[] = [];
  #failure: unknown;

  /** @param state What the run before has handed on: updates that come with the first task find it. */
  constructor(input: ParsedRolloutFleetInput, settings: FleetSettings, state?: RolloutState) {
    this.#input = input;
    this.#settings = settings;
    this.#rollout = state && new Rollout(input, state);
    this.#sent = state?.sent ?? 0;
    this.#toldOnce = new ToldOnce(state?.told);
    setHandler(heardEnd, (given) => {
      const end = endIn(given);
      if (end) this.#hear(end);
      else log.warn('Somebody has sent a signal that is no word of a member');
    });
    setHandler(progressDefinition, () => this.progress, {
      description: 'Where the rollout stands: its ring, counts, durations, last events, and what it waits for.',
    });
    takeUpdates({
      rollout: () => this.#rollout,
      hasEnded: () => this.#phase === 'succeeded',
      startedBy: () => this.progress.startedBy,
      taken: () => {
        this.#takenAt = workflowInfo().historyLength;
      },
      asked: () => ['Asked now:', ...(this.progress.answers ?? ['nothing.'])].join('\n'),
    });
    upsertSearchAttributes([
      { key: searchAttributes.fleet, value: input.name },
      { key: searchAttributes.scenario, value: rolloutFleet },
    ]);
  }

  /** Goes on from what the run before has handed on. */
  get continued(): Rollout | undefined {
    return this.#rollout;
  }

  get progress(): FleetProgress {
    const { workflowId, namespace, memo, startTime } = workflowInfo();
    const starter = starterOf(memo);
    if (this.#rollout) {
      const shown = progressOf(this.#rollout, { workflowId, namespace, ...starter }, this.#move, this.#phase);
      return { ...shown, revision: shown.revision + this.#shown, updatedAt: this.#updatedAt };
    }
    return {
      ...progressBefore(this.#input, this.#phase, startTime.toISOString()),
      ...starter,
      updatedAt: this.#updatedAt,
      revision: this.#shown,
      problems: this.#problems,
    };
  }

  /** Lets whoever asks later know why nothing was begun. */
  refuse(problems: readonly Problem[]): void {
    this.#phase = 'failed';
    this.#problems = problems;
  }

  enter(phase: FleetPhase): void {
    this.#phase = phase;
    this.#show();
  }

  /**
   * Rolls out to the end.
   *
   * @throws ApplicationFailure `FleetStopped` where clusters are left; the cancellation, once all members have ended.
   */
  async roll(rollout: Rollout): Promise<FleetReport> {
    this.#rollout = rollout;
    this.#phase = undefined;
    const watch = { silentMs: this.#settings.lookAfterMinutes * 60_000, isPaced: patched('looks-follow-members') };
    const look = () => this.#asking(() => lookAtSilent(rollout, watch, (end) => this.#hear(end)));
    let appeared: string[] | undefined;
    do {
      const looking = lookAround(rollout, watch, look, (error) => {
        this.#failure = error;
      });
      try {
        await this.#untilEnd(rollout);
      } catch (error) {
        if (!isCancellation(error)) throw error;
        await CancellationScope.nonCancellable(() => this.#cancel(rollout));
        const report = this.#end(rollout, 'cancelled');
        upsertMemo({ [cancellationMemo]: report });
        await this.#told();
        throw error;
      } finally {
        looking.cancel();
      }
      if (rollout.now.stop) break;
      // Meanwhile an update may have failed clusters tried again.
      appeared = await CancellationScope.nonCancellable(() => appearedSince(rollout));
    } while (await CancellationScope.nonCancellable(() => this.#goesOn(rollout)));
    const report = this.#end(rollout, rollout.now.stop ? 'failed' : 'succeeded', appeared);
    await this.#told();
    if (report.outcome === 'stopped') throw stoppedFailure(report);
    return report;
  }

  async #untilEnd(rollout: Rollout): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const isLong = this.#starts >= this.#settings.startsPerRun || workflowInfo().continueAsNewSuggested;
      if (isLong && !rollout.now.stop) await this.#continueAsNew(rollout);
      this.#move = nextMove(rollout, Date.now());
      this.#show();
      this.#endUnbegun(rollout);
      switch (this.#move.do) {
        case 'start':
          this.#begin(rollout, this.#move.member);
          break;
        case 'wait':
          await this.#wait(rollout, this.#move);
          break;
        case 'end':
          if (!(await this.#afterUpdates())) return;
          break;
      }
    }
  }

  #goesOn = async (rollout: Rollout): Promise<boolean> =>
    nextMove(rollout, Date.now()).do !== 'end' || (await this.#afterUpdates());

  async #wait(rollout: Rollout, { until, for: what }: Extract<Move, { do: 'wait' }>): Promise<void> {
    const seen = rollout.now.revision;
    const isNews = () => rollout.now.revision !== seen || this.#failure !== undefined;
    if (until === undefined) await condition(isNews);
    else await condition(isNews, Math.max(1, until - Date.now()), { summary: `Wait for ${what}` });
  }

  #begin(rollout: Rollout, member: number): void {
    const attempt = rollout.began(member, Date.now());
    this.#starts += 1;
    this.#starting += 1;
    void this.#asking(async () => {
      if (!(await startMember(rollout, member, attempt))) rollout.wasTaken(member, Date.now());
      this.#starting -= 1;
    });
  }

  #hear(end: MemberEnd): void {
    if (!this.#rollout?.ended(end, Date.now()))
      log.info('A member was heard again, or is of another rollout', { ...end });
    else if (end.outcome !== 'putOff') countCluster(this.#input.scenario, end.outcome);
  }

  /** Lets members roll back or end, and waits for them. */
  async #cancel(rollout: Rollout): Promise<void> {
    rollout.stop('cancellation', 'it was cancelled', Date.now());
    this.#isEnding = true;
    await this.#endMembers(rollout, this.#input.onCancel === 'rollBackClusters' ? 'cancel' : 'wrapUp');
    await this.#untilEnd(rollout);
  }

  /** Members that wait for busy clusters are in work, and would begin after the rollout has stopped. */
  #endUnbegun(rollout: Rollout): void {
    if (!rollout.now.stop || this.#isEnding) return;
    this.#isEnding = true;
    if (rollout.now.inWork.length === 0 || !patched('stopped-rollouts-begin-nothing')) return;
    void CancellationScope.nonCancellable(() => this.#asking(() => this.#endMembers(rollout, 'wrapUp')));
  }

  async #endMembers(rollout: Rollout, how: 'cancel' | 'wrapUp'): Promise<void> {
    await condition(() => this.#starting === 0);
    await endMembers(rollout, how);
  }

  /** Signals and updates that come before this is done are in the state, and those that come later are for the next run. */
  async #continueAsNew(rollout: Rollout): Promise<never> {
    await condition(() => this.#pending === 0 && allHandlersFinished());
    while (await this.#afterUpdates()) await condition(() => this.#pending === 0);
    rollout.continued();
    // Without it a rollout of weeks, and every member of it, would stay on the build that began it.
    const next = makeContinueAsNewFunc({ initialVersioningBehavior: 'AUTO_UPGRADE' });
    // Arguments go as they come, see takesAnything.
    const revision = rollout.now.revision + this.#shown;
    const state = { ...rollout.state, revision, sent: this.#sent, ...this.#toldOnce.state };
    return next(...[this.#input, { state, settings: this.#settings }].map((each) => new RawValue(each)));
  }

  /**
   * Lets the task end in which an update was taken. Temporal refuses a task that ends the run while a signal comes, and then tells
   * whoever sent the update that it has failed.
   *
   * @returns whether there was one.
   */
  async #afterUpdates(): Promise<boolean> {
    if (this.#takenAt !== workflowInfo().historyLength) return false;
    await sleep(1, { summary: 'Let the answer to an update get through' });
    return true;
  }

  async #asking(ask: () => Promise<void>): Promise<void> {
    this.#pending += 1;
    try {
      await ask();
    } finally {
      this.#pending -= 1;
    }
  }

  #end(rollout: Rollout, phase: FleetPhase, appeared?: readonly string[]): FleetReport {
    this.#move = undefined;
    if (rollout.now.paused && patched(pausesHideNothing)) rollout.endPause();
    this.enter(phase);
    const report = { ...fleetReport(rollout, new Date().toISOString()), ...(appeared && { appeared }) };
    countRollout(this.#input.scenario, rollout.now.stop?.by ?? 'rolledOut');
    log.info('Rollout ends', { fleet: report.fleet, outcome: report.outcome, ...report.counts });
    return report;
  }

  /** Somebody is told of the phases in which a rollout waits for people, and of its end if it has waited or stopped. */
  #tell(phase: FleetPhase): void {
    const { tells = [] } = this.#rollout?.now ?? {};
    const name = fleetEvents[phase];
    if (!name || !tells.includes(name) || (name === 'succeeded' && this.#sent === 0)) return;
    this.#sent += 1;
    const { progress } = this;
    void this.#asking(() => tellOf(name, this.#sent, progress));
  }

  /** Waits until nobody is being told any more; each try has a bound. A cancellation has nothing to stop then, and would lose the report. */
  #told(): Promise<void> {
    return CancellationScope.nonCancellable(() => condition(() => this.#pending === 0));
  }

  #show(): void {
    this.#updatedAt = new Date().toISOString();
    const { progress } = this;
    setCurrentDetails(rolloutMarkdown(progress));
    const value = progress.paused ? 'Paused' : `${progress.phase.charAt(0).toUpperCase()}${progress.phase.slice(1)}`;
    const isOther = value !== this.#shownPhase;
    if (isOther) this.#shown += 1;
    if (this.#toldOnce.isToTell(this.#rollout, isOther)) this.#tell(progress.phase);
    if (!isOther) return;
    this.#shownPhase = value;
    upsertSearchAttributes([{ key: searchAttributes.phase, value }]);
  }
}
