import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { minimumKubernetesVersion, type Profile } from '../../contract/profiles.ts';
import type { DiscoveryRequest, LivingCluster, LivingFacts } from '../../resources/discovery.ts';
import { type ClusterReference, clusterId, parentId, resourceReference } from '../../resources/ids.ts';
import { isAtLeast } from '../../resources/kubernetesVersions.ts';
import {
  type ClusterChange,
  type ClusterFacts,
  changeDifferences,
  cutsEgress,
  hasManagedRegistry,
  hasOwnNetwork,
  isBusy,
} from '../../resources/managedClusters.ts';
import type { Patience } from '../../resources/operations.ts';
import { isFailed } from '../../resources/provisioningState.ts';
import { infrastructureRequest, permissionScopes, type Targets } from '../infrastructure/targets.ts';
import { unseenSubscription } from '../preflight/commonProblems.ts';
import { lookedAtProviders, requiredFeatures } from '../registrations/plan.ts';

/** What the scenarios on a cluster that is there have in common. */
export interface LivingInput {
  cluster: ClusterReference;
  profile: Profile;
  busyTimeoutMinutes: number;
  abortOperations: boolean;
  dryRun: boolean;
  registry?: RegistryInput;
}

export const patienceOf = ({ busyTimeoutMinutes, abortOperations }: LivingInput): Patience => ({
  minutes: busyTimeoutMinutes,
  abort: abortOperations,
});

/** What undo has to wait for is likely this run's own, and may be a large pool. */
export const undoPatience = (input: LivingInput): Patience => ({ ...patienceOf(input), minutes: 24 * 60 });

/** A dry run neither waits nor aborts. */
export const lookPatience = (input: LivingInput): Patience | undefined =>
  input.dryRun ? undefined : patienceOf(input);

/** Subscriptions whose tenant matters. */
export function subscriptionsOf({ cluster, registry }: LivingInput): string[] {
  const registryId = registry?.mode === 'bringYourOwn' ? registry.containerRegistryId : undefined;
  const other = registryId === undefined ? [] : [resourceReference(registryId).subscriptionId];
  return [...new Set([cluster.subscriptionId, ...other])];
}

/** What discovery is to look at around the cluster. */
export function surroundingsRequest(
  { cluster, profile }: LivingInput,
  found: ClusterFacts,
  targets: Targets,
): DiscoveryRequest {
  const { location } = found;
  return {
    cluster,
    location,
    nodeResourceGroup: found.nodeResourceGroup,
    providers: [...lookedAtProviders],
    features: [...requiredFeatures({ profile, vnetIntegration: false })],
    infrastructure: infrastructureRequest({ cluster, location }, targets),
    allowances: {
      subscriptionId: cluster.subscriptionId,
      location,
      scopes: [...permissionScopes({ cluster }, targets), clusterId(cluster)],
      vmSizes: [...new Set(found.agentPoolProfiles.map(({ vmSize }) => vmSize))],
    },
  };
}

/** The subnets of the nodes, the first pool's first: of one's own network, or of the one that AKS manages. */
export function nodeSubnets({ cluster, managedNetworkId }: LivingCluster): string[] {
  const own = (cluster?.agentPoolProfiles ?? []).flatMap(({ vnetSubnetId }) => (vnetSubnetId ? [vnetSubnetId] : []));
  // AKS's own name. Source: Learn, "Configure Azure CNI networking".
  const managed = managedNetworkId === undefined ? [] : [`${managedNetworkId}/subnets/aks-subnet`];
  return [...new Set(own.length > 0 ? own : managed)];
}

export const networkOf = (subnetId: string): string => parentId(subnetId);

/** The update of the cluster that comes before its pools are reimaged. */
export function bootstrapStep(
  { cluster: found }: LivingFacts,
  change: ClusterChange,
  title: string,
  needs: readonly string[],
): PlannedStep {
  const differences = found ? changeDifferences(change, found) : [];
  const failed = found !== undefined && isFailed(found.provisioningState);
  const reasons = [...differences, ...(failed ? [`its state is ${found.provisioningState}`] : [])];
  return {
    id: 'bootstrap',
    title,
    action: reasons.length > 0 ? 'update' : 'none',
    reason: reasons.join('; ') || 'as wanted already',
    needs,
    resourceId: found?.id ?? '',
  };
}

/** What undo puts back. */
export function previousBootstrap({ artifactSource, ...found }: ClusterFacts): ClusterChange {
  if (artifactSource !== 'Cache') return { artifactSource: 'Direct' };
  const managed = hasManagedRegistry({ artifactSource, ...found });
  return { artifactSource, containerRegistryId: managed ? null : (found.containerRegistryId ?? null) };
}

export const previousOutbound = ({ outboundType, outboundProfile }: ClusterFacts): ClusterChange => ({
  outboundType,
  outboundProfile,
});

