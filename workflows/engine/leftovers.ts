import { CancellationScope, patched } from '@temporalio/workflow';
import { isFailure } from '../../contract/failures.ts';
import type { Leftover } from '../../contract/result.ts';
import { azure } from './azure.ts';

/**
 * Those of the leftovers that are there: others may have deleted one meanwhile, or it went with what it was in. One that could
 * not be looked at counts as there, for nothing may be lost silently. Runs of version 0.1 have not looked.
 */
export async function stillThere(leftovers: readonly Leftover[]): Promise<Leftover[]> {
  if (leftovers.length === 0 || !patched('leftovers-are-looked-at')) return [...leftovers];
  const ids = [...new Set(leftovers.map(({ resourceId }) => resourceId))];
  const looking = () => azure.reading('Look at what remains').findGone(ids);
  const gone = await CancellationScope.nonCancellable(looking).catch((error: unknown): string[] => {
    if (isFailure(error, 'ResetRun')) throw error;
    return [];
  });
  return leftovers.filter(({ resourceId }) => !gone.includes(resourceId));
}
