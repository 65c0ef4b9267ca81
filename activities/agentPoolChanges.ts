import type { AgentPool, LocalDNSProfile } from '@azure/arm-containerservice';
import type { AgentPoolReference, PoolChange, Reimaged } from '../resources/agentPools.ts';
import { agentPoolId, clusterId } from '../resources/ids.ts';
import { mismatch } from '../resources/mismatch.ts';
import type { BusyPolicy } from '../resources/operations.ts';
import { isFailed, isFinal } from '../resources/provisioningState.ts';
import type { RolePropagation } from '../resources/roles.ts';
import { existingPool, poolProgress, poolSettings, readEvidence, untilPoolIdle } from './agentPools.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall } from './arm/errors.ts';
import { type Found, longRunningOperation } from './arm/longRunningOperation.ts';
import { retryWhileBusy } from './arm/otherOperations.ts';
import { readBackMismatch } from './arm/refusals.ts';
import { isToPutBack } from './arm/resourceUpdate.ts';
import { awaitingRoles } from './arm/rolePropagation.ts';

export interface PoolChangeRequest extends AgentPoolReference {
  change: PoolChange;
  /** For putting back: what was written. Where Azure shows something else, somebody's newer setting stays. */
  written?: PoolChange;
  nodeResourceGroup: string;
  busyPolicy: BusyPolicy;
  /** Roles with which nodes pull images, if they were assigned a moment ago. */
  rolePropagation?: RolePropagation;
}

/** A pool without a LocalDNS profile is one whose LocalDNS is disabled. */
const mismatches = ({ localDNSMode, orchestratorVersion, maxSurge }: PoolChange, pool: AgentPool): string[] => [
  ...(localDNSMode === undefined
    ? []
    : mismatch('localDNSProfile.mode', localDNSMode ?? 'Disabled', pool.localDNSProfile?.mode ?? 'Disabled')),
  ...mismatch('orchestratorVersion', orchestratorVersion, pool.currentOrchestratorVersion),
  ...mismatch('upgradeSettings.maxSurge', maxSurge, pool.upgradeSettings?.maxSurge),
];

/** The whole pool with a change, for AKS resets what an update leaves out. Source: Azure REST API, "Agent Pools - Create Or Update". */
function changedPool(
  pool: AgentPool,
  { localDNSMode, orchestratorVersion, maxSurge, tags = {} }: PoolChange,
): AgentPool {
  const { localDNSProfile, tags: before, ...settings } = poolSettings(pool);
  const merged = Object.entries({ ...before, ...tags }).flatMap(([key, value]) =>
    value === null ? [] : [[key, value]],
  );
  const profile = localDNSMode === undefined ? localDNSProfile : changedProfile(localDNSProfile, localDNSMode);
  return {
    ...settings,
    ...(profile && { localDNSProfile: profile }),
    ...(orchestratorVersion !== undefined && { orchestratorVersion }),
    ...(maxSurge !== undefined && { upgradeSettings: { ...settings.upgradeSettings, maxSurge } }),
    ...(merged.length > 0 && { tags: Object.fromEntries(merged) }),
  };
}

function changedProfile({ state: _state, ...profile }: LocalDNSProfile = {}, mode: string | null) {
  return mode === null ? undefined : { ...profile, mode };
}

async function changePool(clients: ClientsOf, request: PoolChangeRequest): Promise<Reimaged> {
  const { cluster, pool, change, written, busyPolicy, rolePropagation } = request;
  const { containerService: client } = clients(cluster.subscriptionId);
  const id = agentPoolId(clusterId(cluster), pool);
  let whole: AgentPool | undefined;
  const find = async (): Promise<Found> => {
    const seen = await existingPool(clients, request);
    const state = seen.provisioningState ?? 'Unknown';
    if (!isFinal(state)) return 'running';
    return isFailed(state) || mismatches(change, seen).length > 0 ? 'absent' : 'done';
  };
  const update = async () => {
    await longRunningOperation({
      resourceId: id,
      client,
      async prepare() {
        await untilPoolIdle(clients, request, busyPolicy);
        // A late read keeps other people's changes from being undone.
        whole = await azureCall(id, () => client.agentPools.get(cluster.resourceGroup, cluster.name, pool));
        const { provisioningState: state = 'Unknown' } = whole;
        const part = { before: mismatches(change, whole), written: mismatches(written ?? change, whole) };
        if (written) isToPutBack('node pool', id, state, [part]);
      },
      send() {
        if (!whole) throw new Error('prepare() comes first');
        const { eTag } = whole;
        const conditions = eTag === undefined ? {} : { ifMatch: eTag };
        const body = changedPool(whole, change);
        return client.agentPools.createOrUpdate(cluster.resourceGroup, cluster.name, pool, body, conditions);
      },
      find,
      progress: () => poolProgress(clients, request),
    });
  };
  // The change may have been made: by an attempt whose answer was lost, or Azure refused it and undo finds the pool as it was.
  if ((await find()) !== 'done') await awaitingRoles(rolePropagation, id, () => retryWhileBusy(busyPolicy, id, update));
  const seen = await existingPool(clients, request);
  const found = mismatches(change, seen);
  if (found.length > 0) throw readBackMismatch(found, id);
  return { notModified: false, after: await readEvidence(clients, request, seen) };
}

export const agentPoolChangeActivities = (clients: ClientsOf) => ({
  /**
   * Changes a setting of a pool, leaves all others as they are, and reads the pool back with its nodes, which AKS makes anew for
   * such a change, with the pool's surge, drain and soak settings. Heartbeats carry the number of nodes that are done.
   *
   * @throws ApplicationFailure with Azure's error code, `ChangedSince` where undo finds somebody's newer setting, or
   * `ReadBackMismatch`. Source: AKS docs, "Node disruption policy".
   */
  changeAgentPool: (request: PoolChangeRequest): Promise<Reimaged> => changePool(clients, request),
});