/** Everything about the cluster itself that stops an update. */
export function clusterProblems(input: LivingInput, { subscription, cluster, tenants }: LivingFacts): Problem[] {
  if (!subscription) return [unseenSubscription(input)];
  const where = clusterId(input.cluster);
  if (!cluster) {
    const problem = "the cluster does not exist, or the worker's identity cannot see it";
    return [{ where, problem, whatToDo: 'Correct the reference; createCluster creates a cluster.' }];
  }
  const problems: Problem[] = [];
  const report = (problem: string, whatToDo: string, at = where) => problems.push({ where: at, problem, whatToDo });
  if (subscription.state !== 'Enabled') {
    report(
      `the subscription is ${subscription.state}`,
      'Enable it, or use another one.',
      `/subscriptions/${input.cluster.subscriptionId}`,
    );
  }
  if (cluster.powerState === 'Stopped') {
    report('the cluster is stopped', 'Start it with `az aks start`, then start again.');
  }
  // A failed one is repaired by the update; what runs has been waited for, except by a dry run.
  if (isBusy(cluster)) report(`an operation is in progress (${cluster.provisioningState})`, 'Wait for it to end.');
  const registryId = input.registry?.mode === 'bringYourOwn' ? input.registry.containerRegistryId : undefined;
  if (registryId !== undefined) {
    const { subscriptionId } = resourceReference(registryId);
    const tenant = tenants[subscriptionId];
    const own = tenants[input.cluster.subscriptionId];
    if (tenant !== undefined && own !== undefined && tenant !== own) {
      report(
        `the registry is in tenant ${tenant}, the cluster in ${own}, and the kubelet identity has no roles in another tenant`,
        'Use a registry in the tenant of the cluster.',
        'registry.containerRegistryId',
      );
    }
  }
  return problems;
}

/** The limits of network isolation. Source: AKS docs network-isolated.md; profiles.md. */
export function isolationProblems({ cluster }: LivingFacts, outboundType: string): Problem[] {
  if (!cluster) return [];
  const problems: Problem[] = [];
  const report = (problem: string, whatToDo: string, where = cluster.id) => problems.push({ where, problem, whatToDo });
  if (!isAtLeast(cluster.currentKubernetesVersion, minimumKubernetesVersion)) {
    report(
      `Kubernetes ${cluster.currentKubernetesVersion} is older than ${minimumKubernetesVersion}`,
      'Upgrade the cluster first.',
    );
  }
  if (cluster.identity.type === 'None') {
    report('the cluster uses a service principal', 'Give it a managed identity (Azure/AKS#5821).');
  }
  if (cluster.networkPlugin === 'kubenet') report('its network plugin is kubenet', 'Migrate it to Azure CNI first.');
  if (/^(unmanaged|securitypatch)$/i.test(cluster.nodeOSUpgradeChannel)) {
    report(`its node OS upgrade channel is ${cluster.nodeOSUpgradeChannel}`, 'Set it to NodeImage or None.');
  }
  for (const pool of cluster.agentPoolProfiles) {
    const where = `${cluster.id}/agentPools/${pool.name}`;
    if (pool.osType === 'Windows') report('a Windows node pool cannot be network isolated', 'Remove it first.', where);
    if (pool.enableNodePublicIP && cutsEgress(outboundType)) {
      report('its nodes have public IP addresses, which are egress', 'Use a pool without them.', where);
    }
  }
  return problems;
}

const managedMoves: Readonly<Record<string, readonly string[]>> = {
  loadbalancer: ['managedNATGateway', 'none', 'block'],
  managednatgateway: ['none', 'block'],
  none: ['loadBalancer', 'managedNATGateway', 'block'],
  block: ['loadBalancer', 'managedNATGateway', 'none'],
};
const ownTypes = ['loadBalancer', 'userAssignedNATGateway', 'userDefinedRouting', 'none'];

/** To which outbound types a cluster can move. Source: AKS docs egress-outboundtype.md, "Update outboundType after cluster creation". */
export function reachableOutboundTypes(cluster: ClusterFacts): readonly string[] {
  if (hasOwnNetwork(cluster)) return ownTypes;
  return managedMoves[cluster.outboundType.toLowerCase()] ?? [];
}

export function outboundProblems({ cluster }: LivingFacts, outboundType: string): Problem[] {
  if (!cluster || outboundType.toLowerCase() === cluster.outboundType.toLowerCase()) return [];
  const reachable = reachableOutboundTypes(cluster);
  if (reachable.includes(outboundType)) return [];
  const network = hasOwnNetwork(cluster) ? "one's own network" : 'a network that AKS manages';
  return [
    {
      where: 'outboundType',
      problem: `Azure does not change ${cluster.outboundType} to ${outboundType} in ${network}`,
      whatToDo: `Use ${reachable.join(' or ') || 'another cluster'}.`,
    },
  ];
}

/** Why an outbound type cannot be put back, if it cannot. */
export function outboundForwardOnly(cluster: ClusterFacts, outboundType: string): string | undefined {
  const after = reachableOutboundTypes({ ...cluster, outboundType });
  const back = after.some((type) => type.toLowerCase() === cluster.outboundType.toLowerCase());
  return back ? undefined : `Azure does not change ${outboundType} back to ${cluster.outboundType}`;
}

/** Whether AKS may reimage by itself after a change. Profile row P11. */
export const reimagesByItself = ({ currentKubernetesVersion }: ClusterFacts): boolean =>
  isAtLeast(currentKubernetesVersion, '1.37');
