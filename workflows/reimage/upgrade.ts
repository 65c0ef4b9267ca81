import { isCancellation } from '@temporalio/workflow';
import { isFailure, sentBefore } from '../../contract/failures.ts';
import type { AgentPoolReference } from '../../resources/agentPools.ts';
import type { PoolEvidence } from '../../resources/nodes.ts';
import { azure } from '../engine/azure.ts';
import { errorText } from '../engine/errorText.ts';
import type { PoolMeans } from './poolSetting.ts';

/**
 * Upgrades a pool to another patch of Kubernetes, for which AKS makes its nodes anew.
 *
 * @returns the pool afterwards, or why Azure has not begun.
 */
export async function upgradePool(
  { cluster, pool }: AgentPoolReference,
  orchestratorVersion: string,
  means: PoolMeans,
): Promise<{ after: PoolEvidence } | { refused: string }> {
  try {
    return await azure
      .operating(`Upgrade node pool ${pool} to Kubernetes ${orchestratorVersion}`)
      .changeAgentPool({ cluster, pool, ...means, change: { orchestratorVersion } });
  } catch (error) {
    const isRefused = sentBefore(error) === false && !isFailure(error, 'ResetRun', 'OperationInProgress');
    if (isCancellation(error) || !isRefused) throw error;
    return { refused: errorText(error) };
  }
}
