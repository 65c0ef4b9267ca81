import type {
  ContainerServiceClient,
  MaintenanceConfiguration,
  MaintenanceWindow,
  ManagedCluster,
} from '@azure/arm-containerservice';
import { getClient, log } from '@temporalio/activity';
import { type Client, WorkflowClient, WorkflowNotFoundError } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { isFailure, isNotFound, ownFailure } from '../contract/failures.ts';
import type { MemberEnd } from '../contract/fleet.ts';
import { mostFleetClusters } from '../contract/inputs/rolloutFleet.ts';
import { memosUnread } from '../contract/memosUnread.ts';
import type { Scenario } from '../contract/names.ts';
import { clusterProblems, placeProblems } from '../contract/policyProblems.ts';
import { boundedProblems, type Problem } from '../contract/problem.ts';
import { regionOf } from '../contract/regionOf.ts';
import { runsWithinLimits } from '../contract/runCosts.ts';
import { type FleetCluster, type FleetLook, hasTags, nameInSubscription } from '../resources/fleet.ts';
import { type ClusterReference, clusterId, parseResourceId, resourceGroupId } from '../resources/ids.ts';
import type { AksMaintenanceWindow, MaintenanceConfigurationFacts } from '../resources/maintenanceConfigurations.ts';
import type { WorkerPolicy } from '../resources/workerPolicy.ts';
import type { ClientsOf } from './arm/connection.ts';
import { type Allowed, azureCall, azureRead, collect, whereAllowed } from './arm/errors.ts';

/** The result of a look for clusters. */
export interface FleetSeen {
  clusters: FleetCluster[];
  /** Why the worker's identity may not look. */
  forbidden?: string;
  /** Clusters that the worker's policy forbids. */
  problems: Problem[];
  /** Node pools of a cluster, on average. */
  pools?: number;
  /** How many clusters of a subscription may be in work at the same time for Azure's limits. */
  withinLimits?: number;
  /** Whether the worker's policy wants approvals by somebody else than the starter. */
  byOther?: true;
}

/** How a member of a rollout stands. */
export type MemberLook =
  | { member: number; is: 'open' | 'lost' }
  /** Its word may have been lost. */
  | { member: number; is: 'ended'; end: MemberEnd };

/** Beyond so many resource groups, one list of the subscription costs less. */
const mostGroupsAsked = 20;

export const fleetActivities = (clients: ClientsOf) => ({
  /**
   * Lists the clusters of a subscription, page by page, and keeps their names and regions. `scenario` is what is to run on them: a
   * worker's policy may forbid it, and what is the same for each of them, `template`.
   *
   * @throws ApplicationFailure `AnswerTooLarge` where there are more than a rollout takes.
   */
  async listFleetClusters(look: FleetLook & { scenario: Scenario; template?: unknown }): Promise<FleetSeen> {
    const { subscriptionId } = look;
    const found = await whereAllowed(() => listed(clients, look));
    const { policy } = clients(subscriptionId);
    const byOther = policy?.approvals?.starterMayApprove === false && { byOther: true as const };
    if ('forbidden' in found) {
      // Named clusters are taken at their word; whether their groups may be touched is known all the same.
      const groups = (look.resourceGroups ?? []).map((group) => resourceGroupId(subscriptionId, group));
      const problems = policy ? boundedProblems(placeProblems(policy, groups, undefined)) : [];
      return { clusters: [], forbidden: found.forbidden, problems, ...byOther };
    }
    const clusters = found.seen.flatMap((each) => fleetCluster(subscriptionId, each));
    if (clusters.length > mostFleetClusters)
      throw ownFailure(
        'AnswerTooLarge',
        `${clusters.length} clusters are more than the ${mostFleetClusters} of a rollout`,
      );
    const problems = policy ? found.seen.flatMap((each) => forbiddenOf(policy, look, each)) : [];
    const pools = meanPools(found.seen);
    return {
      clusters,
      problems: boundedProblems(problems),
      ...byOther,
      ...(pools !== undefined && { pools, withinLimits: runsWithinLimits(look.scenario, pools) }),
    };
  },

  /**
   * Reads when AKS may maintain a cluster. `scenario` is what is to run on it: a worker's policy may forbid it.
   *
   * @throws ApplicationFailure `ClusterNotFound` where somebody has deleted it meanwhile; `NoMaintenanceWindow` where the answer has
   * windows in which parts are missing, which no further look would bring.
   */
  async readMaintenanceConfigurations({
    cluster,
  }: {
    cluster: ClusterReference;
    scenario: Scenario;
  }): Promise<Allowed<MaintenanceConfigurationFacts[]>> {
    const { subscriptionId, resourceGroup, name } = cluster;
    const { maintenanceConfigurations } = clients(subscriptionId).containerService;
    const id = clusterId(cluster);
    return whereAllowed(async () => {
      const found = await azureRead(`${id}/maintenanceConfigurations`, () =>
        collect(maintenanceConfigurations.listByManagedCluster(resourceGroup, name))
          .then((all) => all.map(maintenanceFacts))
          .catch(brokenWindows),
      );
      if (found === 'broken')
        throw ownFailure('NoMaintenanceWindow', 'its maintenance configurations cannot be read: parts are missing', id);
      if (!found) throw ownFailure('ClusterNotFound', `The cluster is not there any more (${id})`, id);
      return found;
    });
  },

  /** Looks at members of which nothing was heard for long: a worker that died may have lost their word, or somebody has terminated them. */
  async lookAtMembers({
    members,
  }: {
    members: readonly { member: number; workflowId: string }[];
  }): Promise<MemberLook[]> {
    const looks: MemberLook[] = [];
    for (const { member, workflowId } of members) looks.push(await lookAt(member, workflowId));
    return looks;
  },
});

