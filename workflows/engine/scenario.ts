import { isCancellation, patched, TemporalFailure, upsertMemo } from '@temporalio/workflow';
import type { AboutWorker } from '../../contract/aboutWorker.ts';
import { isFailure } from '../../contract/failures.ts';
import { type ParsedInput, scenarioInputs } from '../../contract/inputs/index.ts';
import { cancellationMemo, type Scenario } from '../../contract/names.ts';
import type { Plan } from '../../contract/plan.ts';
import type { Progress } from '../../contract/progress.ts';
import type { Check, PlanReport, VerificationReport } from '../../contract/result.ts';
import type { PoolReimage } from '../../resources/nodes.ts';
import { withoutRepeats } from './check.ts';
import { endReset, failDiscovery, refused } from './endsUnchanged.ts';
import { errorText } from './errorText.ts';
import { checkedInput } from './givenInput.ts';
import { stillThere } from './leftovers.ts';
import { Operator } from './operator.ts';
import {
  checksText,
  endTexts,
  failureDetails,
  hasNothingToDo,
  isIncomplete,
  planReport,
  type Remains,
  type RunRecord,
  scenarioFailure,
  UnprovenError,
  UnverifiedError,
  unprovenTexts,
  unreadCheck,
  verificationReport,
} from './outcome.ts';
import { type CommonInput, RunProgress } from './progress.ts';
import { showingRefusal } from './refusal.ts';
import { withKnownStarter } from './starter.ts';
import { refuseVoidingOptions, refuseWrongWorkflowId } from './startOptions.ts';
import type { Step } from './step.ts';
import { Steps } from './steps.ts';
import { countLeftovers, told } from './telemetry.ts';
import { Telling } from './telling.ts';

/** Scenarios that plan and apply; an audit only looks. */
export type WritingScenario = Exclude<Scenario, 'auditCluster'>;

/** Results of a scenario's steps that its report needs. */
export interface Applied {
  /** The outcome for each pool so far; left out where none is reimaged. */
  reimages?(): readonly PoolReimage[];
}

/** The means by which a scenario declares its steps and asks its operator. */
export interface Apply {
  step: Step;
  operator: Pick<Operator, 'approval'>;
}

/** The four movements of a scenario. Each hands on what it knows. */
export interface Movements<Input, Seen, P extends Plan, A extends Applied> {
  /** Looks at everything the scenario may touch; changes nothing. */
  discover(input: Input): Promise<Seen & AboutWorker>;
  /** Pure: what is to be done, and every problem that would stop it. */
  plan(input: Input, seen: Seen): P;
  /** Declares the planned steps, in an order in which each comes after those it needs. */
  apply(input: Input, plan: P, seen: Seen, apply: Apply): A;
  /** Reads everything back and checks it against what was promised. */
  verify(input: Input, plan: P, seen: Seen, applied: A): Promise<Check[]>;
}

/**
 * Runs a scenario: checks its input and its workflow ID, then discovers, plans, applies and verifies, and takes
 * everything back if it cannot be finished.
 *
 * @throws ApplicationFailure of one of the contract's `errorTypes`. docs/errors.md says for which nothing was changed.
 */
export async function runScenario<S extends WritingScenario, Seen, P extends Plan, A extends Applied>(
  name: S,
  given: unknown,
  movements: Movements<ParsedInput<S>, Seen, P, A>,
): Promise<VerificationReport | PlanReport> {
  return told(async (begins) => {
    const input = showingRefusal(name, () => {
      const parsed = checkedInput(scenarioInputs[name], given);
      refuseWrongWorkflowId(parsed);
      refuseVoidingOptions(parsed);
      return parsed;
    });
    begins(input.cluster);
    return runMovements(new Run(name, input), input, movements);
  });
}

