import type { FailureCode } from '../../contract/errors.ts';
import { isFailure } from '../../contract/failures.ts';
import { errorText } from './errorText.ts';

/**
 * Failures that no retry within this run changes, whatever an operator mends: the run rests on what its plan has seen, and that
 * is gone. Everything else may pass, or be mended: permissions, quotas, policies, locks, what somebody else has made.
 */
const lasting: readonly FailureCode[] = ['ClusterNotFound', 'AgentPoolNotFound'];

/**
 * As many as an operator sends by hand, and far from the 2,000 updates that Temporal takes for a run (`history.maxTotalUpdates`;
 * refused ones do not count): 100 pauses, as many resumes, 100 retries and their approvals are some 500.
 */
export const mostPauses = 100;
export const mostRetries = 100;

/** Why trying again cannot succeed in this run; `undefined` where it may. */
export function noRetryBecause(failures: readonly unknown[], retries: number): string | undefined {
  const hopeless = failures.find((failure) => isFailure(failure, ...lasting));
  if (hopeless) return `The plan of this run rests on what is gone (${errorText(hopeless)}). Start the scenario again.`;
  if (retries < mostRetries) return undefined;
  return `This run was retried ${retries} times, which is as often as it can be. Start the scenario again.`;
}
