import type { ClusterFacts, KubernetesVersionFacts } from '../contract/cluster.ts';
import type { RegistryFacts } from '../contract/infrastructure.ts';
import type { ClusterReference } from '../contract/names.ts';
import { resourceGroupId, sameResourceId } from '../contract/resourceIds.ts';
import type { ClientsOf } from './connection.ts';
import { azureCall } from './errors.ts';
import {
  type AllowanceFacts,
  type AllowanceRequest,
  type InfrastructureFacts,
  type InfrastructureTargets,
  readAllowances,
  readInfrastructure,
} from './infrastructure.ts';
import { readCluster, readKubernetesVersions } from './managedClusters.ts';
import { readFeature, readProvider } from './registrations.ts';
import { readRegistry } from './registries.ts';
import { type ResourceGroupFacts, readResourceGroup } from './resourceGroups.ts';
import { readLocations, readSubscription, type SubscriptionFacts } from './subscriptions.ts';

/** What a scenario may touch. */
export interface DiscoveryRequest {
  cluster: ClusterReference;
  location: string;
  nodeResourceGroup: string;
  providers: string[];
  /** Preview features of Microsoft.ContainerService. */
  features: string[];
  infrastructure: InfrastructureTargets;
  allowances: AllowanceRequest;
}

/** What is there before the first write. What is absent is left out. */
export interface Discovered {
  subscription?: SubscriptionFacts & { locations: string[] };
  resourceGroup?: ResourceGroupFacts;
  nodeResourceGroup?: ResourceGroupFacts;
  cluster?: ClusterFacts;
  infrastructure: InfrastructureFacts;
  allowances: AllowanceFacts;
  /** Registration state by namespace. */
  providers: Record<string, string>;
  /** State by feature name. */
  features: Record<string, string>;
  kubernetesVersions: KubernetesVersionFacts[];
}

/** What Azure shows of a cluster and its registry after the last write. */
export interface ReadBack {
  cluster?: ClusterFacts;
  /** The registry that the cluster names. */
  registry?: RegistryFacts;
  infrastructure: InfrastructureFacts;
  /** Types of the resources in the node resource group, lower case. */
  nodeResourceTypes: string[];
}

export interface ReadBackRequest {
  cluster: ClusterReference;
  infrastructure: InfrastructureTargets;
}

const nothing: Discovered = {
  infrastructure: { otherLinkedZones: [], identities: {}, roles: {} },
  allowances: { permissions: {}, locks: [], vmSizes: {}, usages: {} },
  providers: {},
  features: {},
  kubernetesVersions: [],
};

export function discoveryActivities(clients: ClientsOf) {
  return {
    /** Looks at everything that the scenario may touch; changes nothing. */
    async discover(request: DiscoveryRequest): Promise<Discovered> {
      const { cluster, location } = request;
      const { subscriptionId } = cluster;
      const subscription = await readSubscription(clients, subscriptionId);
      if (!subscription) return nothing;
      const [
        locations,
        resourceGroup,
        nodeResourceGroup,
        found,
        infrastructure,
        allowances,
        kubernetesVersions,
        providers,
        features,
      ] = await Promise.all([
        readLocations(clients, subscriptionId),
        readResourceGroup(clients, { subscriptionId, name: cluster.resourceGroup }),
        readResourceGroup(clients, { subscriptionId, name: request.nodeResourceGroup }),
        readCluster(clients, cluster),
        readInfrastructure(clients, request.infrastructure),
        readAllowances(clients, request.allowances),
        readKubernetesVersions(clients, subscriptionId, location),
        byKey(request.providers, (namespace) => readProvider(clients, { subscriptionId, namespace })),
        byKey(request.features, (feature) => readFeature(clients, { subscriptionId, feature })),
      ]);
      return {
        subscription: { ...subscription, locations },
        ...(resourceGroup && { resourceGroup }),
        ...(nodeResourceGroup && { nodeResourceGroup }),
        ...(found && { cluster: found }),
        infrastructure,
        allowances,
        kubernetesVersions,
        providers,
        features,
      };
    },

    /** Reads back what the verification report needs. */
    async readBack({ cluster, infrastructure: targets }: ReadBackRequest): Promise<ReadBack> {
      const [seen, infrastructure] = await Promise.all([
        readCluster(clients, cluster),
        readInfrastructure(clients, targets),
      ]);
      if (!seen) return { infrastructure, nodeResourceTypes: [] };
      const [registry, nodeResourceTypes] = await Promise.all([
        readNamedRegistry(seen, infrastructure),
        resourceTypes(cluster.subscriptionId, seen.nodeResourceGroup),
      ]);
      return { cluster: seen, ...(registry && { registry }), infrastructure, nodeResourceTypes };
    },
  };

  /** One's own registry has been read with the infrastructure; AKS's is known by the cluster alone. */
  async function readNamedRegistry(
    { containerRegistryId: id }: ClusterFacts,
    { registry: own }: InfrastructureFacts,
  ): Promise<RegistryFacts | undefined> {
    if (id === undefined) return undefined;
    return sameResourceId(id, own?.id) ? own : readRegistry(clients, id);
  }

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
