import { ApplicationFailure, condition, defineUpdate, isCancellation, setHandler } from '@temporalio/workflow';
import { type Approval, type ApprovalRequest, approvalRequest, decisionRequest } from '../../contract/approval.ts';
import { isFailure, ownFailure } from '../../contract/failures.ts';
import {
  type ApprovalGate,
  approveUpdate,
  type Decision,
  decideUpdate,
  decisions,
  errorTypes,
  pauseUpdate,
  resumeUpdate,
} from '../../contract/names.ts';
import { parse } from '../../contract/parse.ts';
import { problemsText } from '../../contract/problem.ts';
import { UnprovenError } from './outcome.ts';
import { type CommonInput, hasEnded, type RunProgress } from './progress.ts';

const approveDefinition = defineUpdate<void, [ApprovalRequest]>(approveUpdate);
const pauseDefinition = defineUpdate<void>(pauseUpdate);
const resumeDefinition = defineUpdate<void>(resumeUpdate);
const decideDefinition = defineUpdate<void, [Decision]>(decideUpdate);

/** The failure that refuses an update. A refused update leaves nothing in the history. */
const updateRefused = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, errorTypes.updateRefused);

/** Takes an operator's updates, and waits for them: decisions, approvals, pause and resume. */
export class Operator {
  readonly #input: Pick<CommonInput, 'onFailure' | 'holdTimeoutMinutes'>;
  readonly #progress: RunProgress;
  readonly #noWayBack: () => boolean;
  readonly #approvals: Approval[] = [];
  readonly #awaited = new Set<ApprovalGate>();
  #decision: Decision | undefined;
  #undecided: string | undefined;

