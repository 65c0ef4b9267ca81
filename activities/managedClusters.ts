import type { ManagedCluster } from '@azure/arm-containerservice';
import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { activityInfo } from '@temporalio/activity';
import { isFailure, ownFailure } from '../contract/failures.ts';
import { type ClusterReference, clusterId, resourceReference } from '../resources/ids.ts';
import {
  bootstrapOf,
  type ClusterChange,
  type ClusterFacts,
  type ClusterPrerequisites,
  type ClusterSpecification,
  changeMismatches,
  clusterMismatches,
  isBusy,
  outboundOf,
} from '../resources/managedClusters.ts';
import { type Marks, markTags } from '../resources/marks.ts';
import type { BusyPolicy } from '../resources/operations.ts';
import { isFailed, isFinal } from '../resources/provisioningState.ts';
import { checkpoint } from './arm/checkpoint.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureRead } from './arm/errors.ts';
import { awaitOperation, type Found, longRunningOperation, notShown } from './arm/longRunningOperation.ts';
import { retryWhileBusy, untilIdle } from './arm/otherOperations.ts';
import {
  deleteResource,
  type MarkedResource,
  type MaybeUnseen,
  type ResourceType,
  retriedAfterRace,
} from './arm/ownedResource.ts';
import { readBackMismatch, refuseForeign } from './arm/refusals.ts';
import { onceReplicated, readOnceSent } from './arm/replication.ts';
import { isToPutBack, type PutBackPart } from './arm/resourceUpdate.ts';
import { awaitingRoles } from './arm/rolePropagation.ts';
import { answeredOnce } from './arm/sharedReads.ts';
import { changedBody, clusterBody, clusterFacts } from './managedClusterBody.ts';

export interface ClusterUpdate {
  cluster: ClusterReference;
  change: ClusterChange;
  /** For undo: what this run wrote. Where Azure shows something else, somebody's newer setting stays. */
  written?: ClusterChange;
  busyPolicy: BusyPolicy;
}

/** Conditions of a write. Source: AKS docs use-etags.md, "Configurations and expected behavior". */
type Conditions = { ifMatch?: string } | { ifNoneMatch: '*' };

/** Azure does not always show the ETag (recorded 2025-03 and 2025-10): then it also refuses what overlaps an operation. */
const ifUnchanged = ({ eTag }: ManagedCluster): Conditions => (eTag === undefined ? {} : { ifMatch: eTag });

export async function getCluster(clients: ClientsOf, cluster: ClusterReference): Promise<ManagedCluster | undefined> {
  const { managedClusters } = clients(cluster.subscriptionId).containerService;
  return azureRead(clusterId(cluster), () => managedClusters.get(cluster.resourceGroup, cluster.name));
}

export async function readCluster(clients: ClientsOf, cluster: ClusterReference): Promise<ClusterFacts | undefined> {
  const found = await getCluster(clients, cluster);
  return found && clusterFacts(found);
}

/** Undo takes a change back as two: where nodes boot from, and their egress. Either may be somebody else's meanwhile. */
const clusterParts = (before: ClusterChange, written: ClusterChange, seen: ClusterFacts): PutBackPart[] =>
  [bootstrapOf, outboundOf].map((part) => ({
    before: changeMismatches(part(before), seen),
    written: changeMismatches(part(written), seen),
  }));

/** @throws ApplicationFailure `ClusterNotFound` if the cluster has been deleted meanwhile. */
export async function readExistingCluster(clients: ClientsOf, cluster: ClusterReference): Promise<ClusterFacts> {
  return clusterFacts(await existingCluster(clients, cluster));
}

/** @param known What was read a moment ago. Default: asks. */
export async function existingCluster(
  clients: ClientsOf,
  cluster: ClusterReference,
  known?: ManagedCluster,
): Promise<ManagedCluster> {
  const seen = known ?? (await readOnceSent(() => getCluster(clients, cluster)));
  const id = clusterId(cluster);
  if (!seen || seen.provisioningState === 'Deleting') {
    throw ownFailure('ClusterNotFound', `The cluster is not there any more, or is being deleted (${id})`, id);
  }
  return seen;
}

/**
 * Waits until nothing runs on a cluster and its pools, and reads it. Call it in an activity that heartbeats.
 *
 * @param known What was read a moment ago. Default: asks.
 */
