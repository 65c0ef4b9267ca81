import type { Problem } from '../../contract/problem.ts';
import { minimumKubernetesVersion } from '../../contract/profiles.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { clusterId, resourceReference } from '../../resources/ids.ts';
import { isAtLeast } from '../../resources/kubernetesVersions.ts';
import { cutsEgress, isBusy } from '../../resources/managedClusters.ts';
import { unseenSubscription } from '../preflight/commonProblems.ts';
import type { ExistingClusterInput } from './facts.ts';

/** Reports everything about subscription, cluster and tenant that stops an update. */
export function existingClusterProblems(
  input: ExistingClusterInput,
  { subscription, cluster, tenants }: ExistingClusterFacts,
): Problem[] {
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
  // The update repairs a failed cluster. Discovery has waited for operations, except in a dry run.
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

/** Reports what network isolation does not go with. Source: AKS docs network-isolated.md. */
export function isolationProblems({ cluster }: ExistingClusterFacts, outboundType: string): Problem[] {
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
