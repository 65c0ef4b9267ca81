import type { ManagedCluster } from '@azure/arm-containerservice';
import {
  type Answer,
  group,
  location,
  openCluster,
  polling,
  runInCluster,
  type Started,
  start,
  versioned,
} from '../support.ts';

/** A simulated Azure with a resource group, in which no quota ends a case. */
export async function startWithGroup(name: string): Promise<Started> {
  const azure = await start();
  await azure.send('POST', '/simulator/reset', { quotas: { standardDDSv5Family: 5000, cores: 5000 } });
  await azure.put(group(name), { location });
  return azure;
}

/** Requests of cases to the clusters of a resource group. @param azure A function: the simulator starts before the first case. */
export function clustersIn(resourceGroup: string, azure: () => Started) {
  const id = (name: string, below = ''): string =>
    `${group(resourceGroup)}/providers/Microsoft.ContainerService/managedClusters/${name}${below}`;
  return {
    /** ID of a cluster, or of what is below it. */
    id,
    /** Creates an open cluster that is changed so. */
    create: (name: string, changes: Partial<ManagedCluster> = {}): Promise<ManagedCluster> =>
      azure().aks.managedClusters.createOrUpdate(resourceGroup, name, openCluster(changes), polling),
    inside: (name: string, command: string) => runInCluster(azure(), resourceGroup, name, command),
    /** Reimages a pool, and gives the end of the operation. */
    reimage: async (name: string, pool: string): Promise<Answer> =>
      azure().answerAtEnd(
        await azure().send('POST', versioned(id(name, `/agentPools/${pool}/upgradeNodeImageVersion`))),
      ),
  };
}
