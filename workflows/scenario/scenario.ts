import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { z } from 'zod';
import {
  type Check,
  type ClusterReference,
  clusterId,
  clusterWorkflowId,
  type Decision,
  decideUpdate,
  decisions,
  errorTypes,
  type FailureDetails,
  type Leftover,
  type Phase,
  type Plan,
  type Problem,
  type Progress,
  parse,
  problemsText,
  progressQuery,
  type Scenario,
  type ScenarioResult,
  searchAttributes,
} from '../../contract/index.ts';
import { adviceOf, errorText } from './errorText.ts';
import { progressMarkdown } from './markdown.ts';
import { type Step, Steps } from './steps.ts';

/** What every scenario's input has. */
interface CommonInput {
  cluster: ClusterReference;
  dryRun: boolean;
  onFailure: 'rollBack' | 'hold' | 'leave';
  /** Left out where only Azure knows it. */
  registry?: { mode: string };
}

/** The four movements of a scenario. */
export interface Movements<Input, Seen, P extends Plan> {
  /** Looks at everything the scenario may touch; changes nothing. */
  discover(input: Input): Promise<Seen>;
  /** Pure: what is to be done, and every problem that would stop it. */
  plan(input: Input, seen: Seen): P;
  /** Declares the planned steps, in an order in which each comes after those it needs. */
  apply(input: Input, plan: P, step: Step): void;
  /** Reads everything back and checks it against what was promised. */
  verify(input: Input, plan: P): Promise<Check[]>;
}

const progressDefinition = defineQuery<Progress>(progressQuery);
const decideDefinition = defineUpdate<void, [Decision]>(decideUpdate);

/**
 * Runs a scenario: checks its input and its workflow ID, then discovers, plans, applies and verifies, and takes
 * everything back if it cannot be finished.
 *
 * @throws ApplicationFailure of one of the contract's `errorTypes`; nothing was changed for the first three.
 */
export async function runScenario<Input extends CommonInput, Seen, P extends Plan>(
  name: Scenario,
  schema: z.ZodType<Input>,
  given: unknown,
  movements: Movements<Input, Seen, P>,
): Promise<ScenarioResult> {
  const input = checkedInput(schema, given);
  refuseWrongWorkflowId(input);
  const run = new ScenarioRun(name, input);

  run.enter('discovering');
  const seen = await movements.discover(input).catch((error: unknown) => {
    throw run.undiscovered(error);
  });

  run.enter('planning');
  const plan = movements.plan(input, seen);
  run.accept(plan);
  if (input.dryRun) return run.planned(plan);
  if (plan.problems.length > 0) throw run.refused(plan.problems);

  let checks: Check[] = [];
  try {
    run.enter('applying');
    movements.apply(input, plan, run.steps.step);
    await run.steps.settle();

    run.enter('verifying');
    checks = await run.retrying(async () => verified(await movements.verify(input, plan)));
    return run.succeeded(plan, checks);
  } catch (error) {
    // A defect of this code is no reason to delete a cluster: the workflow task fails and waits for a corrected worker.
    if (!(error instanceof TemporalFailure || error instanceof UnverifiedError)) throw error;
    throw await run.failed(error, checks);
  }
}

function checkedInput<Input>(schema: z.ZodType<Input>, given: unknown): Input {
  const parsed = parse(schema, given);
  if (parsed.ok) return parsed.value;
  throw problemsFailure(errorTypes.invalidInput, parsed.problems);
}

/** Temporal allows one open workflow per ID: under any other ID, two scenarios could write to one cluster. */
function refuseWrongWorkflowId({ cluster, dryRun }: CommonInput): void {
  const expected = clusterWorkflowId(cluster);
  const { workflowId } = workflowInfo();
  if (dryRun || workflowId === expected) return;
  const whatToDo = `Start it again with workflow ID ${expected}: the ID is the lock on the cluster.`;
  throw problemsFailure(errorTypes.wrongWorkflowId, [
    { where: 'workflow ID', problem: `${workflowId} is not the one for this cluster`, whatToDo },
  ]);
}

function problemsFailure(type: string, problems: readonly Problem[]): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: `Nothing was changed.\n${problemsText(problems)}`,
    nonRetryable: true,
    details: [problems],
  });
}

class UnverifiedError extends Error {
  readonly checks: Check[];
  constructor(checks: Check[]) {
    const missed = checks.filter(({ ok }) => !ok);
    super(missed.map(({ title, expected, seen }) => `${title}: expected ${expected}, seen ${seen}`).join('; '));
    this.checks = checks;
  }
}

function verified(checks: Check[]): Check[] {
  if (checks.every(({ ok }) => ok)) return checks;
  throw new UnverifiedError(checks);
}

