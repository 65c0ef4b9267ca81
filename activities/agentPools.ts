import { type AgentPool, restorePoller } from '@azure/arm-containerservice';
import { failureOf, ownFailure } from '../contract/failures.ts';
import type { AgentPoolReference, Reimaged } from '../resources/agentPools.ts';
import { clusterId } from '../resources/ids.ts';
import { type Marks, marksIn } from '../resources/marks.ts';
import { type PoolEvidence, proofOf } from '../resources/nodes.ts';
import type { BusyPolicy } from '../resources/operations.ts';
import { isFailed, isFinal } from '../resources/provisioningState.ts';
import type { RolePropagation } from '../resources/roles.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureRead, httpStatus } from './arm/errors.ts';
import { type Found, keptAlive, longRunningOperation, type OperationProgress } from './arm/longRunningOperation.ts';
import { retryWhileBusy, untilIdle } from './arm/otherOperations.ts';
import { createResource, deleteResource } from './arm/ownedResource.ts';
import { awaitingRoles } from './arm/rolePropagation.ts';
import { parseKubernetes } from './kubernetes.ts';
import { existingCluster } from './managedClusters.ts';

export interface ReimageRequest extends AgentPoolReference {
  nodeResourceGroup: string;
  /** What the pool showed before, so that an attempt whose answer was lost is recognised. */
  before: PoolEvidence;
  busyPolicy: BusyPolicy;
  /** The role with which nodes pull images, if it was assigned a moment ago. */
  rolePropagation?: RolePropagation;
}

const agentPoolId = ({ cluster, pool }: AgentPoolReference): string => `${clusterId(cluster)}/agentPools/${pool}`;

