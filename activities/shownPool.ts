import type { AgentPool, ManagedCluster, ManagedClusterAgentPoolProfile } from '@azure/arm-containerservice';
import type { ApplicationFailure } from '@temporalio/activity';
import { ownFailure } from '../contract/failures.ts';
import type { AgentPoolReference } from '../resources/agentPools.ts';
import { agentPoolId, clusterId, keyOf } from '../resources/ids.ts';
import type { ClientsOf } from './arm/connection.ts';
import { existingCluster } from './managedClusters.ts';

export const idOf = ({ cluster, pool }: AgentPoolReference): string => agentPoolId(clusterId(cluster), pool);

export const poolNotFound = (id: string): ApplicationFailure =>
  ownFailure('AgentPoolNotFound', `The node pool is not there any more (${id})`, id);

/** As much of a pool as its cluster tells: AKS lets clusters be read far more often than their pools. */
export type ShownPool = ManagedClusterAgentPoolProfile | AgentPool;

export async function shownPool(clients: ClientsOf, { cluster, pool }: AgentPoolReference): Promise<ShownPool> {
  return poolIn(await existingCluster(clients, cluster), { cluster, pool });
}

/** @throws ApplicationFailure `AgentPoolNotFound` if it has been deleted meanwhile. */
export function poolIn({ agentPoolProfiles = [] }: ManagedCluster, reference: AgentPoolReference): ShownPool {
  const shown = agentPoolProfiles.find(({ name }) => keyOf(name) === keyOf(reference.pool));
  if (!shown) throw poolNotFound(idOf(reference));
  return shown;
}
