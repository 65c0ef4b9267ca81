import type { AgentPool } from '@azure/arm-containerservice';
import { applicationFailure, ownFailure } from '../contract/failures.ts';
import type { AgentPoolReference, Reimaged } from '../resources/agentPools.ts';
import { resourceGroupId } from '../resources/ids.ts';
import { copyOfTag, type Marks, withoutMarks } from '../resources/marks.ts';
import { mismatch } from '../resources/mismatch.ts';
import { type PoolEvidence, poolEvidence, proofOf } from '../resources/nodes.ts';
import type { BusyPolicy } from '../resources/operations.ts';
import { isFailed, isFinal } from '../resources/provisioningState.ts';
import type { RolePropagation } from '../resources/roles.ts';
import type { OperationProgress } from './arm/checkpoint.ts';
import { type ClientsOf, locate } from './arm/connection.ts';
import { azureCall, azureList, azureRead, collect, httpStatus, seenOr, whereAllowed } from './arm/errors.ts';
import { type Found, longRunningOperation } from './arm/longRunningOperation.ts';
import { boundTo, marksOn } from './arm/marks.ts';
import { retryWhileBusy, untilIdle } from './arm/otherOperations.ts';
import { createResource, deleteResource, type MaybeUnseen, type ResourceType } from './arm/ownedResource.ts';
import { awaitingRoles } from './arm/rolePropagation.ts';
import { awaiting, type WaitBound } from './arm/waiting.ts';
import { readKubernetes } from './kubernetes.ts';
import { existingCluster } from './managedClusters.ts';
import { newestImage, refusalOfNewest } from './newestImage.ts';
import { lookAgainWhile, operationBoundMs } from './retriedLooks.ts';
import { idOf, poolIn, poolNotFound, type ShownPool, shownPool } from './shownPool.ts';

export interface ReimageRequest extends AgentPoolReference {
  nodeResourceGroup: string;
  /** State of the pool before, by which a reimage is recognised whose answer was lost. */
  before: PoolEvidence;
  busyPolicy: BusyPolicy;
  /** Roles with which nodes pull images, if they were assigned a moment ago. */
  rolePropagation?: RolePropagation;
}

/** Node images come weekly: a wait for one is long, and asks seldom. */
const nodeImageDelayMs = 15 * 60_000;

export async function getPool(clients: ClientsOf, id: string): Promise<AgentPool | undefined> {
  const { client, resourceGroup, parent, name } = locate(clients, 'containerService', id);
  return azureRead(id, () => client.agentPools.get(resourceGroup, parent, name));
}

const poolType: ResourceType<'containerService', AgentPool & { marks: Marks; etag: string | undefined }> = {
  kind: 'node pool',
  service: 'containerService',
  takesConditions: true,
  async read(clients, id) {
    const found = await getPool(clients, id);
    if (!found) return undefined;
    const { provisioningState = 'Unknown', eTag: etag, tags } = found;
    return { ...found, provisioningState, etag, marks: marksOn(id, tags) };
  },
  remove: ({ client, resourceGroup, parent, name }, conditions) =>
    client.agentPools.delete(resourceGroup, parent, name, conditions),
};

/** @throws ApplicationFailure `AgentPoolNotFound` if it has been deleted meanwhile. */
export async function existingPool(clients: ClientsOf, reference: AgentPoolReference): Promise<AgentPool> {
  const id = idOf(reference);
  const seen = await getPool(clients, id);
  if (!seen) throw poolNotFound(id);
  return seen;
}

/** Reads a pool's state, and its nodes from inside the cluster. @param read The pool, where it has just been read. */
export function readEvidence(
  clients: ClientsOf,
  reference: AgentPoolReference,
  read?: ShownPool,
): Promise<PoolEvidence> {
  let known = read;
  const look = async (): Promise<PoolEvidence> => {
    const [pool, kubernetes] = await Promise.all([
      known ?? shownPool(clients, reference),
      readKubernetes(clients, reference.cluster),
    ]);
    known = undefined;
    return poolEvidence(reference.pool, pool, kubernetes);
  };
  return lookAgainWhile(look, ({ unseen }) => unseen?.because === 'failed', operationBoundMs);
}

/** A pool without the properties that only Azure can set. */
export function poolSettings(pool: AgentPool): AgentPool {
  const { id: _id, name: _name, type: _type, eTag: _eTag, ...settings } = pool;
  const { provisioningState: _state, nodeImageVersion: _image, powerState: _power, ...rest } = settings;
  const { currentOrchestratorVersion: _version, ...wanted } = rest;
  return wanted;
}

