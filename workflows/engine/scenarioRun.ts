import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { type Approval, type ApprovalRequest, approvalRequest } from '../../contract/approval.ts';
import { errorDetails, errorPage } from '../../contract/errors.ts';
import {
  type ApprovalGate,
  approveUpdate,
  cancellationMemo,
  type Decision,
  decideUpdate,
  decisions,
  errorTypes,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  type Scenario,
  searchAttributes,
} from '../../contract/names.ts';
import type { Plan } from '../../contract/plan.ts';
import { type Problem, parse, problemsText } from '../../contract/problem.ts';
import type { Phase, Progress } from '../../contract/progress.ts';
import type {
  AuditReport,
  Check,
  FailureDetails,
  Leftover,
  PlanReport,
  VerificationReport,
} from '../../contract/result.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { PoolReimage } from '../../resources/nodes.ts';
import { errorText, scenarioError } from './errorText.ts';
import { progressMarkdown } from './progressMarkdown.ts';
import { Steps } from './steps.ts';

/** What every scenario's input has. */
export interface CommonInput {
  cluster: ClusterReference;
  dryRun: boolean;
  onFailure: 'rollBack' | 'hold' | 'leave';
  /** Left out where nothing can be held. */
  holdTimeoutMinutes?: number;
  /** Left out where only Azure knows it. */
  registry?: { mode: string };
}

const progressDefinition = defineQuery<Progress>(progressQuery);
const approveDefinition = defineUpdate<void, [ApprovalRequest]>(approveUpdate);
const pauseDefinition = defineUpdate<void>(pauseUpdate);
const resumeDefinition = defineUpdate<void>(resumeUpdate);
const decideDefinition = defineUpdate<void, [Decision]>(decideUpdate);

const ended: ReadonlySet<Phase> = new Set<Phase>(['succeeded', 'planned', 'failed', 'rolledBack']);

/** The failure that ends a scenario before anything was changed. */
export function problemsFailure(type: string, problems: readonly Problem[]): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: `Nothing was changed.\n${problemsText(problems)}\nSee ${errorPage(type)}.`,
    nonRetryable: true,
    details: [problems],
  });
}

/** Why an update is not taken; nothing of it is in the history. */
const updateRefused = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, errorTypes.updateRefused);

/** Azure does not show what was promised. */
export class UnverifiedError extends Error {
  readonly checks: Check[];
  constructor(checks: Check[]) {
    const missed = checks.filter(({ ok }) => !ok);
    super(missed.map(({ title, expected, seen }) => `${title}: expected ${expected}, seen ${seen}`).join('; '));
    this.checks = checks;
  }
}

/** State of one run: what the query answers and the Web UI shows. */
export class ScenarioRun {
  readonly #progress: Progress;
  readonly #input: CommonInput;
  steps = new Steps(
    [],
    () => this.#shouldRetry(),
    () => undefined,
  );
  #decision: Decision | undefined;
  #undecided: string | undefined;
  readonly #approvals: Approval[] = [];
  readonly #awaited = new Set<ApprovalGate>();
  /** What became of each pool, by its name. */
  readonly reimages = new Map<string, PoolReimage>();

  constructor(scenario: Scenario, input: CommonInput) {
    this.#input = input;
    const startedAt = workflowInfo().startTime.toISOString();
    this.#progress = {
      scenario,
      cluster: clusterId(input.cluster),
      phase: 'checking',
      revision: 0,
      startedAt,
      updatedAt: startedAt,
      steps: [],
      problems: [],
    };
    setHandler(progressDefinition, () => this.#progress);
    setHandler(
      decideDefinition,
      (decision) => {
        this.#decision = decision;
      },
      { validator: (decision) => this.#refuseDecision(decision) },
    );
    setHandler(
      approveDefinition,
      (request) => {
        this.#approvals.push({ ...request, at: new Date().toISOString() });
        this.#awaited.delete(request.gate);
      },
      { validator: (request) => this.#refuseApproval(request) },
    );
    setHandler(pauseDefinition, () => this.#pause(true), { validator: () => this.#refusePause() });
    setHandler(resumeDefinition, () => this.#pause(false), {
      validator: () => {
        if (!this.#progress.paused) throw updateRefused('The scenario is not paused');
      },
    });
    upsertSearchAttributes([
      { key: searchAttributes.scenario, value: scenario },
      { key: searchAttributes.cluster, value: input.cluster.name.toLowerCase() },
      { key: searchAttributes.resourceGroup, value: input.cluster.resourceGroup.toLowerCase() },
      ...(input.registry ? [{ key: searchAttributes.registryMode, value: input.registry.mode }] : []),
    ]);
  }

  /** What is deleted cannot be brought back, and what was changed before has to stay with what it needs. */
  get #noWayBack(): boolean {
    const actions = new Set(this.steps.progress.map(({ action }) => action));
    const onlyDeletes = actions.has('delete') && !actions.has('create') && !actions.has('update');
    return onlyDeletes || this.steps.pastReturn;
  }

  get #decisions(): readonly Decision[] {
    return this.#noWayBack ? decisions.filter((decision) => decision !== 'rollBack') : decisions;
  }

  enter(phase: Phase): void {
    this.#change({ phase });
    this.#showPhase();
  }

  /** Written as Azure writes states. */
  #showPhase(): void {
    const { paused, phase } = this.#progress;
    const value = paused ? 'Paused' : `${phase.charAt(0).toUpperCase()}${phase.slice(1)}`;
    upsertSearchAttributes([{ key: searchAttributes.phase, value }]);
  }

