import { ApplicationFailure } from '@temporalio/workflow';
import type { Approval } from '../../contract/approval.ts';
import { errorPage } from '../../contract/errors.ts';
import { errorTypes } from '../../contract/names.ts';
import type { Plan } from '../../contract/plan.ts';
import { type Problem, problemsText } from '../../contract/problem.ts';
import type { Progress } from '../../contract/progress.ts';
import type {
  AuditReport,
  Check,
  FailureDetails,
  Leftover,
  PlanReport,
  VerificationReport,
} from '../../contract/result.ts';
import { shortened } from '../../contract/shortened.ts';
import type { PoolReimage } from '../../resources/nodes.ts';
import { errorText, mostErrorBytes, scenarioError } from './errorText.ts';

/** Azure does not show what was promised. */
export class UnverifiedError extends Error {
  readonly checks: Check[];
  constructor(checks: Check[]) {
    const missed = checks.filter(({ ok }) => !ok);
    const texts = missed.map(({ title, expected, seen }) => `${title}: expected ${expected}, seen ${seen}`);
    super(shortened(texts.join('; '), mostErrorBytes));
    this.checks = checks;
  }
}

/** Facts about a run that its report and its failure both carry. */
export interface Evidence {
  approvals: readonly Approval[];
  reimages: readonly PoolReimage[];
}

/** How much of a failed run is still there. */
export type Remains =
  /** Something was deleted for good, so that what was changed before stays with it. */
  | 'pastReturn'
  | 'leftAsAsked'
  /** Something could not be taken back. */
  | 'incomplete'
  | 'takenBack';

/** The failure that ends a scenario before anything was changed. */
export function problemsFailure(type: string, problems: readonly Problem[]): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: `Nothing was changed.\n${problemsText(problems)}\nSee ${errorPage(type)}.`,
    nonRetryable: true,
    details: [problems],
  });
}

const unprovenTitles = (checks: readonly Check[]): string[] =>
  checks.flatMap(({ title, unproven }) => (unproven === undefined ? [] : [`${title}: ${unproven}`]));

export const planReport = ({ scenario, cluster }: Progress, plan: Plan): PlanReport => ({
  outcome: 'planned',
  scenario,
  cluster,
  plan,
});

export const auditReport = ({ cluster, startedAt, updatedAt }: Progress, checks: Check[]): AuditReport => ({
  outcome: 'audited',
  scenario: 'auditCluster',
  cluster,
  startedAt,
  finishedAt: updatedAt,
  isolated: checks.every(({ ok, unproven, accepted }) => ok && (unproven === undefined || accepted === true)),
  unproven: unprovenTitles(checks),
  checks,
});

export const verificationReport = (
  { scenario, cluster, startedAt, updatedAt, steps }: Progress,
  plan: Plan,
  checks: Check[],
  evidence: Evidence,
): VerificationReport => ({
  outcome: 'verified',
  scenario,
  cluster,
  startedAt,
  finishedAt: updatedAt,
  unproven: unprovenTitles(checks),
  plan,
  steps,
  checks,
  ...evidence,
});

/** The problem that a look at Azure has met, where it was refused. */
export function discoveryProblem(error: unknown, where: string): Problem {
  const cause = scenarioError(error);
  const correlation = cause?.correlationId === undefined ? '' : ` (correlation ID ${cause.correlationId})`;
  const whatToDo = cause?.whatToDo ?? 'Correct what the message says, then start the scenario again.';
  return { where, problem: `${errorText(error)}${correlation}`, whatToDo };
}

export function failureDetails(
  { cluster, steps }: Progress,
  error: unknown,
  checks: Check[],
  leftovers: Leftover[],
  evidence: Evidence,
): FailureDetails {
  const cause = scenarioError(error);
  return {
    cluster,
    ...(cause && { error: cause }),
    steps,
    checks: error instanceof UnverifiedError ? error.checks : checks,
    ...evidence,
    leftovers,
  };
}

/**
 * The failure that ends a scenario after it has changed something.
 *
 * @param undecided Says that nobody answered in time, if an operator was asked.
 */
export function scenarioFailure(
  error: unknown,
  details: FailureDetails,
  remains: Remains,
  undecided: string | undefined,
): ApplicationFailure {
  const { error: cause, leftovers } = details;
  const type = failureType(error, details);
  const correlation = cause?.correlationId && `Correlation ID: ${cause.correlationId}`;
  const page = `See ${[...new Set([cause?.page, errorPage(type)])].filter(Boolean).join(' and ')}.`;
  const left = leftovers.map(({ resourceId, why, whatToDo }) =>
    shortened(`- remains: ${[`${resourceId} (${why})`, whatToDo].filter(Boolean).join('. ')}`, mostLeftoverBytes),
  );
  const more = left.splice(mostLeftovers).length;
  if (more > 0) left.push(`- and ${more} more, see the details`);
  const message = [errorText(error), cause?.whatToDo, correlation, undecided, outcomeText(remains), ...left, page];
  return ApplicationFailure.create({
    type,
    message: message.filter(Boolean).join('\n'),
    nonRetryable: true,
    details: [details],
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

/** As many as a person reads, each in the words of a check; the details have all of them. */
const mostLeftovers = 50;
const mostLeftoverBytes = 1_000;

function failureType(error: unknown, { steps }: FailureDetails): string {
  if (isIncomplete(steps)) return errorTypes.rollbackIncomplete;
  return error instanceof UnverifiedError ? errorTypes.verificationFailed : errorTypes.stepFailed;
}

/** Whether undo has left something behind. */
export const isIncomplete = (steps: Progress['steps']): boolean => steps.some(({ state }) => state === 'leftBehind');

function outcomeText(remains: Remains): string {
  switch (remains) {
    case 'pastReturn':
      return 'What had been deleted stays deleted.';
    case 'leftAsAsked':
      return 'Everything was left as it is, as asked.';
    case 'incomplete':
      return 'Not everything could be taken back.';
    case 'takenBack':
      return 'Everything that this run had changed was taken back.';
  }
}