/** Waits until nothing runs on cluster and pool; other pools may be busy. */
export async function untilPoolIdle(
  clients: ClientsOf,
  { cluster, pool }: AgentPoolReference,
  busyPolicy: BusyPolicy,
): Promise<void> {
  const { managedClusters, agentPools } = clients(cluster.subscriptionId).containerService;
  const { resourceGroup, name } = cluster;
  await untilIdle(busyPolicy, idOf({ cluster, pool }), async () => {
    const seen = await existingCluster(clients, cluster);
    const { provisioningState = 'Unknown' } = seen;
    if (!isFinal(provisioningState)) {
      return { busy: provisioningState, abort: () => managedClusters.abortLatestOperation(resourceGroup, name) };
    }
    const { provisioningState: state = 'Unknown' } = poolIn(seen, { cluster, pool });
    if (isFinal(state)) return { idle: undefined };
    return { busy: state, abort: () => agentPools.abortLatestOperation(resourceGroup, name, pool) };
  });
}

/** Counts the machines of each pool's scale set, whatever AKS counts (kubernetes/autoscaler#7943). */
export async function countMachines(
  clients: ClientsOf,
  subscriptionId: string,
  group: string,
): Promise<Record<string, number>> {
  const { virtualMachineScaleSets, virtualMachineScaleSetVMs } = clients(subscriptionId).compute;
  const id = resourceGroupId(subscriptionId, group);
  const sets = await azureList(id, () => virtualMachineScaleSets.list(group));
  const counted = await Promise.all(
    sets.map(async ({ name = '', tags }) => {
      const machines = await azureList(id, () => virtualMachineScaleSetVMs.list(group, name));
      return [tags?.['aks-managed-poolName'] ?? poolOfScaleSet(name), machines.length] as const;
    }),
  );
  return Object.fromEntries(counted);
}

/** A policy may have stripped the tag that names the pool. AKS names the scale set after it: `aks-<pool>-<digits>-vmss`. */
const poolOfScaleSet = (scaleSet: string): string => /^aks-(.+)-\d+-vmss$/i.exec(scaleSet)?.[1] ?? scaleSet;

/** Counts the scale set's instances: one that has the set's latest model is done. `undefined`: the set cannot be read. */
export async function poolProgress(
  clients: ClientsOf,
  request: AgentPoolReference & Pick<ReimageRequest, 'nodeResourceGroup'>,
): Promise<OperationProgress | undefined> {
  const { cluster, pool, nodeResourceGroup: group } = request;
  const { virtualMachineScaleSets, virtualMachineScaleSetVMs } = clients(cluster.subscriptionId).compute;
  try {
    return await azureCall(idOf(request), async () => {
      const sets = await collect(virtualMachineScaleSets.list(group));
      const set = sets.find(({ tags }) => tags?.['aks-managed-poolName'] === pool);
      if (!set) return undefined;
      const instances = await collect(virtualMachineScaleSetVMs.list(group, set.name ?? ''));
      const behind = instances.filter(({ latestModelApplied }) => !latestModelApplied);
      const current = behind.findLast(({ provisioningState }) => !isFinal(provisioningState ?? 'Succeeded'));
      const node = current?.osProfile?.computerName;
      const nodesTotal = instances.length;
      return { nodesDone: nodesTotal - behind.length, nodesTotal, ...(node !== undefined && { node }) };
    });
  } catch (error) {
    // Progress is for people only. The operation itself says whether it succeeded.
    if (applicationFailure(error)) return undefined;
    throw error;
  }
}

/**
 * Whether an idle pool was reimaged, by its node image, where no node can be looked at: a reimage brings the newest, so that a pool that had
 * it before tells nothing. It is not reimaged again only because nobody could look.
 */
async function foundByImage(
  clients: ClientsOf,
  { before, ...pool }: ReimageRequest,
  { nodeImageVersion: now, unseen }: PoolEvidence,
): Promise<Found> {
  if (now !== before.nodeImageVersion) return 'done';
  const newest = seenOr(await whereAllowed(() => newestImage(clients, pool)), undefined);
  if (newest !== undefined && newest !== now) return 'absent';
  const why = `Whether it was reimaged is not known: its nodes could not be looked at: ${unseen?.message}`;
  throw ownFailure('LookFailed', `${why} (${idOf(pool)})`, idOf(pool));
}

