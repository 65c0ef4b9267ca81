import { type ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { Approval } from '../../contract/approval.ts';
import { errorPage } from '../../contract/errors.ts';
import { withoutStack } from '../../contract/failures.ts';
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
import { unseen } from './check.ts';
import { errorText, mostErrorBytes, scenarioError } from './errorText.ts';

/** Azure does not show what was promised. */
export class UnverifiedError extends Error {
  readonly checks: Check[];
  constructor(checks: Check[]) {
    super(shortened(missedTexts(checks).join('; '), mostErrorBytes));
    this.checks = checks;
  }
}

/** Everything that was looked at is as promised, and something of it could not be looked at. */
export class UnprovenError extends Error {
  readonly checks: Check[];
  constructor(checks: Check[], cause?: unknown) {
    const texts = unprovenTexts(checks.filter(({ ok }) => !ok));
    super(shortened(`Not proven: ${texts.join('; ')}`, mostErrorBytes), { cause });
    this.checks = checks;
  }
}

/** The check of everything at once, where Azure could not be read. */
export const unreadCheck = (cluster: string, error: unknown): Check =>
  unseen(
    { id: 'verification', title: 'Everything that was promised', resourceId: cluster, expected: 'read back' },
    'failed',
    errorText(error),
  );

/** Facts about a run that its report and its failure both carry. */
export interface RunRecord {
  approvals: readonly Approval[];
  reimages: readonly PoolReimage[];
}

/** Everything that a failed run has not taken back, by resource ID. */
export interface NotTakenBack {
  leftovers: readonly Leftover[];
  deleted: readonly Leftover[];
}

/** How much of a failed run is still there. */
export type Remains =
  /** Everything that was to be deleted is there: nobody let the run begin. */
  | 'untouched'
  /** Something was deleted for good, so that what was changed before stays with it. */
  | 'pastReturn'
  | 'leftAsAsked'
  /** Nothing was seen that is not as promised. */
  | 'leftUnproven'
  /** Something could not be taken back. */
  | 'incomplete'
  /** Changes without an inverse, such as a reimage, stay. */
  | 'withoutInverse'
  | 'takenBack';

/** The failure that ends a scenario before anything was changed. */
export function problemsFailure(type: string, problems: readonly Problem[]): ApplicationFailure {
  return withoutStack({
    type,
    message: `Nothing was changed.\n${problemsText(problems)}\nSee ${errorPage(type)}.`,
    nonRetryable: true,
    details: [problems],
  });
}

/** Everything that could not be looked at, with the reason. */
export const unprovenTexts = (checks: readonly Check[]): string[] =>
  checks.flatMap(({ title, unproven }) => (unproven === undefined ? [] : [`${title}: ${unproven}`]));

const missedTexts = (checks: readonly Check[]): string[] =>
  checks.flatMap(({ title, expected, seen, verdict, ok }) =>
    verdict === 'missed' && !ok ? [`${title}: expected ${expected}, seen ${seen}`] : [],
  );

/** A plan as callers see it; scenarios add what their steps need. */
const reported = ({ unread, profile, differences, steps, turns, problems, byOther }: Plan): Plan => ({
  ...(unread && { unread }),
  ...(byOther && { byOther }),
  profile,
  differences,
  steps,
  ...(turns && { turns }),
  problems,
});

export const planReport = ({ scenario, cluster }: Progress, plan: Plan): PlanReport => ({
  outcome: 'planned',
  applicable: plan.problems.length === 0,
  ...(plan.unread && { unread: plan.unread }),
  scenario,
  cluster,
  plan: reported(plan),
});

/** @param forbiddenIsDrift Whether what may not be looked at counts as drift. */
export function auditReport(
  { cluster, startedAt, updatedAt, untold }: Progress,
  checks: Check[],
  forbiddenIsDrift: boolean,
): AuditReport {
  const forbidden = checks.filter(
    (each) =>
      forbiddenIsDrift &&
      each.verdict === 'unproven' &&
      (each.because === 'runCommandForbidden' || each.because === 'podDenied') &&
      !each.ok,
  );
  const drift = [...missedTexts(checks), ...unprovenTexts(forbidden)];
  const isProven = checks.every(({ verdict, accepted }) => verdict !== 'unproven' || accepted === true);
  const verdict = drift.length > 0 ? 'Drifted' : isProven ? 'Isolated' : 'Unproven';
  return {
    outcome: 'audited',
    verdict,
    drift,
    unproven: unprovenTexts(checks),
    isolated: verdict === 'Isolated',
    scenario: 'auditCluster',
    cluster,
    startedAt,
    finishedAt: updatedAt,
    checks,
    ...(untold && { untold }),
  };
}

/** Whether a plan changes nothing. */
export const hasNothingToDo = ({ steps }: Plan): boolean =>
  steps.every(({ action }) => action === 'none' || action === 'check');

export const verificationReport = (
  { scenario, cluster, startedAt, updatedAt, steps, untold }: Progress,
  plan: Plan,
  checks: Check[],
  record: RunRecord,
): VerificationReport => ({
  outcome: 'verified',
  unproven: unprovenTexts(checks),
  ...(plan.unread && { unread: plan.unread }),
  ...(hasNothingToDo(plan) && { nothingToDo: true }),
  scenario,
  cluster,
  startedAt,
  finishedAt: updatedAt,
  plan: reported(plan),
  steps,
  checks,
  ...record,
  ...(untold && { untold }),
});

/** The problem that a look at Azure has met, where it was refused. */
export function discoveryProblem(error: unknown, where: string): Problem {
  const cause = scenarioError(error);
  const correlation = cause?.correlationId === undefined ? '' : ` (correlation ID ${cause.correlationId})`;
  const whatToDo = cause?.whatToDo ?? 'Correct what the message says, then start the scenario again.';
  return { where, problem: `${errorText(error)}${correlation}`, whatToDo };
}

export function failureDetails(
  { cluster, steps, untold }: Progress,
  error: unknown,
  checks: Check[],
  { leftovers, deleted }: NotTakenBack,
  record: RunRecord,
): FailureDetails {
  const cause = scenarioError(error instanceof UnprovenError ? error.cause : error);
  const seen = error instanceof UnverifiedError || error instanceof UnprovenError ? error.checks : checks;
  return {
    unproven: unprovenTexts(seen),
    cluster,
    ...(cause && { error: cause }),
    steps,
    checks: seen,
    ...record,
    leftovers,
    ...(deleted.length > 0 && { deleted }),
    ...(untold && { untold }),
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
  const { error: cause, leftovers, deleted = [] } = details;
  const type = failureType(error, details);
  const correlation = cause?.correlationId && `Correlation ID: ${cause.correlationId}`;
  const page = `See ${[...new Set([cause?.page, errorPage(type)])].filter(Boolean).join(' and ')}.`;
  const left = [...leftoverLines('remains', leftovers), ...leftoverLines('deleted', deleted)];
  const message = [errorText(error), cause?.whatToDo, correlation, undecided, outcomeText(remains), ...left, page];
  return withoutStack({
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

function leftoverLines(what: 'remains' | 'deleted', left: readonly Leftover[]): string[] {
  const lines = left.map(({ resourceId, why, whatToDo }) =>
    shortened(`- ${what}: ${[`${resourceId} (${why})`, whatToDo].filter(Boolean).join('. ')}`, mostLeftoverBytes),
  );
  const more = lines.splice(mostLeftovers).length;
  return more > 0 ? [...lines, `- and ${more} more, see the details`] : lines;
}

function failureType(error: unknown, { steps }: FailureDetails): string {
  if (isIncomplete(steps)) return errorTypes.rollbackIncomplete;
  if (error instanceof UnprovenError) return errorTypes.unproven;
  return error instanceof UnverifiedError ? errorTypes.verificationFailed : errorTypes.stepFailed;
}

/** Whether undo has left something behind. */
export const isIncomplete = (steps: Progress['steps']): boolean => steps.some(({ state }) => state === 'leftBehind');

/** How a failed run ended, in the order in which people want to know. */
export const endTexts = (error: unknown, remains: Remains, { leftovers, deleted }: NotTakenBack): string[] => [
  outcomeText(remains),
  isCancellation(error) ? 'The run was cancelled.' : errorText(error),
  ...leftovers.map(({ resourceId, why }) => `remains: ${resourceId} (${why})`),
  ...deleted.map(({ resourceId, why }) => `deleted: ${resourceId} (${why})`),
];

/** How many of the promises are kept. */
export const checksText = (checks: readonly Check[]): string =>
  `${checks.filter(({ ok }) => ok).length} of ${checks.length} checks ok`;

function outcomeText(remains: Remains): string {
  switch (remains) {
    case 'untouched':
      return 'Nothing was changed.';
    case 'pastReturn':
      return 'What had been deleted stays deleted.';
    case 'leftAsAsked':
      return 'Everything was left as it is, as asked.';
    case 'leftUnproven':
      return 'Everything was left as it is, for nothing was seen that is not as promised.';
    case 'incomplete':
      return 'Not everything could be taken back.';
    case 'withoutInverse':
      return 'Everything that can be taken back was taken back; what has no inverse stays.';
    case 'takenBack':
      return 'Everything that this run had changed was taken back.';
  }
}