export function agentPoolActivities(clients: ClientsOf) {
  return {
    /** Waits until nothing runs on a pool and its cluster, and says what the pool shows then. */
    async awaitPool({
      cluster,
      pool,
      busyPolicy,
    }: AgentPoolReference & { busyPolicy: BusyPolicy }): Promise<PoolEvidence> {
      return await keptAlive(async () => {
        await idlePool({ cluster, pool }, busyPolicy);
        return readEvidence({ cluster, pool });
      });
    },

    /**
     * Reimages the nodes of a pool, in AKS's own way: with the pool's surge, drain and soak settings. Heartbeats the number
     * of nodes that are done, and looks at the nodes afterwards.
     *
     * @throws ApplicationFailure with Azure's error code. Source: Azure REST API, "Agent Pools - Upgrade Node Image Version".
     */
    async reimageAgentPool(request: ReimageRequest): Promise<Reimaged> {
      const { cluster, pool, before, busyPolicy, rolePropagation } = request;
      const { containerService } = clients(cluster.subscriptionId);
      const { agentPools } = containerService;
      const id = agentPoolId(request);
      const proven = async () => proofOf(pool, before, await readEvidence(request)).reimaged;
      let adopted = false;
      let after: PoolEvidence | undefined;
      const find = async (): Promise<Found<void>> => {
        const { provisioningState = '' } = await existingPool(request);
        if (!isFinal(provisioningState)) {
          adopted = true;
          return { state: 'running' };
        }
        const done = !isFailed(provisioningState) && (adopted || (await proven()));
        return done ? { state: 'done', result: undefined } : { state: 'absent' };
      };
      try {
        await awaitingRoles(rolePropagation, id, () =>
          retryWhileBusy(busyPolicy, id, async () => {
            await longRunningOperation({
              resourceId: id,
              prepare: () => idlePool(request, busyPolicy),
              start: () => agentPools.upgradeNodeImageVersion(cluster.resourceGroup, cluster.name, pool),
              restore: (state) => restorePoller(containerService, state, agentPools.upgradeNodeImageVersion),
              find,
              progress: () => progressOf(request),
              async afterwards() {
                after = await readEvidence(request);
              },
            });
          }),
        );
      } catch (error) {
        // 304: Azure sees nothing to do.
        if (httpStatus(error) !== 304) throw error;
      }
      return { notModified: after === undefined, after: after ?? (await keptAlive(() => readEvidence(request))) };
    },

    /**
     * Fails, to be tried again, until there is a newer node image than the pool's.
     *
     * @throws ApplicationFailure `NoNewerNodeImage`.
     */
    async awaitNewerNodeImage({ cluster, pool }: AgentPoolReference): Promise<string> {
      const { agentPools } = clients(cluster.subscriptionId).containerService;
      const id = agentPoolId({ cluster, pool });
      const [{ nodeImageVersion = '' }, { latestNodeImageVersion: latest = '' }] = await keptAlive(() =>
        Promise.all([
          existingPool({ cluster, pool }),
          azureCall(id, () => agentPools.getUpgradeProfile(cluster.resourceGroup, cluster.name, pool)),
        ]),
      );
      if (latest !== nodeImageVersion) return latest;
      const message = `${nodeImageVersion} is still the latest node image (${id})`;
      throw ownFailure('NoNewerNodeImage', message, id, { retryable: true });
    },

    /** The settings of a pool, as they can be sent to Azure again. */
    async readAgentPool(reference: AgentPoolReference): Promise<AgentPool> {
      const pool = await keptAlive(() => existingPool(reference));
      const { id: _id, name: _name, type: _type, eTag: _eTag, ...settings } = pool;
      const { provisioningState: _state, nodeImageVersion: _image, powerState: _power, ...rest } = settings;
      const { currentOrchestratorVersion: _version, ...wanted } = rest;
      return wanted;
    },

    /** Creates a pool with these settings; one that an earlier attempt has made is taken as it is. */
    async createAgentPool({
      cluster,
      pool,
      settings,
      marks,
    }: AgentPoolReference & { settings: AgentPool; marks: Marks }): Promise<void> {
      const { containerService } = clients(cluster.subscriptionId);
      const { agentPools } = containerService;
      const wanted = { ...settings, tags: { ...settings.tags, ...marks } };
      await createResource({
        ...poolReader({ cluster, pool }),
        marks,
        write: {
          start: () => agentPools.createOrUpdate(cluster.resourceGroup, cluster.name, pool, wanted),
          restore: (state) => restorePoller(containerService, state, agentPools.createOrUpdate),
        },
        differences: ({ vmSize, mode }) => [
          ...(vmSize === settings.vmSize ? [] : [`vmSize: asked ${settings.vmSize}, got ${vmSize}`]),
          ...(mode === settings.mode ? [] : [`mode: asked ${settings.mode}, got ${mode}`]),
        ],
      });
    },

    /** Deletes a pool that carries these marks; AKS drains its nodes before. */
    async deleteAgentPool({ cluster, pool, marks }: AgentPoolReference & { marks: Marks }): Promise<void> {
      const { containerService } = clients(cluster.subscriptionId);
      const { agentPools } = containerService;
      await deleteResource({
        ...poolReader({ cluster, pool }),
        marks,
        write: {
          start: () => agentPools.delete(cluster.resourceGroup, cluster.name, pool),
          restore: (state) => restorePoller(containerService, state, agentPools.delete),
        },
      });
    },
  };

  async function readPool({ cluster, pool }: AgentPoolReference): Promise<AgentPool | undefined> {
    const { agentPools } = clients(cluster.subscriptionId).containerService;
    return azureRead(agentPoolId({ cluster, pool }), () => agentPools.get(cluster.resourceGroup, cluster.name, pool));
  }

  async function existingPool(reference: AgentPoolReference): Promise<AgentPool> {
    const seen = await readPool(reference);
    const id = agentPoolId(reference);
    if (!seen) throw ownFailure('AgentPoolNotFound', `The node pool is not there any more (${id})`, id);
    return seen;
  }

  function poolReader(reference: AgentPoolReference) {
    return {
      id: agentPoolId(reference),
      kind: 'node pool',
      read: () => readPool(reference),
      state: ({ provisioningState = 'Unknown' }: AgentPool) => provisioningState,
      marksOf: ({ tags }: AgentPool) => marksIn(tags),
    };
  }

  async function readEvidence({ cluster, pool }: AgentPoolReference): Promise<PoolEvidence> {
    const [{ provisioningState = 'Unknown', nodeImageVersion = 'Unknown' }, kubernetes] = await Promise.all([
      existingPool({ cluster, pool }),
      parseKubernetes(clients, cluster),
    ]);
    const nodes = 'seen' in kubernetes ? kubernetes.seen.nodes.filter((node) => node.pool === pool) : undefined;
    return { provisioningState, nodeImageVersion, ...(nodes && { nodes }) };
  }

  /** Cluster and pool, once nothing runs on either; other pools may be busy. */
  async function idlePool({ cluster, pool }: AgentPoolReference, busyPolicy: BusyPolicy): Promise<void> {
    const { managedClusters, agentPools } = clients(cluster.subscriptionId).containerService;
    const { resourceGroup, name } = cluster;
    await untilIdle(busyPolicy, agentPoolId({ cluster, pool }), async () => {
      const { provisioningState } = await existingCluster(clients, cluster);
      if (!isFinal(provisioningState)) {
        return { busy: provisioningState, abort: () => managedClusters.abortLatestOperation(resourceGroup, name) };
      }
      const { provisioningState: state = 'Unknown' } = await existingPool({ cluster, pool });
      if (isFinal(state)) return { idle: undefined };
      return { busy: state, abort: () => agentPools.abortLatestOperation(resourceGroup, name, pool) };
    });
  }

  /** By the scale set: an instance is done when it has the set's latest model. Nothing where it may not be read. */
  async function progressOf({
    cluster,
    pool,
    nodeResourceGroup: group,
  }: ReimageRequest): Promise<OperationProgress | undefined> {
    const { virtualMachineScaleSets, virtualMachineScaleSetVMs } = clients(cluster.subscriptionId).compute;
    try {
      return await azureCall(agentPoolId({ cluster, pool }), async () => {
        for await (const { name = '', tags } of virtualMachineScaleSets.list(group)) {
          if (tags?.['aks-managed-poolName'] !== pool) continue;
          let [nodesDone, nodesTotal] = [0, 0];
          let node: string | undefined;
          for await (const instance of virtualMachineScaleSetVMs.list(group, name)) {
            nodesTotal += 1;
            if (instance.latestModelApplied) nodesDone += 1;
            else if (!isFinal(instance.provisioningState ?? 'Succeeded')) node = instance.osProfile?.computerName;
          }
          return { nodesDone, nodesTotal, ...(node !== undefined && { node }) };
        }
        return undefined;
      });
    } catch (error) {
      // Progress is a courtesy: the operation itself says whether it succeeded.
      if (failureOf(error)) return undefined;
      throw error;
    }
  }
}
