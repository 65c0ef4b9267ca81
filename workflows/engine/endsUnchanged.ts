import { isCancellation, TemporalFailure } from '@temporalio/workflow';
import { applicationFailure, isFailure, policyProblemsOf } from '../../contract/failures.ts';
import { errorTypes } from '../../contract/names.ts';
import { boundedProblems, type Problem } from '../../contract/problem.ts';
import { discoveryProblem, problemsFailure } from './outcome.ts';
import type { Speaker } from './telling.ts';

/** The failure that ends the workflow where a look at Azure was refused or cancelled. */
export async function failDiscovery({ progress, telling }: Speaker, error: unknown): Promise<unknown> {
  if (isCancellation(error)) progress.enter('rolledBack');
  if (isCancellation(error) || !(error instanceof TemporalFailure)) return error;
  if (isFailure(error, 'ResetRun')) {
    // A reset run calls no activity: whoever has reset it sees how it ends.
    progress.enter('failed');
    return applicationFailure(error);
  }
  const forbidden = policyProblemsOf(error);
  const problems = forbidden.length > 0 ? forbidden : [discoveryProblem(error, progress.now.cluster)];
  return refused({ progress, telling }, problems);
}

/** The failure that ends the workflow before anything was changed. */
export async function refused({ progress, telling }: Speaker, found: readonly Problem[]): Promise<Error> {
  const problems = boundedProblems(found);
  progress.change({ problems });
  progress.enter('failed');
  await telling.end('failed');
  return problemsFailure(errorTypes.preflightFailed, problems);
}
