import { type ManagedCluster, restorePoller } from '@azure/arm-containerservice';
import { ownFailure } from '../contract/failures.ts';
import { type ClusterReference, clusterId } from '../resources/ids.ts';
import {
  type ClusterChange,
  type ClusterFacts,
  type ClusterPrerequisites,
  type ClusterSpecification,
  changeDifferences,
  clusterDifferences,
  isBusy,
  type KubernetesVersionFacts,
} from '../resources/managedClusters.ts';
import { carriesMarks, type Marks, markTags } from '../resources/marks.ts';
import type { BusyPolicy } from '../resources/operations.ts';
import { isFailed, isFinal } from '../resources/provisioningState.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureRead, azureReadIfRegistered } from './arm/errors.ts';
import { awaitOperation, type Found, longRunningOperation } from './arm/longRunningOperation.ts';
import { retryWhileBusy, untilIdle } from './arm/otherOperations.ts';
import { awaitingRoles } from './arm/rolePropagation.ts';
import { changed, clusterFacts, managedCluster } from './managedClusterBody.ts';

export interface ClusterUpdate {
  cluster: ClusterReference;
  change: ClusterChange;
  busyPolicy: BusyPolicy;
}

export async function readCluster(clients: ClientsOf, cluster: ClusterReference): Promise<ClusterFacts | undefined> {
  const { managedClusters } = clients(cluster.subscriptionId).containerService;
  const found = await azureRead(clusterId(cluster), () => managedClusters.get(cluster.resourceGroup, cluster.name));
  return found && clusterFacts(found);
}

/** @throws ApplicationFailure `ClusterNotFound` if it has been deleted meanwhile. */
export async function existingCluster(clients: ClientsOf, cluster: ClusterReference): Promise<ClusterFacts> {
  const seen = await readCluster(clients, cluster);
  const id = clusterId(cluster);
  if (!seen || seen.provisioningState === 'Deleting') {
    throw ownFailure('ClusterNotFound', `The cluster is not there any more, or is being deleted (${id})`, id);
  }
  return seen;
}

/** The cluster once nothing runs on it or its pools. Call it in an activity that heartbeats. */
export async function idleCluster(
  clients: ClientsOf,
  cluster: ClusterReference,
  busyPolicy: BusyPolicy,
): Promise<ClusterFacts> {
  const { managedClusters, agentPools } = clients(cluster.subscriptionId).containerService;
  const { resourceGroup, name } = cluster;
  return untilIdle(busyPolicy, clusterId(cluster), async () => {
    const seen = await existingCluster(clients, cluster);
    const pool = seen.agentPoolProfiles.find(({ provisioningState }) => !isFinal(provisioningState));
    if (isBusy(seen)) {
      return { busy: seen.provisioningState, abort: () => managedClusters.abortLatestOperation(resourceGroup, name) };
    }
    if (!pool) return { idle: seen };
    const busy = `node pool ${pool.name} is ${pool.provisioningState}`;
    return { busy, abort: () => agentPools.abortLatestOperation(resourceGroup, name, pool.name) };
  });
}

/** The Kubernetes versions that AKS offers in a region. */
export async function readKubernetesVersions(
  clients: ClientsOf,
  subscriptionId: string,
  location: string,
): Promise<KubernetesVersionFacts[]> {
  const { managedClusters } = clients(subscriptionId).containerService;
  const id = `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/locations/${location}`;
  const found = await azureReadIfRegistered(id, () => managedClusters.listKubernetesVersions(location));
  return (found?.values ?? []).map(({ version = '', isDefault = false, isPreview = false, patchVersions = {} }) => ({
    version,
    isDefault,
    isPreview,
    patchVersions: Object.keys(patchVersions),
  }));
}

