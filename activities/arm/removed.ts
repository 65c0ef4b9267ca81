import { isFailure, isNotFound } from '../../contract/failures.ts';
import { now, pause } from './clock.ts';
import { type LongRunningOperation, longRunningOperation } from './longRunningOperation.ts';

/**
 * Carries out a deletion. It succeeds where somebody else deletes the resource meanwhile, alone or with all that it is in. Interfaces
 * and links linger for up to half an hour after what they belonged to is gone; what holds it for longer is in Azure's own words.
 * Source: Azure/azure-sdk-for-go#14967, Azure/azure-cli#15010.
 *
 * @param recheck Called before the request is sent again: the resource may be somebody else's by then.
 */
export async function removed(deletion: LongRunningOperation, recheck?: () => Promise<void>): Promise<void> {
  const startedAt = now();
  for (;;) {
    const error = await longRunningOperation(deletion).then(
      () => undefined,
      (reason: unknown) => reason ?? new Error('no reason'),
    );
    if (error === undefined || isNotFound(error)) return;
    const mayLinger = isFailure(error, 'InUseSubnetCannotBeDeleted', 'CannotDeleteResource');
    if (!mayLinger || now() - startedAt > longestLingerMs) throw error;
    await pause(lingerPauseMs);
    await recheck?.();
  }
}

/** As long as interfaces and links have been seen to linger, see above. */
const longestLingerMs = 30 * 60_000;
/** Each try is a write of the subscription's, and sixty of them are enough to notice the end. */
const lingerPauseMs = 30_000;
