import type { ClusterReference } from '../../resources/ids.ts';
import { createExistingCluster, type Pools } from '../../scripts/local/existingCluster.ts';
import { subscriptionId } from '../support/azure.ts';
import type { Harness } from '../support/harness.ts';

export const onePool: Pools = { system: { mode: 'System', count: 1 } };

/** Makes small clusters in a resource group of their own. */
export async function smallClusters(
  { azure }: Harness,
  resourceGroup: string,
  count: number,
): Promise<ClusterReference[]> {
  const all = Array.from({ length: count }, (_, n) => ({
    subscriptionId,
    resourceGroup,
    name: `${resourceGroup}-${n}`,
  }));
  for (const cluster of all) await createExistingCluster(azure.simulator, { cluster, pools: onePool });
  return all;
}

/** The clusters of a resource group, as a rollout's input names them. */
export const selected = (resourceGroup: string) => ({ select: { subscriptions: [subscriptionId], resourceGroup } });
