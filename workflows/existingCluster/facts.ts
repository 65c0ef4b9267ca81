import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { Profile } from '../../contract/profiles.ts';
import type { DiscoveryRequest, ExistingCluster, ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterReference, clusterId, parentId, resourceReference } from '../../resources/ids.ts';
import { isAtLeast } from '../../resources/kubernetesVersions.ts';
import { type ClusterChange, type ClusterFacts, changeMismatches } from '../../resources/managedClusters.ts';
import type { BusyPolicy } from '../../resources/operations.ts';
import { isFailed } from '../../resources/provisioningState.ts';
import { infrastructureRequest, permissionScopes, type WantedInfrastructure } from '../infrastructure/wanted.ts';
import { lookedAtProviders, requiredFeatures } from '../registrations/plan.ts';

/** What the scenarios on a cluster that is there have in common. */
export interface ExistingClusterInput {
  cluster: ClusterReference;
  profile: Profile;
  busyTimeoutMinutes: number;
  abortOperations: boolean;
  dryRun: boolean;
  registry?: RegistryInput;
}

export const busyPolicyOf = ({ busyTimeoutMinutes, abortOperations }: ExistingClusterInput): BusyPolicy => ({
  minutes: busyTimeoutMinutes,
  abort: abortOperations,
});

/** What undo has to wait for is likely this run's own, and may be a large pool. */
export const undoBusyPolicy = (input: ExistingClusterInput): BusyPolicy => ({
  ...busyPolicyOf(input),
  minutes: 24 * 60,
});

/** A dry run neither waits nor aborts. */
export const lookBusyPolicy = (input: ExistingClusterInput): BusyPolicy | undefined =>
  input.dryRun ? undefined : busyPolicyOf(input);

/** Subscriptions whose tenant matters. */
export function subscriptionsOf({ cluster, registry }: ExistingClusterInput): string[] {
  const registryId = registry?.mode === 'bringYourOwn' ? registry.containerRegistryId : undefined;
  const other = registryId === undefined ? [] : [resourceReference(registryId).subscriptionId];
  return [...new Set([cluster.subscriptionId, ...other])];
}

/** What discovery is to look at around the cluster. */
export function existingClusterRequest(
  { cluster, profile }: ExistingClusterInput,
  found: ClusterFacts,
  wanted: WantedInfrastructure,
): DiscoveryRequest {
  const { location } = found;
  return {
    cluster,
    location,
    nodeResourceGroup: found.nodeResourceGroup,
    providers: [...lookedAtProviders],
    features: [...requiredFeatures({ profile, vnetIntegration: false })],
    infrastructure: infrastructureRequest(cluster, location, wanted),
    allowances: {
      subscriptionId: cluster.subscriptionId,
      location,
      scopes: [...permissionScopes(cluster, wanted), clusterId(cluster)],
      vmSizes: [...new Set(found.agentPoolProfiles.map(({ vmSize }) => vmSize))],
    },
  };
}

/** The subnets of the nodes, the first pool's first: of one's own network, or of the one that AKS manages. */
export function nodeSubnets({ cluster, managedNetworkId }: ExistingCluster): string[] {
  const own = (cluster?.agentPoolProfiles ?? []).flatMap(({ vnetSubnetId }) => (vnetSubnetId ? [vnetSubnetId] : []));
  // AKS's own name. Source: Learn, "Configure Azure CNI networking".
  const managed = managedNetworkId === undefined ? [] : [`${managedNetworkId}/subnets/aks-subnet`];
  return [...new Set(own.length > 0 ? own : managed)];
}

export const networkOf = (subnetId: string): string => parentId(subnetId);

/** Whether AKS may reimage by itself after a change. Profile row P11. */
export const reimagesByItself = ({ currentKubernetesVersion }: ClusterFacts): boolean =>
  isAtLeast(currentKubernetesVersion, '1.37');

/** What an update does to the cluster: nothing where it is as wanted already. An update also repairs a cluster that has failed. */
export function clusterUpdate(
  { cluster: reference }: { cluster: ClusterReference },
  { cluster }: ExistingClusterFacts,
  change: ClusterChange,
): Pick<PlannedStep, 'action' | 'reason' | 'resourceId'> {
  const failed = cluster && isFailed(cluster.provisioningState) ? [`its state is ${cluster.provisioningState}`] : [];
  const reasons = cluster ? [...changeMismatches(change, cluster), ...failed] : [];
  return {
    action: reasons.length > 0 ? 'update' : 'none',
    reason: reasons.join('; ') || 'as wanted already',
    resourceId: cluster?.id ?? clusterId(reference),
  };
}
