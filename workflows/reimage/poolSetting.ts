import { isFailure } from '../../contract/failures.ts';
import { agentPoolId, type ClusterReference } from '../../resources/ids.ts';
import { azure } from '../engine/azure.ts';
import type { Remaining } from '../engine/step.ts';

type ChangeRequest = Parameters<ReturnType<typeof azure.operating>['changeAgentPool']>[0];
/** How a pool is changed, whatever is changed of it. */
export type PoolMeans = Omit<ChangeRequest, 'cluster' | 'pool' | 'change' | 'written'>;

export interface PoolNames {
  cluster: ClusterReference;
  /** Resource ID of the cluster. */
  id: string;
  pool: string;
}

type PoolSettings = Awaited<ReturnType<ReturnType<typeof azure.reading>['readAgentPool']>>;

/** A setting of a pool that a run changes for a while. */
export interface PoolSetting {
  /** For people. */
  name: string;
  of(settings: PoolSettings): string | null | undefined;
}

export async function readSetting({ cluster, pool }: PoolNames, { name, of }: PoolSetting): Promise<string | null> {
  return of(await azure.reading(`Read the ${name} of ${pool}`).readAgentPool({ cluster, pool })) ?? null;
}

/** Names the pool while its setting is another one than the owner's: one that cannot be looked at is named, one that is gone is not. */
export async function remainingSetting(
  names: PoolNames,
  setting: PoolSetting,
  former: string | null,
  whatToDo: string,
): Promise<Remaining> {
  const now = await readSetting(names, setting).catch((error: unknown) => {
    if (isFailure(error, 'ResetRun')) throw error;
    return isFailure(error, 'AgentPoolNotFound', 'ClusterNotFound') ? former : 'not known';
  });
  const leftover = {
    resourceId: agentPoolId(names.id, names.pool),
    why: `its ${setting.name} is ${now ?? 'not set'}, and was ${former ?? 'not set'}`,
    whatToDo,
  };
  return { leftovers: now === former ? [] : [leftover], resourceIsGone: false };
}
