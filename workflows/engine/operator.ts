import { condition, defineUpdate, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  type Approval,
  type ApprovalRequest,
  approvalCommand,
  approvalRequest,
  type DecisionRequest,
  decisionCommand,
  decisionRequest,
} from '../../contract/approval.ts';
import { isFailure, ownFailure } from '../../contract/failures.ts';
import { type ApprovalGate, approveUpdate, type Decision, decideUpdate, decisions } from '../../contract/names.ts';
import { parse } from '../../contract/parse.ts';
import { problemsText } from '../../contract/problem.ts';
import { UnprovenError } from './outcome.ts';
import { Pause } from './pause.ts';
import type { CommonInput, RunProgress } from './progress.ts';
import { noRetryBecause } from './retries.ts';
import { refuseStarter } from './starter.ts';
import { beginWait, type WaitEnd } from './telemetry.ts';
import type { Speaker, Telling } from './telling.ts';
import { updateRefused } from './updateRefused.ts';

const approveDefinition = defineUpdate<string, [ApprovalRequest]>(approveUpdate);
const decideDefinition = defineUpdate<string, [DecisionRequest]>(decideUpdate);

type OperatorInput = Pick<CommonInput, 'dryRun' | 'onFailure' | 'holdTimeoutMinutes' | 'pauseTimeoutMinutes'>;

const decisionTexts: Readonly<Record<Decision, string>> = {
  retry: 'The run tries again what has failed.',
  rollBack: 'The run takes back what it has changed.',
  leave: 'The run ends, and leaves everything as it is.',
};

/** A question of this run to its operator. */
interface Question {
  /** No other run has a question of this ID, so that an answer that comes late reaches none. */
  id: string;
  /** Nothing like it was asked in this run before: an answer without an ID cannot be meant for another. */
  isFirst: boolean;
}

/** Takes an operator's updates, and waits for them: decisions, approvals, pause and resume. */
export class Operator {
  readonly pause: Pause;
  readonly #input: OperatorInput;
  readonly #progress: RunProgress;
  readonly #telling: Telling;
  readonly #noWayBack: () => boolean;
  readonly #approvals: Approval[] = [];
  readonly #gates = new Map<ApprovalGate, Question & { until: string }>();
  readonly #asked = new Set<string>();
  #hold: Question | undefined;
  #decision: Decision | undefined;
  #undecided: string | undefined;
  #byOther = false;
  #questions = 0;
  #retries = 0;

