import { isFailure, isNotFound } from '../../contract/failures.ts';
import { now, pause } from './clock.ts';
import { type LongRunningOperation, longRunningOperation } from './longRunningOperation.ts';

/**
 * Carries out a deletion. What somebody else has deleted in the middle, alone or with all that it was in, is gone as well. Interfaces
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

const longestLingerMs = 30 * 60_000;
const lingerPauseMs = 30_000;