  #pause(paused: boolean): void {
    this.steps.paused = paused;
    this.#change({ paused: paused || undefined });
    this.#showPhase();
  }

  #refusePause(): void {
    const { paused, phase } = this.#progress;
    if (paused) throw updateRefused('The scenario is paused already');
    if (phase === 'rollingBack') throw updateRefused('What is being taken back is not left half-way');
    if (ended.has(phase)) throw updateRefused(`Nothing to pause: the scenario is ${phase}`);
  }

  /** Whether the plan has a step. */
  isPlanned(stepId: string): boolean {
    return this.steps.progress.some(({ id }) => id === stepId);
  }

  accept(plan: Plan): void {
    this.steps = new Steps(
      plan.steps,
      () => this.#shouldRetry(),
      () => this.#change({}),
    );
    this.steps.paused = this.#progress.paused ?? false;
    this.#change({ problems: plan.problems });
  }

  /** The failure that ends the workflow where a look at Azure was refused or cancelled. */
  failDiscovery(error: unknown): unknown {
    if (isCancellation(error)) this.enter('rolledBack');
    if (isCancellation(error) || !(error instanceof TemporalFailure)) return error;
    const where = this.#progress.cluster;
    const cause = scenarioError(error);
    const correlation = cause?.correlationId === undefined ? '' : ` (correlation ID ${cause.correlationId})`;
    const whatToDo = cause?.whatToDo ?? 'Correct what the message says, then start the scenario again.';
    return this.refused([{ where, problem: `${errorText(error)}${correlation}`, whatToDo }]);
  }

  /** The failure that ends the workflow before anything was changed. */
  refused(problems: readonly Problem[]): ApplicationFailure {
    this.#change({ problems });
    this.enter('failed');
    return problemsFailure(errorTypes.preflightFailed, problems);
  }

  planned(plan: Plan): PlanReport {
    this.enter('planned');
    const { scenario, cluster } = this.#progress;
    return { outcome: 'planned', scenario, cluster, plan };
  }

  audited(checks: Check[]): AuditReport {
    this.enter('succeeded');
    const isolated = checks.every(({ ok }) => ok);
    upsertSearchAttributes([{ key: searchAttributes.isolation, value: isolated ? 'Isolated' : 'Drifted' }]);
    const { cluster, startedAt, updatedAt } = this.#progress;
    return {
      outcome: 'audited',
      scenario: 'auditCluster',
      cluster,
      startedAt,
      finishedAt: updatedAt,
      isolated,
      checks,
    };
  }

  succeeded(plan: Plan, checks: Check[]): VerificationReport {
    this.enter('succeeded');
    const { scenario, cluster, startedAt, updatedAt } = this.#progress;
    return {
      outcome: 'verified',
      scenario,
      cluster,
      startedAt,
      finishedAt: updatedAt,
      plan,
      steps: this.steps.progress,
      checks,
      approvals: this.#approvals,
      reimages: [...this.reimages.values()],
    };
  }

  /**
   * Waits until somebody lets the scenario pass a gate.
   *
   * @throws ApplicationFailure `ApprovalTimedOut`.
   */
  async approval(gate: ApprovalGate, timeoutMinutes: number): Promise<void> {
    const before = this.#progress.phase;
    this.#awaited.add(gate);
    this.enter('awaitingApproval');
    this.#change({ awaitingApproval: [...this.#awaited] });
    try {
      const summary = `Wait for the approval of ${gate}`;
      if (await condition(() => !this.#awaited.has(gate), timeoutMinutes * 60_000, { summary })) return;
    } finally {
      this.#awaited.delete(gate);
      this.#change({ awaitingApproval: this.#awaited.size > 0 ? [...this.#awaited] : undefined });
      this.enter(before);
    }
    throw ApplicationFailure.create({
      type: 'ApprovalTimedOut',
      message: `Nobody approved ${gate} within ${timeoutMinutes} min`,
      nonRetryable: true,
      details: [errorDetails('ApprovalTimedOut')],
    });
  }

  /** Runs work that an operator may have tried again. */
  async retrying<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (isCancellation(error) || !(await this.#shouldRetry())) throw error;
      }
    }
  }

  /** Undoes or leaves what was done, and returns the failure that ends the workflow. */
  async failed(failure: unknown, checks: Check[]): Promise<unknown> {
    const error = (await this.#cancelledWhilePaused(failure)) ?? failure;
    if (this.#progress.paused) this.#pause(false);
    const leave = this.#noWayBack || (!isCancellation(error) && (this.#decision ?? this.#input.onFailure) === 'leave');
    if (!leave) this.enter('rollingBack');
    const why = this.#noWayBack ? 'stays, for what was deleted cannot be brought back' : 'left as asked';
    const leftovers = leave ? this.steps.leave(why) : await this.steps.undo();
    const incomplete = this.steps.progress.some(({ state }) => state === 'leftBehind');
    this.enter(leave || incomplete ? 'failed' : 'rolledBack');
    const details = this.#failureDetails(error, checks, leftovers);
    if (isCancellation(error) && !incomplete) {
      upsertMemo({ [cancellationMemo]: details });
      return error;
    }
    return this.#failure(error, details, incomplete, leave);
  }

  /** Whoever has paused the scenario decides when Azure is changed again, unless it is cancelled. */
  async #cancelledWhilePaused(error: unknown): Promise<unknown> {
    if (isCancellation(error)) return undefined;
    try {
      await condition(() => !this.#progress.paused);
      return undefined;
    } catch (reason) {
      return reason;
    }
  }

  #failureDetails(error: unknown, checks: Check[], leftovers: Leftover[]): FailureDetails {
    const unverified = error instanceof UnverifiedError;
    const cause = scenarioError(error);
    return {
      cluster: this.#progress.cluster,
      ...(cause && { error: cause }),
      steps: this.steps.progress,
      checks: unverified ? error.checks : checks,
      approvals: this.#approvals,
      reimages: [...this.reimages.values()],
      leftovers,
    };
  }

  #failure(error: unknown, details: FailureDetails, incomplete: boolean, left: boolean): ApplicationFailure {
    const unverified = error instanceof UnverifiedError;
    const { error: cause, leftovers } = details;
    const outcome = this.#noWayBack
      ? 'What had been deleted stays deleted.'
      : left
        ? 'Everything was left as it is, as asked.'
        : incomplete
          ? 'Not everything could be taken back.'
          : 'Everything that this run had changed was taken back.';
    const remains = leftovers.map(
      ({ resourceId, why, whatToDo }) =>
        `- remains: ${[`${resourceId} (${why})`, whatToDo].filter(Boolean).join('. ')}`,
    );
    const type = incomplete
      ? errorTypes.rollbackIncomplete
      : unverified
        ? errorTypes.verificationFailed
        : errorTypes.stepFailed;
    const correlation = cause?.correlationId && `Correlation ID: ${cause.correlationId}`;
    const page = `See ${[...new Set([cause?.page, errorPage(type)])].filter(Boolean).join(' and ')}.`;
    const message = [errorText(error), cause?.whatToDo, correlation, this.#undecided, outcome, ...remains, page];
    return ApplicationFailure.create({
      type,
      message: message.filter(Boolean).join('\n'),
      nonRetryable: true,
      details: [details],
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }

  async #shouldRetry(): Promise<boolean> {
    if (this.#input.onFailure !== 'hold') return false;
    const before = this.#progress.phase;
    this.#decision = undefined;
    const { holdTimeoutMinutes = 0 } = this.#input;
    const decideBy = new Date(Date.now() + holdTimeoutMinutes * 60_000).toISOString();
    const byDefault = this.#noWayBack ? 'leave' : 'rollBack';
    this.enter('waitingForOperator');
    this.#change({ decisions: this.#decisions, decideBy, byDefault });
    try {
      const summary = `Wait for a decision, then ${byDefault}`;
      const decided = await condition(() => this.#decision !== undefined, holdTimeoutMinutes * 60_000, { summary });
      this.#undecided = decided ? undefined : `Nobody decided within ${holdTimeoutMinutes} min.`;
    } finally {
      this.#change({ decisions: undefined, decideBy: undefined, byDefault: undefined });
    }
    if (this.#decision === 'retry') this.enter(before);
    return this.#decision === 'retry';
  }

  #refuseDecision(decision: Decision): void {
    if (this.#progress.phase !== 'waitingForOperator')
      throw updateRefused(`Nothing to decide: the scenario is ${this.#progress.phase}`);
    if (this.#decision !== undefined) throw updateRefused(`Somebody has decided already: ${this.#decision}`);
    if (!this.#decisions.includes(decision)) {
      throw updateRefused(`Not a decision here. Use ${this.#decisions.join(' or ')}.`);
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

  #change(change: { [K in keyof Progress]?: Progress[K] | undefined }): void {
    Object.assign(this.#progress, change, {
      steps: this.steps.progress,
      revision: this.#progress.revision + 1,
      updatedAt: new Date().toISOString(),
    });
    setCurrentDetails(progressMarkdown(this.#progress));
  }
}