export async function idleCluster(
  clients: ClientsOf,
  cluster: ClusterReference,
  busyPolicy: BusyPolicy,
  known?: ManagedCluster,
): Promise<ManagedCluster> {
  let first = known;
  const { managedClusters, agentPools } = clients(cluster.subscriptionId).containerService;
  const { resourceGroup, name } = cluster;
  return untilIdle(busyPolicy, clusterId(cluster), async () => {
    const whole = await existingCluster(clients, cluster, first);
    first = undefined;
    const seen = clusterFacts(whole);
    const pool = seen.agentPoolProfiles.find(({ provisioningState }) => !isFinal(provisioningState));
    if (isBusy(seen)) {
      return { busy: seen.provisioningState, abort: () => managedClusters.abortLatestOperation(resourceGroup, name) };
    }
    if (!pool) return { idle: whole };
    const busy = `node pool ${pool.name} is ${pool.provisioningState}`;
    return { busy, abort: () => agentPools.abortLatestOperation(resourceGroup, name, pool.name) };
  });
}

/** AKS lets a deletion preempt a creation, so it is sent whatever the cluster is busy with. */
const clusterType: ResourceType<'containerService', ClusterFacts & { marks: Marks; etag: string | undefined }> = {
  kind: 'cluster',
  service: 'containerService',
  async read(clients, id) {
    const found = await getCluster(clients, resourceReference(id));
    if (!found) return undefined;
    const facts = clusterFacts(found);
    return { ...facts, marks: facts.tags, etag: found.eTag };
  },
  remove: ({ client, resourceGroup, name }, conditions) =>
    client.managedClusters.delete(resourceGroup, name, conditions),
};

async function createOrUpdate(
  clients: ClientsOf,
  specification: ClusterSpecification,
  { kubeletIdentity, rolePropagation, isNew = false }: ClusterPrerequisites,
): Promise<ClusterFacts> {
  const { cluster } = specification;
  const { containerService: client } = clients(cluster.subscriptionId);
  const id = clusterId(cluster);
  const { [markTags.workflow]: workflow = '', [markTags.run]: run = '' } = specification.tags;
  const body = clusterBody(specification, kubeletIdentity);
  let conditions: Conditions = {};
  let answer: PipelineResponse | undefined;
  const create = async () => {
    answer = await longRunningOperation({
      resourceId: id,
      client,
      kind: specification.containerRegistryId === undefined ? 'createClusterWithManagedRegistry' : 'createCluster',
      async prepare() {
        // Azure refuses to create what is there, and the next attempt reads it.
        const there = isNew && activityInfo().attempt === 1 ? undefined : await getCluster(clients, cluster);
        if (there) refuseForeign('cluster', id, there.tags ?? {}, { [markTags.workflow]: workflow });
        conditions = there ? ifUnchanged(there) : { ifNoneMatch: '*' };
      },
      send: () => client.managedClusters.createOrUpdate(cluster.resourceGroup, cluster.name, body, conditions),
      async find(): Promise<Found> {
        const seen = await readCluster(clients, cluster);
        if (!seen || isFailed(seen.provisioningState)) return 'absent';
        refuseForeign('cluster', id, seen.tags, { [markTags.run]: run });
        return seen.provisioningState === 'Succeeded' ? 'done' : 'running';
      },
    }).catch(retriedAfterRace);
  };
  await awaitingRoles(rolePropagation, id, create);
  const seen = await onceReplicated(
    answeredOnce(answer, () => readCluster(clients, cluster)),
    (each) => each !== undefined,
  );
  if (!seen) throw notShown(id);
  const mismatches = clusterMismatches(specification, seen);
  if (mismatches.length > 0) throw readBackMismatch(mismatches, id);
  return seen;
}

/** The outcome of a change whose tags Azure does not show: a policy strips or denies them. Everything else was changed. */
export interface ClusterChanged {
  tagsNotKept?: true;
}

async function changeCluster(clients: ClientsOf, update: ClusterUpdate): Promise<ClusterChanged | undefined> {
  const { change } = update;
  let seen: ClusterFacts;
  try {
    seen = await changeWhole(clients, update);
  } catch (error) {
    if (!keepsTags(change) || !isFailure(error, 'RequestDisallowedByPolicy')) throw error;
    // Tags are for later: nothing of the change itself depends on them.
    const removed = Object.fromEntries(Object.entries(change.tags ?? {}).filter(([, value]) => value === null));
    seen = await changeWhole(clients, { ...update, change: { ...change, tags: removed } });
  }
  if (!keepsTags(change)) return undefined;
  return Object.entries(change.tags ?? {}).every(([key, value]) => value === null || seen.tags[key] === value)
    ? undefined
    : { tagsNotKept: true };
}