  /** @param noWayBack Whether a rollback is out of the question by now. */
  constructor(input: OperatorInput, { progress, telling }: Speaker, noWayBack: () => boolean) {
    this.#input = input;
    this.#progress = progress;
    this.#telling = telling;
    this.#noWayBack = noWayBack;
    this.pause = new Pause(input, progress);
    setHandler(decideDefinition, (decision) => this.#decide(decision), {
      validator: (decision) => this.#refuseDecision(decision),
      description: 'Answers a run that waits for a decision: retry, rollBack or leave.',
    });
    setHandler(approveDefinition, (request) => this.#approve(request), {
      validator: (request) => this.#refuseApproval(request),
      description: 'Lets a run pass a gate. It is written down who said so.',
    });
  }

  /** From now on, whoever started the run lets it pass no gate. */
  wantOthers(): void {
    this.#byOther = true;
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
    this.#gates.set(gate, { ...this.#question(gate), until: inMinutes(timeoutMinutes) });
    this.#progress.enter('awaitingApproval');
    this.#showGates();
    const tellEnd = beginWait(this.#progress.now, 'gate', { gate });
    let ended: WaitEnd = 'overtaken';
    this.#telling.tell('awaitingApproval');
    try {
      const summary = `Wait for the approval of ${gate}`;
      const approved = await condition(() => !this.#gates.has(gate), timeoutMinutes * 60_000, { summary });
      ended = approved ? 'answered' : 'timedOut';
      if (approved) return;
    } finally {
      tellEnd(ended);
      this.#gates.delete(gate);
      this.#showGates();
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
        if (isCancellation(error) || isFailure(error, 'ResetRun')) throw error;
        if (!(await this.shouldRetry([error], otherwise))) throw error;
      }
    }
  }

  /**
   * Asks what to do about failures, if the input says `hold`; `true` if it is to be tried again.
   *
   * @param otherwise What happens if nobody decides.
   */
  async shouldRetry(failures: readonly unknown[], otherwise: 'rollBack' | 'leave' = 'rollBack'): Promise<boolean> {
    const { onFailure, holdTimeoutMinutes = 0 } = this.#input;
    if (onFailure !== 'hold') return false;
    // The end of a pause is among the failures.
    if (this.pause.isOver) this.pause.end();
    const before = this.#progress.now.phase;
    this.#decision = undefined;
    this.#hold = this.#question('hold');
    const decideBy = inMinutes(holdTimeoutMinutes);
    const isUnseen = failures.every((failure) => isFailure(failure, 'LookFailed'));
    const byDefault = this.#noWayBack() || isUnseen ? 'leave' : otherwise;
    this.#progress.enter('waitingForOperator');
    this.#progress.change({ ...this.#holdShown(this.#hold, failures), decideBy, byDefault });
    this.#telling.tell('waitingForOperator');
    const tellEnd = beginWait(this.#progress.now, 'hold', { until: decideBy, byDefault });
    let ended: WaitEnd = 'overtaken';
    try {
      const summary = `Wait for a decision, then ${byDefault}`;
      const decided = await condition(() => this.#decision !== undefined, holdTimeoutMinutes * 60_000, { summary });
      ended = decided ? 'answered' : 'timedOut';
      this.#undecided = decided ? undefined : `Nobody decided within ${holdTimeoutMinutes} min.`;
    } finally {
      tellEnd(ended);
      this.#hold = undefined;
      this.#progress.change({ ...noHold, answers: this.#gateCommands() });
    }
    if (this.#decision !== 'retry') return false;
    this.#retries += 1;
    this.#progress.enter(before);
    return true;
  }

  /**
   * The ID comes from the run, and the run of a reset has another one. The end of a run ID is random; its beginning is a time,
   * which runs of the same minute share.
   */
  #question(kind: string): Question {
    this.#questions += 1;
    const isFirst = !this.#asked.has(kind);
    this.#asked.add(kind);
    return { id: `${workflowInfo().runId.slice(-8)}-${this.#questions}`, isFirst };
  }

  #holdShown({ id }: Question, failures: readonly unknown[]) {
    const noRetry = noRetryBecause(failures, this.#retries);
    const possible = decisions.filter(
      (each) => !(each === 'rollBack' && this.#noWayBack()) && !(each === 'retry' && noRetry !== undefined),
    );
    const answers = possible.map((each) => decisionCommand(workflowInfo(), id, each));
    return { hold: id, decisions: possible, noRetry, answers: [...answers, ...(this.#gateCommands() ?? [])] };
  }

  #showGates(): void {
    const gates = [...this.#gates];
    const isAnyone = gates.length > 0;
    this.#progress.change({
      awaitingApproval: isAnyone ? gates.map(([gate]) => gate) : undefined,
      approveBy: isAnyone ? Object.fromEntries(gates.map(([gate, { until }]) => [gate, until])) : undefined,
      waits: isAnyone ? Object.fromEntries(gates.map(([gate, { id }]) => [gate, id])) : undefined,
      answers: this.#gateCommands(),
    });
  }

  #gateCommands(): string[] | undefined {
    if (this.#gates.size === 0) return undefined;
    return [...this.#gates].map(([gate, { id }]) => approvalCommand(workflowInfo(), id, gate));
  }

  /** @returns what the update answers. */
  #decide(given: DecisionRequest): string {
    // An earlier version has let pass what today's validator refuses.
    const parsed = parse(decisionRequest, given);
    const decision = parsed.ok ? parsed.value.decision : (given as Decision);
    this.#decision = decision;
    return decisionTexts[decision];
  }

  /** @returns what the update answers. */
  #approve(given: ApprovalRequest): string {
    const parsed = parse(approvalRequest, given);
    const request = parsed.ok ? parsed.value : given;
    this.#approvals.push({ ...request, at: new Date().toISOString() });
    this.#gates.delete(request.gate);
    return `The run passes ${request.gate}, as approved by ${request.by}.`;
  }

  #refuseDecision(given: unknown): void {
    const { phase, decisions: possible = [], noRetry } = this.#progress.now;
    const hold = this.#hold;
    if (!hold) throw updateRefused(`Nothing to decide: the scenario is ${phase}. ${this.#askedNow}`);
    if (this.#decision !== undefined) throw updateRefused(`Somebody has decided already: ${this.#decision}`);
    const parsed = parse(decisionRequest, given);
    const use = `Use ${possible.join(' or ')}.`;
    if (!parsed.ok) throw updateRefused(`Not a decision here. ${use} ${this.#askedNow}`);
    const { decision, hold: answered } = parsed.value;
    this.#refuseAnswer('hold', hold, answered);
    if (possible.includes(decision)) return;
    throw updateRefused(`Not a decision here. ${use} ${decision === 'retry' ? (noRetry ?? '') : ''}`);
  }

  #refuseApproval(request: unknown): void {
    const parsed = parse(approvalRequest, request);
    if (!parsed.ok) throw updateRefused(`Not an approval:\n${problemsText(parsed.problems)}`);
    const { gate, wait } = parsed.value;
    const asked = this.#gates.get(gate);
    const waiting = [...this.#gates.keys()].join(', ') || 'none';
    const nothingWaits = `Nothing waits for the approval of ${gate}. Gates that wait: ${waiting}. ${this.#askedNow}`;
    if (!asked) throw updateRefused(nothingWaits);
    this.#refuseAnswer('wait', asked, wait);
    if (this.#byOther) refuseStarter(parsed.value.by, this.#progress.now.startedBy);
  }

  /** @param answered The question that an answer says it is for; left out by those who answer in the short form. */
  #refuseAnswer(kind: 'hold' | 'wait', { id, isFirst }: Question, answered: string | undefined): void {
    if (answered === id || (answered === undefined && isFirst)) return;
    const why =
      answered === undefined
        ? `This run has asked before: say with ${kind} which question is answered.`
        : `${answered} is not what is asked now, but ${kind} ${id}.`;
    throw updateRefused(`${why} ${this.#askedNow}`);
  }

  /** The questions that are open, with what has failed and the commands that answer them. */
  get #askedNow(): string {
    const { answers = [], steps, hold } = this.#progress.now;
    if (answers.length === 0) return 'Nothing is asked now.';
    const failed =
      hold === undefined ? [] : steps.flatMap(({ title, error }) => (error ? [`- ${title}: ${error}`] : []));
    return ['Asked now:', ...failed, ...answers].join('\n');
  }
}

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

const noHold = {
  hold: undefined,
  decisions: undefined,
  noRetry: undefined,
  decideBy: undefined,
  byDefault: undefined,
} as const;