export function managedClusterActivities(clients: ClientsOf) {
  return {
    /**
     * Creates the cluster, or reconciles a failed one that an earlier run of the workflow made, and waits until Azure is done.
     *
     * @throws ApplicationFailure with Azure's error code, `NotOwned` if somebody else has made the cluster since discovery,
     * or `ReadBackMismatch` where Azure shows something else than was asked.
     */
    async createOrUpdateCluster(
      specification: ClusterSpecification,
      { kubeletIdentity, rolePropagation }: ClusterPrerequisites = {},
    ): Promise<ClusterFacts> {
      const { cluster } = specification;
      const { containerService } = clients(cluster.subscriptionId);
      const { managedClusters } = containerService;
      const id = clusterId(cluster);
      const there = await readCluster(clients, cluster);
      const { [markTags.workflow]: workflow = '', [markTags.run]: run = '' } = specification.tags;
      if (there) refuseForeign(there, { [markTags.workflow]: workflow });
      const body = managedCluster(specification, kubeletIdentity);
      await awaitingRoles(rolePropagation, id, () =>
        longRunningOperation({
          resourceId: id,
          start: () => managedClusters.createOrUpdate(cluster.resourceGroup, cluster.name, body),
          restore: (state) => restorePoller(containerService, state, managedClusters.createOrUpdate),
          find: async (): Promise<Found<ManagedCluster>> => {
            const seen = await readCluster(clients, cluster);
            if (!seen || isFailed(seen.provisioningState)) return { state: 'absent' };
            refuseForeign(seen, { [markTags.run]: run });
            return seen.provisioningState === 'Succeeded' ? { state: 'done', result: undefined } : { state: 'running' };
          },
        }),
      );
      const seen = await readCluster(clients, cluster);
      if (!seen) throw ownFailure('ReadBackMismatch', `The cluster was created and is not there (${id})`, id);
      const differences = clusterDifferences(specification, seen);
      if (differences.length > 0) {
        throw ownFailure('ReadBackMismatch', `${differences.join('; ')} (${id})`, id);
      }
      return seen;
    },

    /**
     * Changes what makes a cluster network isolated, leaves everything else as it is, and reads it back.
     *
     * @throws ApplicationFailure with Azure's error code, `ClusterNotFound`, `OperationInProgress` where somebody else's
     * operation outlasts the budget, or `ReadBackMismatch` where Azure shows something else than was asked.
     */
    async updateCluster({ cluster, change, busyPolicy }: ClusterUpdate): Promise<void> {
      const { containerService } = clients(cluster.subscriptionId);
      const { managedClusters } = containerService;
      const id = clusterId(cluster);
      const there = await existingCluster(clients, cluster);
      // Undo may come to a change that Azure refused, and another attempt to one that took effect.
      if (there.provisioningState === 'Succeeded' && changeDifferences(change, there).length === 0) return;
      let whole: ManagedCluster | undefined;
      await retryWhileBusy(busyPolicy, id, async () => {
        await longRunningOperation({
          resourceId: id,
          async prepare() {
            await idleCluster(clients, cluster, busyPolicy);
            // Read as late as can be: AKS takes a cluster whole, and what somebody changes meanwhile would be undone.
            whole = await azureCall(id, () => managedClusters.get(cluster.resourceGroup, cluster.name));
          },
          start() {
            if (!whole) throw new Error('prepare() comes first');
            const options = whole.eTag === undefined ? {} : { ifMatch: whole.eTag };
            return managedClusters.createOrUpdate(cluster.resourceGroup, cluster.name, changed(whole, change), options);
          },
          restore: (state) => restorePoller(containerService, state, managedClusters.createOrUpdate),
          find: async (): Promise<Found<ManagedCluster>> => {
            const seen = await existingCluster(clients, cluster);
            if (isBusy(seen)) return { state: 'running' };
            const done = !isFailed(seen.provisioningState) && changeDifferences(change, seen).length === 0;
            return done ? { state: 'done', result: undefined } : { state: 'absent' };
          },
        });
      });
      const differences = changeDifferences(change, await existingCluster(clients, cluster));
      if (differences.length > 0) throw ownFailure('ReadBackMismatch', `${differences.join('; ')} (${id})`, id);
    },

    /** Waits until an operation that an earlier run of the same workflow began has ended, however it ends. */
    async awaitCluster(cluster: ClusterReference): Promise<void> {
      await awaitOperation(async () => {
        const seen = await readCluster(clients, cluster);
        return seen && isBusy(seen) ? { state: 'running' } : { state: 'done', result: undefined };
      });
    },

    /**
     * Deletes a cluster that carries these marks, whatever it is busy with: AKS lets a deletion preempt a creation.
     *
     * @throws ApplicationFailure `NotOwned`; the cluster is then left as it is.
     */
    async deleteCluster({ cluster, marks }: { cluster: ClusterReference; marks: Marks }): Promise<void> {
      const { containerService } = clients(cluster.subscriptionId);
      const { managedClusters } = containerService;
      const seen = await readCluster(clients, cluster);
      if (!seen) return;
      refuseForeign(seen, marks);
      await longRunningOperation({
        resourceId: clusterId(cluster),
        start: () => managedClusters.delete(cluster.resourceGroup, cluster.name),
        restore: (state) => restorePoller(containerService, state, managedClusters.delete),
        find: async () => {
          const now = await readCluster(clients, cluster);
          if (!now) return { state: 'done', result: undefined };
          return { state: now.provisioningState === 'Deleting' ? 'running' : 'absent' };
        },
      });
      if (await readCluster(clients, cluster)) {
        throw ownFailure(
          'ReadBackMismatch',
          `The cluster was deleted and is still there (${clusterId(cluster)})`,
          clusterId(cluster),
        );
      }
    },
  };
}

function refuseForeign({ id, tags }: ClusterFacts, marks: Marks): void {
  if (carriesMarks(tags, marks)) return;
  throw ownFailure('NotOwned', `This cluster was created by somebody else (${id})`, id);
}