const keepsTags = ({ tags = {} }: ClusterChange): boolean => Object.values(tags).some((value) => value !== null);

/** @returns what Azure shows afterwards. */
async function changeWhole(
  clients: ClientsOf,
  { cluster, change, written, busyPolicy }: ClusterUpdate,
): Promise<ClusterFacts> {
  const { containerService: client } = clients(cluster.subscriptionId);
  const { resourceGroup, name } = cluster;
  const id = clusterId(cluster);
  const first = await existingCluster(clients, cluster);
  const there = clusterFacts(first);
  // The change may have been made: by an attempt whose answer was lost. Or Azure refused it, and undo finds the cluster as it was.
  if (there.provisioningState === 'Succeeded' && changeMismatches(change, there).length === 0) return there;
  // Where a request may have been sent, its operation is waited for first.
  const known = checkpoint().sent ? undefined : first;
  let answer: PipelineResponse | undefined;
  let whole: ManagedCluster | undefined;
  await retryWhileBusy(busyPolicy, id, async () => {
    answer = await longRunningOperation({
      resourceId: id,
      client,
      async prepare() {
        // AKS takes a cluster whole. A late read keeps other people's changes from being undone.
        whole = await idleCluster(clients, cluster, busyPolicy, known);
        if (!written) return;
        const seen = clusterFacts(whole);
        isToPutBack('cluster', id, seen.provisioningState, clusterParts(change, written, seen));
      },
      send() {
        if (!whole) throw new Error('prepare() comes first');
        const body = changedBody(whole, change);
        return client.managedClusters.createOrUpdate(resourceGroup, name, body, ifUnchanged(whole));
      },
      async find(): Promise<Found> {
        const seen = await readExistingCluster(clients, cluster);
        if (isBusy(seen)) return 'running';
        const done = !isFailed(seen.provisioningState) && changeMismatches(change, seen).length === 0;
        return done ? 'done' : 'absent';
      },
    });
  });
  const seen = await answeredOnce(answer, () => readExistingCluster(clients, cluster))();
  const mismatches = changeMismatches(change, seen);
  if (mismatches.length > 0) throw readBackMismatch(mismatches, id);
  return seen;
}

export const managedClusterActivities = (clients: ClientsOf) => ({
  /**
   * Creates a cluster, or reconciles a failed one that an earlier run of the workflow made.
   *
   * @throws ApplicationFailure with Azure's error code, `NotOwned` if somebody else has made the cluster since discovery,
   * or `ReadBackMismatch` where Azure shows something else than was asked.
   */
  createOrUpdateCluster: (
    specification: ClusterSpecification,
    prerequisites: ClusterPrerequisites = {},
  ): Promise<ClusterFacts> => createOrUpdate(clients, specification, prerequisites),

  /**
   * Changes the properties that isolate a cluster, leaves all others as they are, and reads the cluster back.
   *
   * @throws ApplicationFailure with Azure's error code, `ClusterNotFound`, `OperationInProgress` where somebody else's
   * operation outlasts the busy policy, `ChangedSince` where undo finds somebody's newer change, or `ReadBackMismatch` where
   * Azure shows something else than was asked.
   */
  updateCluster: (update: ClusterUpdate): Promise<ClusterChanged | undefined> => changeCluster(clients, update),

  /** Waits until nothing runs on the cluster and its pools, well or not: AKS makes nodes anew by itself after some changes. */
  awaitCluster: (cluster: ClusterReference): Promise<void> =>
    awaitOperation({
      resourceId: clusterId(cluster),
      async find() {
        const seen = await readCluster(clients, cluster);
        if (!seen) return 'done';
        const isRolling = seen.agentPoolProfiles.some(({ provisioningState }) => !isFinal(provisioningState));
        return isBusy(seen) || isRolling ? 'running' : 'done';
      },
    }),

  /** Deletes a cluster that carries these marks. */
  deleteCluster: ({
    cluster,
    ...marked
  }: { cluster: ClusterReference } & Omit<MarkedResource, 'id'>): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, clusterType, { id: clusterId(cluster), ...marked }),
});
