import type { ManagedCluster } from '@azure/arm-containerservice';
import { clusterWorkflowId } from '../../contract/names.ts';
import { keyOf, parseResourceId, resourceGroupId } from '../../resources/ids.ts';
import { type Marks, markTags } from '../../resources/marks.ts';
import type { ClusterReferences, ClustersSeen } from '../../resources/users.ts';
import { askedTogether } from '../arm/askedTogether.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureReadIfRegistered, collect, seenOr, unreadOf, whereAllowed } from '../arm/errors.ts';
import { listSubscriptions, mostSubscriptions } from '../subscriptions.ts';

/** Lists the clusters in these subscriptions, and in all others that the worker sees. */
export async function listClusters(clients: ClientsOf, subscriptionIds: readonly string[]): Promise<ClustersSeen> {
  const subscriptions = await whereAllowed(() => listSubscriptions(clients));
  const seen = [...new Set([...subscriptionIds, ...seenOr(subscriptions, [])].map(keyOf))];
  const lists = await Promise.all(
    seen
      .slice(0, mostSubscriptions)
      .map(async (id) => [id, await whereAllowed(() => clustersIn(clients, id))] as const),
  );
  const notAsked = seen.slice(mostSubscriptions).map((id) => ({
    at: `/subscriptions/${id}`,
    what: clustersOfOthers,
    why: `no more than ${mostSubscriptions} subscriptions are asked`,
  }));
  return {
    clusters: lists.flatMap(([, look]) => seenOr(look, [])),
    unlisted: lists.flatMap(([id, look]) => ('forbidden' in look ? [id] : [])),
    unread: [
      ...unreadOf(
        subscriptions,
        '/subscriptions',
        'the list of subscriptions, whose clusters may use the same resources,',
      ),
      ...lists.flatMap(([id, look]) => unreadOf(look, `/subscriptions/${id}`, clustersOfOthers)),
      ...notAsked,
    ],
  };
}

const clustersOfOthers = 'clusters, which may use the same resources,';

/** AKS lists the clusters of a subscription once a second. The deletions of a run, and of many runs, ask at the same time. */
const clustersIn = (clients: ClientsOf, subscriptionId: string): Promise<ClusterReferences[]> =>
  askedTogether(clients, `clusters of ${keyOf(subscriptionId)}`, () => askForClusters(clients, subscriptionId));

async function askForClusters(clients: ClientsOf, subscriptionId: string): Promise<ClusterReferences[]> {
  const { managedClusters } = clients(subscriptionId).containerService;
  const all = await azureReadIfRegistered(`/subscriptions/${subscriptionId}`, () => collect(managedClusters.list()));
  return (all ?? []).map((cluster) => referencesOf(subscriptionId, cluster));
}

function referencesOf(subscriptionId: string, cluster: ManagedCluster): ClusterReferences {
  const { id = '', bootstrapProfile, identity, identityProfile, agentPoolProfiles = [] } = cluster;
  const { resourceId, objectId } = identityProfile?.kubeletidentity ?? {};
  const identities = identity?.userAssignedIdentities ?? {};
  const registryId = bootstrapProfile?.containerRegistryId;
  const subnets = agentPoolProfiles.flatMap(({ vnetSubnetID, podSubnetID }) => [vnetSubnetID, podSubnetID]);
  return {
    id,
    nodeResourceGroupId: resourceGroupId(subscriptionId, cluster.nodeResourceGroup ?? ''),
    ...(registryId && { registryId }),
    controlPlaneIdentityIds: Object.keys(identities),
    controlPlanePrincipalIds: Object.values(identities).flatMap(({ principalId }) => principalId ?? []),
    ...(resourceId && { kubeletIdentityId: resourceId }),
    ...(objectId && { kubeletPrincipalId: objectId }),
    subnetIds: [...subnets, cluster.apiServerAccessProfile?.subnetId].flatMap((subnet) => subnet ?? []),
  };
}

/** Whether these are the marks of the cluster's own runs: such a cluster is no other user, for its runs stop using what they delete. */
export function isOwnCluster(id: string, marks: Marks): boolean {
  const { subscriptionId = '', resourceGroup = '', name = '' } = parseResourceId(id) ?? {};
  return clusterWorkflowId({ subscriptionId, resourceGroup, name }) === marks[markTags.workflow];
}

/** The subscription of a resource, and that of the cluster of these marks. */
export function ownSubscriptions(subscriptionId: string, { [markTags.workflow]: workflow = '' }: Marks): string[] {
  const [, ofCluster] = workflow.split('/');
  return [...new Set([subscriptionId, ...(ofCluster ? [ofCluster] : [])].map(keyOf))];
}
