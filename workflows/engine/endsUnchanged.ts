import { isCancellation, TemporalFailure } from '@temporalio/workflow';
import { applicationFailure, isFailure, policyProblemsOf } from '../../contract/failures.ts';
import { errorTypes } from '../../contract/names.ts';
import { boundedProblems, type Problem } from '../../contract/problem.ts';
import { errorText } from './errorText.ts';
import { discoveryProblem, endTexts, problemsFailure } from './outcome.ts';
import type { RunProgress } from './progress.ts';
import type { Speaker } from './telling.ts';

/** The failure that ends the workflow where a look at Azure was refused or cancelled. */
export async function failDiscovery({ progress, telling }: Speaker, error: unknown): Promise<unknown> {
  if (isCancellation(error)) {
    progress.tell(endTexts(error, 'untouched', nothingLeft));
    progress.enter('rolledBack');
  }
  if (isCancellation(error) || !(error instanceof TemporalFailure)) return error;
  if (isFailure(error, 'ResetRun')) return endReset(progress, error);
  const forbidden = policyProblemsOf(error);
  const problems = forbidden.length > 0 ? forbidden : [discoveryProblem(error, progress.now.cluster)];
  return refused({ progress, telling }, problems);
}

const nothingLeft = { leftovers: [], deleted: [] };

/** The failure that ends a run that was reset. It calls no activity: whoever has reset it sees how it ends. */
export function endReset(progress: RunProgress, error: unknown): unknown {
  progress.tell([errorText(error)]);
  progress.enter('failed');
  return applicationFailure(error);
}

/** The failure that ends the workflow before anything was changed. */
export async function refused({ progress, telling }: Speaker, found: readonly Problem[]): Promise<Error> {
  const problems = boundedProblems(found);
  progress.change({ problems });
  progress.enter('failed');
  await telling.end('failed');
  return problemsFailure(errorTypes.preflightFailed, problems);
}