/** State of one run: what the query answers and the Web UI shows. */
class ScenarioRun {
  readonly #progress: Progress;
  readonly #input: CommonInput;
  steps = new Steps(
    [],
    () => this.#shouldRetry(),
    () => undefined,
  );
  #decision: Decision | undefined;

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
    upsertSearchAttributes([
      { key: searchAttributes.scenario, value: scenario },
      { key: searchAttributes.cluster, value: input.cluster.name.toLowerCase() },
      { key: searchAttributes.resourceGroup, value: input.cluster.resourceGroup.toLowerCase() },
      ...(input.registry ? [{ key: searchAttributes.registryMode, value: input.registry.mode }] : []),
    ]);
  }

  enter(phase: Phase): void {
    upsertSearchAttributes([{ key: searchAttributes.phase, value: phase }]);
    this.#change({ phase });
  }

  accept(plan: Plan): void {
    this.steps = new Steps(
      plan.steps,
      () => this.#shouldRetry(),
      () => this.#change({}),
    );
    this.#change({ problems: plan.problems });
  }

  /** The failure that ends the workflow where a look at Azure was refused or cancelled. */
  undiscovered(error: unknown): unknown {
    if (isCancellation(error)) this.enter('rolledBack');
    if (isCancellation(error) || !(error instanceof TemporalFailure)) return error;
    const where = this.#progress.cluster;
    const whatToDo = adviceOf(error) ?? 'Correct what the message says, then start the scenario again.';
    return this.refused([{ where, problem: errorText(error), whatToDo }]);
  }

  /** The failure that ends the workflow before anything was changed. */
  refused(problems: readonly Problem[]): ApplicationFailure {
    this.#change({ problems });
    this.enter('failed');
    return problemsFailure(errorTypes.preflightFailed, problems);
  }

  planned(plan: Plan): ScenarioResult {
    this.enter('planned');
    const { scenario, cluster } = this.#progress;
    return { outcome: 'planned', scenario, cluster, plan };
  }

  succeeded(plan: Plan, checks: Check[]): ScenarioResult {
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
    };
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
  async failed(error: unknown, checks: Check[]): Promise<unknown> {
    const leave = !isCancellation(error) && (this.#decision ?? this.#input.onFailure) === 'leave';
    if (!leave) this.enter('rollingBack');
    const leftovers = leave ? this.steps.leave('left as asked') : await this.steps.undo();
    const incomplete = this.steps.progress.some(({ state }) => state === 'leftBehind');
    this.enter(leave || incomplete ? 'failed' : 'rolledBack');
    if (isCancellation(error) && !incomplete) return error;
    return this.#failure(error, checks, leftovers, incomplete, leave);
  }

  #failure(
    error: unknown,
    checks: Check[],
    leftovers: Leftover[],
    incomplete: boolean,
    left: boolean,
  ): ApplicationFailure {
    const unverified = error instanceof UnverifiedError;
    const details: FailureDetails = {
      cluster: this.#progress.cluster,
      steps: this.steps.progress,
      checks: unverified ? error.checks : checks,
      leftovers,
    };
    const outcome = left
      ? 'Everything was left as it is, as asked.'
      : incomplete
        ? 'Not everything could be taken back.'
        : 'Everything that this run had created was taken back.';
    const remains = leftovers.map(({ resourceId, why }) => `\n- remains: ${resourceId} (${why})`).join('');
    return ApplicationFailure.create({
      type: incomplete
        ? errorTypes.rollbackIncomplete
        : unverified
          ? errorTypes.verificationFailed
          : errorTypes.stepFailed,
      message: [errorText(error), adviceOf(error), outcome].filter(Boolean).join('\n') + remains,
      nonRetryable: true,
      details: [details],
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }

  async #shouldRetry(): Promise<boolean> {
    if (this.#input.onFailure !== 'hold') return false;
    const before = this.#progress.phase;
    this.#decision = undefined;
    this.enter('held');
    this.#change({ decisions });
    try {
      await condition(() => this.#decision !== undefined);
    } finally {
      this.#change({ decisions: undefined });
    }
    if (this.#decision === 'retry') this.enter(before);
    return this.#decision === 'retry';
  }

  #refuseDecision(decision: Decision): void {
    if (this.#progress.phase !== 'held') throw new Error(`Nothing to decide: the scenario is ${this.#progress.phase}`);
    if (this.#decision !== undefined) throw new Error(`Somebody has decided already: ${this.#decision}`);
    if (!decisions.includes(decision)) throw new Error(`Unknown decision. Use ${decisions.join(', ')}.`);
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