async function reimage(clients: ClientsOf, request: ReimageRequest): Promise<Reimaged> {
  const { cluster, pool, before, busyPolicy, rolePropagation } = request;
  const { containerService: client } = clients(cluster.subscriptionId);
  const id = idOf(request);
  let adopted = false;
  let after: PoolEvidence | undefined;
  let refused: string | undefined;
  const find = async (): Promise<Found> => {
    const { provisioningState = '' } = await existingPool(clients, request);
    if (!isFinal(provisioningState)) {
      adopted = true;
      return 'running';
    }
    if (isFailed(provisioningState)) return 'absent';
    if (adopted) return 'done';
    const evidence = await readEvidence(clients, request);
    if (proofOf(pool, before, evidence).reimaged) return 'done';
    return evidence.unseen?.because === 'failed' ? foundByImage(clients, request, evidence) : 'absent';
  };
  const upgrade = () =>
    longRunningOperation({
      resourceId: id,
      client,
      kind: 'reimagePool',
      size: String(before.count ?? before.nodes?.length),
      prepare: () => untilPoolIdle(clients, request, busyPolicy),
      send: () => client.agentPools.upgradeNodeImageVersion(cluster.resourceGroup, cluster.name, pool),
      find,
      progress: () => poolProgress(clients, request),
      async afterwards() {
        after = await readEvidence(clients, request);
      },
    }).catch(async (error: unknown) => {
      refused = await refusalOfNewest(clients, request, error);
      if (refused === undefined) throw error;
    });
  try {
    await awaitingRoles(rolePropagation, id, () => retryWhileBusy(busyPolicy, id, async () => void (await upgrade())));
  } catch (error) {
    // Azure answers 304 where there is nothing to do. 204 may mean that, or an operation without an address.
    const status = httpStatus(error);
    if (status !== 304 && status !== 204) throw error;
    if (status === 204) {
      refused = 'HTTP 204';
      await untilPoolIdle(clients, request, { ...busyPolicy, abort: false });
    }
  }
  return {
    notModified: after === undefined,
    ...(refused !== undefined && { refused }),
    after: after ?? (await readEvidence(clients, request)),
  };
}

export const agentPoolActivities = (clients: ClientsOf) => ({
  /** Waits until nothing runs on a pool and its cluster, then reads the pool's state. */
  async awaitPool({ busyPolicy, ...pool }: AgentPoolReference & { busyPolicy: BusyPolicy }): Promise<PoolEvidence> {
    await untilPoolIdle(clients, pool, busyPolicy);
    return readEvidence(clients, pool);
  },

  /**
   * Reimages the nodes of a pool as AKS does it, with the pool's surge, drain and soak settings. Heartbeats carry the number
   * of nodes that are done. The result holds the pool's state afterwards.
   *
   * @throws ApplicationFailure with Azure's error code. Source: Azure REST API, "Agent Pools - Upgrade Node Image Version".
   */
  reimageAgentPool: (request: ReimageRequest): Promise<Reimaged> => reimage(clients, request),

  /**
   * Fails until there is a newer node image than the pool's. The retry policy is the wait.
   *
   * @throws ApplicationFailure `NoNewerNodeImage`.
   */
  async awaitNewerNodeImage(reference: AgentPoolReference & WaitBound): Promise<string> {
    const id = idOf(reference);
    const look = async (): Promise<string> => {
      const [{ nodeImageVersion = '' }, latest = ''] = await Promise.all([
        existingPool(clients, reference),
        newestImage(clients, reference),
      ]);
      if (latest !== nodeImageVersion) return latest;
      const message = `${nodeImageVersion} is still the latest node image (${id})`;
      throw ownFailure('NoNewerNodeImage', message, id, { retryable: true });
    };
    return awaiting(reference, look, nodeImageDelayMs);
  },

  /** Reads the settings of a pool, without the properties that only Azure can set. */
  async readAgentPool(reference: AgentPoolReference): Promise<AgentPool> {
    return poolSettings(await existingPool(clients, reference));
  },

  /** Creates a pool with these settings and marks. The marks of another pool, whose settings they are, do not come along. */
  async createAgentPool({
    settings,
    marks,
    copyOf,
    ...reference
  }: AgentPoolReference & { settings: AgentPool; marks: Marks; copyOf?: string }): Promise<void> {
    const { tags: others, ...rest } = settings;
    const { vmSize, mode } = rest;
    const own = { ...marks, ...(copyOf !== undefined && { [copyOfTag]: copyOf }) };
    const tags = boundTo(idOf(reference), { ...withoutMarks(others), ...own });
    await createResource(clients, poolType, idOf(reference), {
      marks,
      // Somebody else's pool keeps none of the workloads that this run moves.
      adopts: false,
      send({ client, resourceGroup, parent, name }, conditions) {
        const body = { ...rest, ...(Object.keys(tags).length > 0 && { tags }) };
        return client.agentPools.createOrUpdate(resourceGroup, parent, name, body, conditions);
      },
      mismatches: (seen) => [...mismatch('vmSize', vmSize, seen.vmSize), ...mismatch('mode', mode, seen.mode)],
    });
  },

  /** Deletes a pool that carries these marks. AKS drains its nodes before. */
  deleteAgentPool: ({
    marks,
    ofThisRun = false,
    ...reference
  }: AgentPoolReference & { marks: Marks; ofThisRun?: boolean }): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, poolType, { id: idOf(reference), marks, ofThisRun }),
});
