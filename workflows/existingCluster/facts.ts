import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { Profile } from '../../contract/profiles.ts';
import type { DiscoveryRequest, ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterReference, clusterId, resourceGroupId, resourceReference } from '../../resources/ids.ts';
import { isAtLeast } from '../../resources/kubernetesVersions.ts';
import { type ClusterChange, type ClusterFacts, changeDifferences } from '../../resources/managedClusters.ts';
import { differenceText } from '../../resources/mismatch.ts';
import type { BusyPolicy } from '../../resources/operations.ts';
import { isFailed } from '../../resources/provisioningState.ts';
import { infrastructureRequest, permissionScopes, type WantedInfrastructure } from '../infrastructure/wanted.ts';
import { lookedAtProviders, requiredFeatures } from '../registrations/plan.ts';

/** The input that all scenarios on an existing cluster have in common. */
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

/**
 * Undo most likely waits for an operation of its own run, such as a large pool's reimage. An activity that watches one may
 * take 24 hours, too.
 */
export const undoBusyPolicy = (input: ExistingClusterInput): BusyPolicy => ({
  ...busyPolicyOf(input),
  minutes: 24 * 60,
});

/** A dry run neither waits for other people's operations nor aborts them. */
export const lookBusyPolicy = (input: ExistingClusterInput): BusyPolicy | undefined =>
  input.dryRun ? undefined : busyPolicyOf(input);

/** Subscriptions whose tenant matters: a registry must be in the cluster's tenant. */
export function subscriptionsOf({ cluster, registry }: ExistingClusterInput): string[] {
  const registryId = registry?.mode === 'bringYourOwn' ? registry.containerRegistryId : undefined;
  const other = registryId === undefined ? [] : [resourceReference(registryId).subscriptionId];
  return [...new Set([cluster.subscriptionId, ...other])];
}

/** The request of discovery for everything around the cluster. */
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
    infrastructure: {
      ...infrastructureRequest({ cluster, profile }, location, wanted),
      searchesZones: wanted.privateDnsZone !== undefined,
    },
    allowances: {
      subscriptionId: cluster.subscriptionId,
      location,
      scopes: [
        ...permissionScopes(cluster, wanted),
        clusterId(cluster),
        resourceGroupId(cluster.subscriptionId, found.nodeResourceGroup),
      ],
      vmSizes: [...new Set(found.agentPoolProfiles.map(({ vmSize }) => vmSize))],
    },
  };
}

/** Whether AKS may reimage by itself after a change, which it may from 1.37 on. Profile row P11; Azure/AKS#5913. */
export const reimagesByItself = ({ currentKubernetesVersion }: ClusterFacts): boolean =>
  isAtLeast(currentKubernetesVersion, '1.37');

/** The action of an update on the cluster: none where the cluster is as wanted already. An update also repairs a failed one. */
export function clusterUpdate(
  { cluster: reference }: { cluster: ClusterReference },
  { cluster }: ExistingClusterFacts,
  change: ClusterChange,
): Pick<PlannedStep, 'action' | 'reason' | 'changes' | 'resourceId'> {
  const failed = cluster && isFailed(cluster.provisioningState) ? [`its state is ${cluster.provisioningState}`] : [];
  const changes = cluster ? changeDifferences(change, cluster) : [];
  const reasons = [...changes.map(differenceText), ...(failed ?? [])];
  return {
    ...(changes.length > 0 && { changes }),
    action: reasons.length > 0 ? 'update' : 'none',
    reason: reasons.join('; ') || 'as wanted already',
    resourceId: cluster?.id ?? clusterId(reference),
  };
}
