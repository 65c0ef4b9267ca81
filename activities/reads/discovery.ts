import { ownFailure } from '../../contract/failures.ts';
import type {
  Discovered,
  DiscoveryRequest,
  ExistingCluster,
  ExistingClusterRequest,
  OldRegistryFacts,
  OldRegistryRequest,
  ReadBack,
  ReadBackRequest,
} from '../../resources/discovery.ts';
import {
  type ClusterReference,
  parentId,
  resourceGroupId,
  resourceReference,
  sameResourceId,
} from '../../resources/ids.ts';
import {
  type InfrastructureFacts,
  type InfrastructureRequest,
  runningOperations,
} from '../../resources/infrastructure.ts';
import { type ClusterFacts, hasOwnNetwork } from '../../resources/managedClusters.ts';
import { carriesMarks, type Marks } from '../../resources/marks.ts';
import { type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureRead } from '../arm/errors.ts';
import { existingCluster, idleCluster, readCluster, readKubernetesVersions } from '../managedClusters.ts';
import { readLinksTo, readPrivateDnsZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readFeature, readProvider } from '../registrations.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent, readResourceGroup } from '../resourceGroups.ts';
import { readLocations, readSubscription } from '../subscriptions.ts';
import { whereAllowed } from './allowances.ts';
import { readAllowances, readInfrastructure } from './infrastructure.ts';

const nothing: Discovered = {
  infrastructure: { otherLinkedZones: [], identities: {}, roles: {} },
  allowances: { permissions: {}, locks: [], vmSizes: {}, usages: {} },
  providers: {},
  features: {},
  kubernetesVersions: [],
};

export function discoveryActivities(clients: ClientsOf) {
  return {
    /** Fails for as long as an operation runs on what carries the marks: its retry policy is the wait. */
    async awaitInfrastructure(request: InfrastructureRequest, marks: Marks): Promise<void> {
      const [running] = runningOperations(await readInfrastructure(clients, request), marks);
      if (running === undefined) return;
      throw ownFailure('OperationInProgress', `An operation runs on ${running}`, running, { retryable: true });
    },

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

    /**
     * Looks at a cluster that is there, once nothing runs on it.
     *
     * @throws ApplicationFailure `OperationInProgress` when somebody else's operation outlasts the busyPolicy.
     */
    async lookAtCluster({ cluster, subscriptionIds, busyPolicy }: ExistingClusterRequest): Promise<ExistingCluster> {
      const { subscriptionId } = cluster;
      const [subscription, tenants] = await Promise.all([
        readSubscription(clients, subscriptionId),
        Promise.all(subscriptionIds.map(async (id) => [id, await readSubscription(clients, id)] as const)),
      ]);
      const found = subscription && (await readCluster(clients, cluster));
      const idle = found && busyPolicy ? await idleCluster(clients, cluster, busyPolicy) : found;
      const [managedNetworkId, registry] = idle
        ? await Promise.all([managedNetwork(subscriptionId, idle), bootstrapRegistry(idle)])
        : [];
      const imageSource = idle && imageSourceOf(idle, registry);
      const zoneLink = idle && (await linkOf(idle, managedNetworkId));
      return {
        ...(subscription && { subscription }),
        ...(idle && { cluster: idle }),
        ...(managedNetworkId !== undefined && { managedNetworkId }),
        ...(zoneLink && { zoneLink }),
        ...(imageSource !== undefined && { imageSource }),
        registryEndpointIds: (registry?.privateEndpoints ?? []).map(({ id }) => id),
        tenants: Object.fromEntries(tenants.flatMap(([id, facts]) => (facts ? [[id, facts.tenantId]] : []))),
      };
    },

    /** Looks at a registry that a cluster is about to leave; changes nothing. */
    async lookAtOldRegistry(request: OldRegistryRequest): Promise<OldRegistryFacts | undefined> {
      const { registryId, privateDnsZoneId, marks } = request;
      const registry = await readRegistry(clients, registryId);
      if (!registry) return undefined;
      const endpoints = await Promise.all(registry.privateEndpoints.map(({ id }) => readPrivateEndpoint(clients, id)));
      const names = registryRecordNames(
        { name: resourceReference(registryId).name, location: registry.location },
        registry,
      );
      const zone =
        privateDnsZoneId === undefined ? undefined : await readPrivateDnsZone(clients, privateDnsZoneId, names);
      const all = [registry, ...endpoints, ...Object.values(zone?.records ?? {})];
      return {
        id: registry.id,
        endpoints: registry.privateEndpoints.map(({ id }) => ({ id })),
        owned: all.flatMap((each) => (each && carriesMarks(each.marks, marks) ? [each.id] : [])),
      };
    },

    /** Host and path from which the nodes of a cluster are to get Microsoft's images now; nothing: from Microsoft. */
    async readImageSource(cluster: ClusterReference): Promise<string | undefined> {
      const found = await existingCluster(clients, cluster);
      return imageSourceOf(found, await bootstrapRegistry(found));
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

  async function managedNetwork(subscriptionId: string, cluster: ClusterFacts): Promise<string | undefined> {
    if (hasOwnNetwork(cluster)) return undefined;
    const content = await readGroupContent(clients, { subscriptionId, name: cluster.nodeResourceGroup });
    return content.find(({ id }) => /\/virtualNetworks\/[^/]+$/i.test(id))?.id;
  }

  async function linkOf({ id, agentPoolProfiles }: ClusterFacts, managed: string | undefined) {
    const own = agentPoolProfiles.find(({ vnetSubnetId }) => vnetSubnetId)?.vnetSubnetId;
    const network = own === undefined ? managed : parentId(own);
    if (network === undefined) return undefined;
    const subscriptions = [id, network].map((each) => each.split('/')[2] ?? '');
    return (await readLinksTo(clients, subscriptions, network))[0];
  }

  async function bootstrapRegistry({ artifactSource, containerRegistryId: id }: ClusterFacts) {
    if (artifactSource !== 'Cache' || id === undefined) return undefined;
    return whereAllowed(() => readRegistry(clients, id));
  }

  /** The rule that the registry has for Microsoft's images tells the path. */
  function imageSourceOf(
    { artifactSource, containerRegistryId }: ClusterFacts,
    registry: RegistryFacts | undefined,
  ): string | undefined {
    if (artifactSource !== 'Cache' || containerRegistryId === undefined) return undefined;
    const host = registry?.loginServer || `${resourceReference(containerRegistryId).name.toLowerCase()}.azurecr.io`;
    const rules = registry?.cacheRules ?? [];
    const rule =
      rules.find(({ name }) => name === 'aks-managed-mcr') ??
      rules.find(({ sourceRepository }) => sourceRepository === 'mcr.microsoft.com/*');
    const path = (rule?.targetRepository ?? 'aks-managed-repository/*').replace(/\/?\*$/, '');
    return path === '' ? host : `${host}/${path}`;
  }

  async function resourceTypes(subscriptionId: string, group: string): Promise<string[]> {
    const { resources } = clients(subscriptionId).resources;
    const types: string[] = [];
    await azureRead(resourceGroupId(subscriptionId, group), async () => {
      for await (const { type } of resources.listByResourceGroup(group)) if (type) types.push(type.toLowerCase());
    });
    return [...new Set(types)].sort();
  }
}

async function byKey<T>(keys: readonly string[], read: (key: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)));
}
