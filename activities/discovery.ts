import type { ClusterFacts, KubernetesVersionFacts } from '../contract/cluster.ts';
import type { ClusterReference } from '../contract/names.ts';
import { resourceGroupId } from '../contract/resourceIds.ts';
import type { ClientsOf } from './connection.ts';
import { azureCall } from './errors.ts';
import { type IdentityFacts, readIdentity } from './identities.ts';
import { readCluster, readKubernetesVersions } from './managedClusters.ts';
import { readFeature, readProvider } from './registrations.ts';
import { type RegistryFacts, readRegistry } from './registries.ts';
import { type ResourceGroupFacts, readResourceGroup } from './resourceGroups.ts';
import { readSubscription, type SubscriptionFacts } from './subscriptions.ts';

/** What a scenario may touch. */
export interface DiscoveryRequest {
  cluster: ClusterReference;
  location: string;
  nodeResourceGroup: string;
  providers: string[];
  /** Preview features of Microsoft.ContainerService. */
  features: string[];
  identityId?: string;
}

/** What is there before the first write. What is absent is left out. */
export interface Discovered {
  subscription?: SubscriptionFacts;
  resourceGroup?: ResourceGroupFacts;
  nodeResourceGroup?: ResourceGroupFacts;
  cluster?: ClusterFacts;
  identity?: IdentityFacts;
  /** Registration state by namespace. */
  providers: Record<string, string>;
  /** State by feature name. */
  features: Record<string, string>;
  kubernetesVersions: KubernetesVersionFacts[];
}

/** What Azure shows of a cluster and its registry after the last write. */
export interface ReadBack {
  cluster?: ClusterFacts;
  registry?: RegistryFacts;
  /** Types of the resources in the node resource group, lower case. */
  nodeResourceTypes: string[];
}

export function discoveryActivities(clients: ClientsOf) {
  return {
    /** Looks at everything that the scenario may touch; changes nothing. */
    async discover(request: DiscoveryRequest): Promise<Discovered> {
      const { cluster, location } = request;
      const { subscriptionId } = cluster;
      const subscription = await readSubscription(clients, subscriptionId);
      if (!subscription) return { providers: {}, features: {}, kubernetesVersions: [] };
      const [resourceGroup, nodeResourceGroup, found, identity, kubernetesVersions, providers, features] =
        await Promise.all([
          readResourceGroup(clients, { subscriptionId, name: cluster.resourceGroup }),
          readResourceGroup(clients, { subscriptionId, name: request.nodeResourceGroup }),
          readCluster(clients, cluster),
          request.identityId === undefined ? undefined : readIdentity(clients, request.identityId),
          readKubernetesVersions(clients, subscriptionId, location),
          byKey(request.providers, (namespace) => readProvider(clients, { subscriptionId, namespace })),
          byKey(request.features, (feature) => readFeature(clients, { subscriptionId, feature })),
        ]);
      return {
        subscription,
        ...(resourceGroup && { resourceGroup }),
        ...(nodeResourceGroup && { nodeResourceGroup }),
        ...(found && { cluster: found }),
        ...(identity && { identity }),
        kubernetesVersions,
        providers,
        features,
      };
    },

    /** Reads back what the verification report needs. */
    async readBackCluster(cluster: ClusterReference): Promise<ReadBack> {
      const seen = await readCluster(clients, cluster);
      if (!seen) return { nodeResourceTypes: [] };
      const [registry, nodeResourceTypes] = await Promise.all([
        seen.containerRegistryId === undefined ? undefined : readRegistry(clients, seen.containerRegistryId),
        resourceTypes(cluster.subscriptionId, seen.nodeResourceGroup),
      ]);
      return { cluster: seen, ...(registry && { registry }), nodeResourceTypes };
    },
  };

  async function resourceTypes(subscriptionId: string, group: string): Promise<string[]> {
    const { resources } = clients(subscriptionId).resources;
    const types: string[] = [];
    await azureCall(resourceGroupId(subscriptionId, group), async () => {
      for await (const { type } of resources.listByResourceGroup(group)) if (type) types.push(type.toLowerCase());
    });
    return [...new Set(types)].sort();
  }
}

async function byKey<T>(keys: readonly string[], read: (key: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)));
}
