import { describe, expect, it } from '@jest/globals';
import { azureFailure, ownFailure } from '../../../contract/failures.ts';
import { mostPauses, mostRetries, noRetryBecause } from '../../../workflows/engine/retries.ts';

describe('a retry', () => {
  it.each([
    ['a quota, which somebody raises', azureFailure('QuotaExceeded', 'No cores', '/c')],
    ['what somebody else has made, and takes away', ownFailure('NotOwned', 'Not ours', '/c')],
    ['a gate that nobody passed', ownFailure('ApprovalTimedOut', 'Nobody')],
    ['a code that nobody knows', azureFailure('SomethingNew', 'No', '/c')],
  ])('is offered after %s', (_what, failure) => {
    expect(noRetryBecause([failure], 0)).toBeUndefined();
  });

  it.each([
    ['cluster', ownFailure('ClusterNotFound', 'Gone', '/c')],
    ['node pool', ownFailure('AgentPoolNotFound', 'Gone', '/c')],
  ])('is not offered where a %s of the plan is gone, whatever else has failed', (_what, failure) => {
    const other = azureFailure('QuotaExceeded', 'No cores', '/c');
    expect(noRetryBecause([other, failure], 0)).toMatch(/Gone.*Start the scenario again/);
  });

  it('is offered a bounded number of times, so that Temporal takes the last answer', () => {
    const failure = azureFailure('QuotaExceeded', 'No cores', '/c');
    expect(noRetryBecause([failure], mostRetries - 1)).toBeUndefined();
    expect(noRetryBecause([failure], mostRetries)).toContain(`${mostRetries} times`);
    // Two gates are asked for again after each retry.
    const most = 2 * mostPauses + mostRetries + 1 + 2 * (mostRetries + 1);
    expect(most).toBeLessThan(2_000);
  });
});