  /** @param noWayBack Whether a rollback is out of the question by now. */
  constructor(
    input: Pick<CommonInput, 'onFailure' | 'holdTimeoutMinutes'>,
    progress: RunProgress,
    noWayBack: () => boolean,
  ) {
    this.#input = input;
    this.#progress = progress;
    this.#noWayBack = noWayBack;
    setHandler(decideDefinition, (decision) => this.#decide(decision), {
      validator: (decision) => this.#refuseDecision(decision),
    });
    setHandler(approveDefinition, (request) => this.#approve(request), {
      validator: (request) => this.#refuseApproval(request),
    });
    setHandler(pauseDefinition, () => progress.showPaused(true), { validator: () => this.#refusePause() });
    setHandler(resumeDefinition, () => progress.showPaused(false), { validator: () => this.#refuseResume() });
  }

  get isPaused(): boolean {
    return this.#progress.now.paused ?? false;
  }

  get approvals(): readonly Approval[] {
    return this.#approvals;
  }

  /** The answer to the last question; left out where nobody was asked, or nobody answered in time. */
  get decision(): Decision | undefined {
    return this.#decision;
  }

  /** Says that the last question was not answered in time. */
  get undecided(): string | undefined {
    return this.#undecided;
  }

  /**
   * Waits until somebody lets the scenario pass a gate.
   *
   * @throws ApplicationFailure `ApprovalTimedOut`.
   */
  async approval(gate: ApprovalGate, timeoutMinutes: number): Promise<void> {
    const before = this.#progress.now.phase;
    this.#awaited.add(gate);
    this.#progress.enter('awaitingApproval');
    this.#progress.change({ awaitingApproval: [...this.#awaited] });
    try {
      const summary = `Wait for the approval of ${gate}`;
      if (await condition(() => !this.#awaited.has(gate), timeoutMinutes * 60_000, { summary })) return;
    } finally {
      this.#awaited.delete(gate);
      this.#progress.change({ awaitingApproval: this.#awaited.size > 0 ? [...this.#awaited] : undefined });
      this.#progress.enter(before);
    }
    throw ownFailure('ApprovalTimedOut', `Nobody approved ${gate} within ${timeoutMinutes} min`);
  }

  /** Runs work once more for as long as it fails and an operator asks for a retry. */
  async retrying<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const otherwise = error instanceof UnprovenError ? 'leave' : 'rollBack';
        if (isCancellation(error) || isFailure(error, 'ResetRun') || !(await this.shouldRetry(otherwise))) throw error;
      }
    }
  }

  /**
   * Asks what to do about a failure, if the input says `hold`; `true` if it is to be tried again.
   *
   * @param otherwise What happens if nobody decides.
   */
  async shouldRetry(otherwise: 'rollBack' | 'leave' = 'rollBack'): Promise<boolean> {
    const { onFailure, holdTimeoutMinutes = 0 } = this.#input;
    if (onFailure !== 'hold') return false;
    const before = this.#progress.now.phase;
    this.#decision = undefined;
    const decideBy = new Date(Date.now() + holdTimeoutMinutes * 60_000).toISOString();
    const byDefault = this.#noWayBack() ? 'leave' : otherwise;
    this.#progress.enter('waitingForOperator');
    this.#progress.change({ decisions: this.#possibleDecisions, decideBy, byDefault });
    try {
      const summary = `Wait for a decision, then ${byDefault}`;
      const decided = await condition(() => this.#decision !== undefined, holdTimeoutMinutes * 60_000, { summary });
      this.#undecided = decided ? undefined : `Nobody decided within ${holdTimeoutMinutes} min.`;
    } finally {
      this.#progress.change({ decisions: undefined, decideBy: undefined, byDefault: undefined });
    }
    if (this.#decision === 'retry') this.#progress.enter(before);
    return this.#decision === 'retry';
  }

  /**
   * Waits while the scenario is paused, for whoever has paused it decides when Azure is changed again.
   *
   * @returns the cancellation that ended the wait, if one did: a cancelled scenario is paused no more.
   */
  async untilResumed(): Promise<unknown> {
    try {
      await condition(() => !this.isPaused);
      return undefined;
    } catch (cancellation) {
      return cancellation;
    }
  }

  /** Ends a pause that a cancellation has overtaken. */
  endPause(): void {
    if (this.isPaused) this.#progress.showPaused(false);
  }

  get #possibleDecisions(): readonly Decision[] {
    return this.#noWayBack() ? decisions.filter((decision) => decision !== 'rollBack') : decisions;
  }

  #decide(given: Decision): void {
    const parsed = parse(decisionRequest, given);
    this.#decision = parsed.ok ? parsed.value : given;
  }

  #approve(given: ApprovalRequest): void {
    // An earlier version has let pass what today's validator refuses.
    const parsed = parse(approvalRequest, given);
    const request = parsed.ok ? parsed.value : given;
    this.#approvals.push({ ...request, at: new Date().toISOString() });
    this.#awaited.delete(request.gate);
  }

  #refuseDecision(given: unknown): void {
    const { phase } = this.#progress.now;
    if (phase !== 'waitingForOperator') throw updateRefused(`Nothing to decide: the scenario is ${phase}`);
    if (this.#decision !== undefined) throw updateRefused(`Somebody has decided already: ${this.#decision}`);
    const parsed = parse(decisionRequest, given);
    if (!parsed.ok || !this.#possibleDecisions.includes(parsed.value)) {
      throw updateRefused(`Not a decision here. Use ${this.#possibleDecisions.join(' or ')}.`);
    }
  }

  #refuseApproval(request: unknown): void {
    const parsed = parse(approvalRequest, request);
    if (!parsed.ok) throw updateRefused(`Not an approval:\n${problemsText(parsed.problems)}`);
    const { gate } = parsed.value;
    if (this.#awaited.has(gate)) return;
    const waiting = [...this.#awaited].join(', ') || 'none';
    throw updateRefused(`Nothing waits for the approval of ${gate}. Gates that wait: ${waiting}.`);
  }

  #refusePause(): void {
    const { phase } = this.#progress.now;
    if (this.isPaused) throw updateRefused('The scenario is paused already');
    if (phase === 'rollingBack') throw updateRefused('What is being taken back is not left half-way');
    if (hasEnded(phase)) throw updateRefused(`Nothing to pause: the scenario is ${phase}`);
  }

  #refuseResume(): void {
    if (!this.isPaused) throw updateRefused('The scenario is not paused');
  }
}
