import type { Failure, ScenarioEnding } from '../../client/index.ts';
import type { AuditReport, Check, FailureDetails, VerificationReport } from '../../contract/index.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { between, durationText } from './duration.ts';
import { planExitCode, planText } from './plan.ts';
import { oneLine } from './printable.ts';
import type { Paint } from './style.ts';

export function exitCodeOf(ending: ScenarioEnding): ExitCode {
  switch (ending.outcome) {
    case 'verified':
      return exitCodes.ok;
    case 'planned':
      return planExitCode(ending.plan);
    case 'audited':
      return { Isolated: exitCodes.ok, Drifted: exitCodes.drifted, Unproven: exitCodes.unproven }[ending.verdict];
    case 'failed':
      return ending.type === 'DriftFound' ? exitCodes.drifted : exitCodes.failed;
    case 'cancelled':
    case 'terminated':
      return exitCodes.failed;
  }
}

/** How a run has ended, for people. */
export function endingText(ending: ScenarioEnding, paint: Paint): string {
  switch (ending.outcome) {
    case 'verified':
      return verifiedText(ending, paint);
    case 'planned':
      return planText(ending.plan, paint);
    case 'audited':
      return auditText(ending, paint);
    case 'failed':
      return paint('red', `Failed${ending.type === undefined ? '' : ` (${ending.type})`}: ${ending.message}`);
    case 'cancelled':
      return cancelledText(ending, paint);
    case 'terminated':
      return paint(
        'red',
        `${ending.message} Nothing was taken back. Start the same scenario again: it goes on from there.`,
      );
  }
}

function verifiedText(
  { checks, unproven, unread = [], nothingToDo, startedAt, finishedAt }: VerificationReport,
  paint: Paint,
): string {
  const met = checks.filter(({ ok }) => ok).length;
  const took = durationText(between(startedAt, finishedAt));
  return [
    paint(
      'green',
      `Verified: ${met} of ${checks.length} checks ok, in ${took}${nothingToDo ? '; there was nothing to do' : ''}.`,
    ),
    ...unproven.map((each) => paint('yellow', `  not proven: ${oneLine(each)}`)),
    ...unread.map((each) => paint('yellow', `  not seen beforehand: ${oneLine(each)}`)),
    ...checks
      .filter(({ verdict }) => verdict === 'missed')
      .map((check) => paint('yellow', `  accepted: ${checkText(check)}`)),
  ].join('\n');
}

function auditText({ verdict, cluster, checks, drift, unproven }: AuditReport, paint: Paint): string {
  const colour = { Isolated: 'green', Drifted: 'red', Unproven: 'yellow' } as const;
  const met = checks.filter(({ verdict: each }) => each === 'met').length;
  return [
    paint(colour[verdict], `${verdict}: ${cluster}, ${met} of ${checks.length} checks as expected.`),
    ...drift.map((each) => paint('red', `  drift: ${oneLine(each)}`)),
    ...unproven.map((each) => paint('yellow', `  not proven: ${oneLine(each)}`)),
  ].join('\n');
}

const checkText = ({ title, expected, seen }: Check): string =>
  `${title}: expected ${oneLine(expected)}, seen ${oneLine(seen)}`;

function cancelledText({ details }: Failure, paint: Paint): string {
  const { leftovers = [], deleted = [] } = (details ?? {}) as Partial<FailureDetails>;
  const end =
    leftovers.length + deleted.length > 0
      ? 'Not everything was taken back:'
      : 'Everything that it had changed was taken back.';
  return [
    paint('yellow', `Cancelled. ${details === undefined ? 'Nothing had been changed.' : end}`),
    ...leftovers.map(({ resourceId, why }) => `  remains: ${resourceId} (${oneLine(why)})`),
    ...deleted.map(({ resourceId, why }) => `  deleted: ${resourceId} (${oneLine(why)})`),
  ].join('\n');
}
