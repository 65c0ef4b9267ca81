import type { ManagedCluster } from '@azure/arm-containerservice';
import { clusterWorkflowId } from '../../contract/names.ts';
import { keyOf, parseResourceId, resourceGroupId } from '../../resources/ids.ts';
import { type Marks, markTags } from '../../resources/marks.ts';
import type { ClusterReferences, ClustersSeen } from '../../resources/users.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureReadIfRegistered, collect, whereAllowed } from '../arm/errors.ts';
import { listSubscriptions, mostSubscriptions } from '../subscriptions.ts';

/** Lists the clusters in these subscriptions, and in all others that the worker sees. */
export async function listClusters(clients: ClientsOf, subscriptionIds: readonly string[]): Promise<ClustersSeen> {
  const seen = (await whereAllowed(() => listSubscriptions(clients))) ?? [];
  const all = [...new Set([...subscriptionIds, ...seen].map(keyOf))].slice(0, mostSubscriptions);
  const lists = await Promise.all(
    all.map(async (id) => [id, await whereAllowed(() => clustersIn(clients, id))] as const),
  );
  return {
    clusters: lists.flatMap(([, clusters]) => clusters ?? []),
    unlisted: lists.flatMap(([id, clusters]) => (clusters ? [] : [id])),
  };
}

async function clustersIn(clients: ClientsOf, subscriptionId: string): Promise<ClusterReferences[]> {
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

/** Whether these are the marks of a cluster's own runs, which let go of what they use before it goes. */
export function isOwnCluster(id: string, marks: Marks): boolean {
  const { subscriptionId = '', resourceGroup = '', name = '' } = parseResourceId(id) ?? {};
  return clusterWorkflowId({ subscriptionId, resourceGroup, name }) === marks[markTags.workflow];
}