async function runMovements<Input extends CommonInput, Seen, P extends Plan, A extends Applied>(
  run: Run,
  input: Input,
  movements: Movements<Input, Seen, P, A>,
): Promise<VerificationReport | PlanReport> {
  run.progress.enter('discovering');
  const seen = await movements.discover(input).catch(async (error: unknown) => {
    throw await failDiscovery(run, error);
  });
  if (!input.dryRun) run.telling.follow(seen.tells);

  run.progress.enter('planning');
  const plan = withKnownStarter(movements.plan(input, seen), run.progress.now.startedBy);
  run.accept(plan);
  const applicable = plan.problems.length === 0;
  if (input.dryRun && (applicable || !input.failOnProblems)) return run.planned(plan);
  if (!applicable) throw await refused(run, plan.problems);

  let checks: Check[] = [];
  let applied: A | undefined;
  try {
    run.progress.enter('applying');
    const declared = movements.apply(input, plan, seen, run);
    applied = declared;
    await run.settle();

    run.progress.enter('verifying');
    checks = await run.operator.retrying(() => verified(run, () => movements.verify(input, plan, seen, declared)));
    return await run.succeeded(plan, checks, applied);
  } catch (error) {
    // A defect of this code is no reason to delete a cluster: the workflow task fails and waits for a corrected worker.
    if (!isOutcome(error)) throw error;
    throw await run.failed(error, checks, applied);
  }
}

/** One run: its progress, its operator and its steps, from the beginning to the outcome. */
class Run implements Apply {
  readonly progress: RunProgress;
  readonly telling: Telling;
  readonly operator: Operator;
  readonly #onFailure: CommonInput['onFailure'];
  #steps: Steps | undefined;
  /** Reads that were refused before the first write, in words. */
  #unread: string[] = [];