async function listed(clients: ClientsOf, { subscriptionId, resourceGroups = [], tags = {} }: FleetLook) {
  const { managedClusters } = clients(subscriptionId).containerService;
  const groups = new Set(resourceGroups.map((each) => each.toLowerCase()));
  const all =
    groups.size > 0 && groups.size <= mostGroupsAsked
      ? await Promise.all(
          [...groups].map((group) =>
            clustersIn(resourceGroupId(subscriptionId, group), () => managedClusters.listByResourceGroup(group)),
          ),
        )
      : [await clustersIn(`/subscriptions/${subscriptionId}`, () => managedClusters.list())];
  return all
    .flat()
    .filter((each) => hasTags(each.tags, tags))
    .filter(({ id = '' }) => groups.size === 0 || groups.has(parseResourceId(id)?.resourceGroup.toLowerCase() ?? ''));
}

/**
 * The clusters of a list: none where the resource group is not there. A subscription that is not there may be a misspelt one, and a
 * selection without its clusters would not be complete.
 */
async function clustersIn(
  resourceId: string,
  list: () => ReturnType<ContainerServiceClient['managedClusters']['list']>,
): Promise<ManagedCluster[]> {
  try {
    return await azureCall(resourceId, () => collect(list()));
  } catch (error) {
    const isAbsent = isNotFound(error) && !isFailure(error, 'SubscriptionNotFound');
    if (isAbsent || isFailure(error, 'MissingSubscriptionRegistration')) return [];
    throw error;
  }
}

/** To a tenth, as people read it; `undefined` where there are no clusters. */
function meanPools(clusters: readonly ManagedCluster[]): number | undefined {
  if (clusters.length === 0) return undefined;
  const pools = clusters.reduce((sum, { agentPoolProfiles = [] }) => sum + agentPoolProfiles.length, 0);
  return Math.round((10 * pools) / clusters.length) / 10;
}

function fleetCluster(subscriptionId: string, { id = '', location }: ManagedCluster): FleetCluster[] {
  const parsed = parseResourceId(id);
  if (!parsed) return [];
  const { resourceGroup, name } = parsed;
  return [{ subscriptionId, resourceGroup, name, region: regionOf(location) }];
}

/** What the work on a cluster would be refused for in its turn. An audit names no node resource group. */
function forbiddenOf(
  policy: WorkerPolicy,
  { subscriptionId, scenario, named }: FleetLook & { scenario: Scenario },
  found: ManagedCluster,
): Problem[] {
  const { nodeResourceGroup } = found;
  const resourceIds =
    nodeResourceGroup === undefined || scenario === 'auditCluster'
      ? []
      : [resourceGroupId(subscriptionId, nodeResourceGroup)];
  const meant = fleetCluster(subscriptionId, found).filter(
    (each) => !named || named.includes(nameInSubscription(each)),
  );
  return meant.flatMap((cluster) => clusterProblems(policy, cluster, { resourceIds, locations: [cluster.region] }));
}

/** The SDK reads parts of windows without a look whether they are there. */
function brokenWindows(error: unknown): 'broken' {
  if (error instanceof TypeError) return 'broken';
  throw error;
}

function maintenanceFacts(given: MaintenanceConfiguration): MaintenanceConfigurationFacts {
  const { name = '', maintenanceWindow, timeInWeek = [], notAllowedTime = [] } = given;
  return {
    name,
    ...(maintenanceWindow && { window: windowFacts(maintenanceWindow) }),
    timeInWeek: timeInWeek.map(({ day = '', hourSlots = [] }) => ({ day, hourSlots })),
    // An end that AKS does not say is none.
    notAllowedTime: notAllowedTime.map(({ start, end }) => ({
      start: start?.getTime() || 0,
      end: end?.getTime() || Number.MAX_SAFE_INTEGER,
    })),
  };
}

function windowFacts(window: MaintenanceWindow): AksMaintenanceWindow {
  const { schedule, durationHours, utcOffset = '+00:00', startDate, startTime, notAllowedDates = [] } = window;
  return {
    schedule,
    durationHours,
    utcOffset,
    ...(startDate && { startDate: dateOf(startDate) }),
    startTime,
    notAllowedDates: notAllowedDates.map(({ start, end }) => ({ start: dateOf(start), end: dateOf(end) })),
  };
}

/** AKS gives dates without a time. */
const dateOf = (date: Date): string => (Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10));

async function lookAt(member: number, workflowId: string): Promise<MemberLook> {
  const { connection, options, workflow }: Client = getClient();
  const looking = new WorkflowClient({ connection, namespace: options.namespace, dataConverter: memosUnread });
  try {
    const { status } = await looking.getHandle(workflowId).describe();
    if (status.name === 'RUNNING') return { member, is: 'open' };
    if (status.name !== 'COMPLETED') return { member, is: 'lost' };
    return { member, is: 'ended', end: (await workflow.getHandle(workflowId).result()) as MemberEnd };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { member, is: 'lost' };
    if (!(error instanceof ValueError)) throw error;
    // The others are looked at all the same. What it says is waited for until a worker can read it, as every result is.
    log.warn('The word of a member cannot be read', { workflowId, why: error.message });
    return { member, is: 'open' };
  }
}