  constructor(name: Scenario, input: CommonInput) {
    this.#onFailure = input.onFailure;
    this.progress = new RunProgress(name, input, () => this.#steps?.progress ?? []);
    this.telling = new Telling(this.progress);
    // Somebody who asks for a plan waits for it.
    if (input.dryRun) this.telling.follow(undefined);
    this.operator = new Operator(input, this, () => this.#steps?.noWayBack ?? false);
  }

  accept({ steps, problems, unread = [], byOther }: Plan): void {
    this.#unread = unread.map(notRead);
    if (byOther) this.operator.wantOthers();
    this.#steps = new Steps(steps, {
      isPaused: () => this.operator.pause.isOn,
      refuseAfterPause: () => this.operator.pause.refuseIfOver(),
      shouldRetry: (failures) => this.operator.shouldRetry(failures),
      changed: () => this.progress.change(),
      stillThere,
    });
    this.progress.change({ problems, ...(unread.length > 0 && { found: this.#unread }) });
  }

  get step(): Step {
    return this.#accepted.step;
  }

  settle(): Promise<void> {
    return this.#accepted.settle();
  }

  planned(plan: Plan): PlanReport {
    if (hasNothingToDo(plan)) this.progress.tell([...this.#unread, nothingToDo]);
    this.progress.enter('planned');
    return planReport(this.progress.now, plan);
  }

  async succeeded(plan: Plan, checks: Check[], applied: Applied): Promise<VerificationReport> {
    const unproven = unprovenTexts(checks).map(notProven);
    this.progress.tell([
      ...unproven,
      ...this.#unread,
      ...saidInstead(plan, this.progress.now),
      ...(hasNothingToDo(plan) ? [nothingToDo] : []),
      checksText(checks),
    ]);
    this.progress.enter('succeeded');
    await this.telling.end(this.telling.hasBegun ? 'succeeded' : undefined);
    return verificationReport(this.progress.now, plan, checks, this.#record(applied));
  }

  /** Undoes or leaves what was done, and returns the failure that ends the workflow. */
  async failed(failure: unknown, checks: Check[], applied: Applied | undefined): Promise<unknown> {
    try {
      return await this.#failed(failure, checks, applied);
    } catch (error) {
      if (!isFailure(error, 'ResetRun')) throw error;
      return endReset(this.progress, error);
    }
  }

  async #failed(failure: unknown, checks: Check[], applied: Applied | undefined): Promise<unknown> {
    if (isFailure(failure, 'ResetRun')) throw failure;
    const cancellation = isCancellation(failure) ? failure : await this.operator.pause.untilResumed();
    const error = cancellation ?? failure;
    this.operator.pause.end();
    const steps = this.#accepted;
    const noWayBack = steps.noWayBack;
    // A cluster that could not be looked at may be healthy.
    const gaps = gapsOf(error);
    const unproven = gaps !== undefined;
    const asked = this.operator.decision ?? (unproven ? 'leave' : this.#onFailure);
    const leave = noWayBack || (!isCancellation(error) && asked === 'leave');
    if (!leave) this.progress.enter('rollingBack');
    const why = noWayBack
      ? 'stays, for what was deleted cannot be brought back'
      : unproven
        ? 'left, for nothing was seen that is not as promised'
        : 'left as asked';
    const untouched = noWayBack && steps.isUntouched;
    const leftovers = untouched ? [] : await (leave ? steps.leave(why) : steps.undo());
    const left = { leftovers, deleted: steps.deleted };
    const incomplete = isIncomplete(steps.progress);
    const isLeftUnproven = leave && !noWayBack && unproven;
    const remains = untouched
      ? 'untouched'
      : isLeftUnproven
        ? 'leftUnproven'
        : remainsOf(steps.noWayBack, leave, incomplete, leftovers.length + left.deleted.length);
    countLeftovers(remains, leftovers.length);
    this.progress.tell([...(gaps ?? []), ...endTexts(error, remains, left), ...this.#unread]);
    const end = leave || incomplete ? 'failed' : 'rolledBack';
    this.progress.enter(end);
    await this.telling.end(end);
    const details = failureDetails(this.progress.now, error, checks, left, this.#record(applied));
    if (isCancellation(error) && !incomplete) {
      upsertMemo({ [cancellationMemo]: details });
      return error;
    }
    return scenarioFailure(error, details, remains, this.operator.undecided);
  }

  get #accepted(): Steps {
    if (!this.#steps) throw new Error('No plan was accepted');
    return this.#steps;
  }

  #record(applied: Applied | undefined): RunRecord {
    return { approvals: this.operator.approvals, reimages: applied?.reimages?.() ?? [] };
  }
}

/** Findings of steps that the plan could not know. */
const saidInstead = (plan: Plan, { steps }: Progress): string[] =>
  steps.flatMap(({ id, title, reason }) =>
    plan.steps.some((each) => each.id === id && each.reason !== reason) ? [`${title}: ${reason}`] : [],
  );

const nothingToDo = 'There was nothing to do: everything is as wanted already.';
const notProven = (text: string): string => `not proven: ${text}`;
const notRead = (text: string): string => `not seen: ${text}`;

/** The looks that failed, where a run fails by nothing else; `undefined` where it fails by something that was seen. */
function gapsOf(error: unknown): string[] | undefined {
  if (error instanceof UnprovenError) return unprovenTexts(error.checks).map(notProven);
  return isFailure(error, 'LookFailed') && patched('failed-looks-take-nothing-back')
    ? [notProven(errorText(error))]
    : undefined;
}

function remainsOf(noWayBack: boolean, leave: boolean, incomplete: boolean, leftovers: number): Remains {
  if (noWayBack) return 'pastReturn';
  if (leave) return 'leftAsAsked';
  if (incomplete) return 'incomplete';
  return leftovers > 0 ? 'withoutInverse' : 'takenBack';
}

/** @throws UnverifiedError where anything was seen otherwise; UnprovenError where something could not be looked at. */
async function verified({ progress }: Run, verify: () => Promise<Check[]>): Promise<Check[]> {
  const checks = withoutRepeats(
    await verify().catch((error: unknown) => {
      const isOther = isCancellation(error) || isFailure(error, 'ResetRun') || !(error instanceof TemporalFailure);
      if (isOther) throw error;
      throw new UnprovenError([unreadCheck(progress.now.cluster, error)], error);
    }),
  );
  if (checks.every(({ ok }) => ok)) return checks;
  throw checks.some(({ ok, verdict }) => !ok && verdict === 'missed')
    ? new UnverifiedError(checks)
    : new UnprovenError(checks);
}

const isOutcome = (error: unknown): boolean =>
  error instanceof TemporalFailure || error instanceof UnverifiedError || error instanceof UnprovenError;
