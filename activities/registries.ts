import { type CacheRule, type Registry, restorePoller } from '@azure/arm-containerregistry';
import { resourceReference } from '../resources/ids.ts';
import { type Marks, marksIn } from '../resources/marks.ts';
import {
  type CacheRuleFacts,
  type CacheRuleSpecification,
  cacheRuleDifferences,
  type RegistryAccess,
  type RegistryFacts,
  type RegistrySpecification,
  registryDifferences,
} from '../resources/registries.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureRead, azureReadIfRegistered } from './arm/errors.ts';
import { createResource, deleteResource, updateResource } from './arm/ownedResource.ts';

/** Reads a container registry with its cache rules, endpoints and replicas by its resource ID. */
export async function readRegistry(clients: ClientsOf, id: string): Promise<RegistryFacts | undefined> {
  const { subscriptionId, resourceGroup, name } = resourceReference(id);
  const { cacheRules, replications } = clients(subscriptionId).containerRegistry;
  const found = await getRegistry(clients, id);
  if (!found) return undefined;
  const rules: CacheRuleFacts[] = [];
  const replicas: string[] = [];
  await Promise.all([
    azureRead(id, async () => {
      for await (const rule of cacheRules.list(resourceGroup, name)) rules.push(cacheRuleFacts(rule));
    }),
    azureRead(id, async () => {
      for await (const { location } of replications.list(resourceGroup, name)) replicas.push(location);
    }),
  ]);
  return {
    ...registryFacts(found),
    cacheRules: rules,
    replicas: replicas.filter((location) => location !== found.location),
  };
}

/** Why a name cannot be had, if it cannot: registry names are unique in all of Azure. */
export async function readNameProblem(clients: ClientsOf, id: string): Promise<string | undefined> {
  const { subscriptionId, name } = resourceReference(id);
  const { registries } = clients(subscriptionId).containerRegistry;
  const type = 'Microsoft.ContainerRegistry/registries';
  // Absent where nobody can see the subscription, or nobody has used registries in it.
  const answer = await azureReadIfRegistered(id, () => registries.checkNameAvailability({ name, type }));
  return answer?.nameAvailable === false ? (answer.message ?? 'the name is taken') : undefined;
}

async function getRegistry(clients: ClientsOf, id: string): Promise<Registry | undefined> {
  const { subscriptionId, resourceGroup, name } = resourceReference(id);
  return azureRead(id, () => clients(subscriptionId).containerRegistry.registries.get(resourceGroup, name));
}

export function registryActivities(clients: ClientsOf) {
  return {
    async createRegistry(registry: RegistrySpecification): Promise<void> {
      const { id, location, tags, publicNetworkAccess, anonymousPullEnabled } = registry;
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).containerRegistry;
      await createResource({
        ...registryReader(id),
        marks: tags,
        write: {
          start: () =>
            client.registries.create(resourceGroup, name, {
              location,
              tags,
              // Private endpoints need Premium.
              sku: { name: 'Premium' },
              adminUserEnabled: false,
              publicNetworkAccess,
              anonymousPullEnabled,
            }),
          restore: (state) => restorePoller(client, state, client.registries.create),
        },
        differences: (seen) => registryDifferences(registry, seen),
      });
    },

    /** Changes who can reach a registry; nothing else of it. */
    async updateRegistry({ id, ...access }: RegistryAccess & { id: string }): Promise<void> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).containerRegistry;
      await updateResource({
        ...registryReader(id),
        write: {
          start: () => client.registries.update(resourceGroup, name, access),
          restore: (state) => restorePoller(client, state, client.registries.update),
        },
        differences: (seen) => registryDifferences(access, seen),
      });
    },

    async deleteRegistry({ id, marks }: { id: string; marks: Marks }): Promise<void> {
      const { subscriptionId, resourceGroup, name } = resourceReference(id);
      const client = clients(subscriptionId).containerRegistry;
      await deleteResource({
        ...registryReader(id),
        marks,
        write: {
          start: () => client.registries.delete(resourceGroup, name),
          restore: (state) => restorePoller(client, state, client.registries.delete),
        },
      });
    },

    /** @param retriedByOperator Whether this run has tried before. */
    async createCacheRule(
      { id, sourceRepository, targetRepository }: CacheRuleSpecification,
      retriedByOperator = false,
    ): Promise<void> {
      const { client, resourceGroup, registry, name } = ruleClient(id);
      const rule = { sourceRepository, targetRepository };
      await createResource({
        ...ruleReader(id),
        marks: {},
        retriedByOperator,
        write: {
          start: () => client.cacheRules.create(resourceGroup, registry, name, rule),
          restore: (state) => restorePoller(client, state, client.cacheRules.create),
        },
        differences: (seen) => cacheRuleDifferences(rule, seen),
      });
    },

    async deleteCacheRule(id: string): Promise<void> {
      const { client, resourceGroup, registry, name } = ruleClient(id);
      await deleteResource({
        ...ruleReader(id),
        marks: {},
        write: {
          start: () => client.cacheRules.delete(resourceGroup, registry, name),
          restore: (state) => restorePoller(client, state, client.cacheRules.delete),
        },
      });
    },
  };

  function registryReader(id: string) {
    return {
      id,
      kind: 'registry',
      read: async () => {
        const found = await getRegistry(clients, id);
        return found && registryFacts(found);
      },
      state: ({ provisioningState }: RegistryFacts) => provisioningState,
      marksOf: ({ marks }: RegistryFacts) => marks,
    };
  }

  function ruleClient(id: string) {
    const { subscriptionId, resourceGroup, name, parents } = resourceReference(id);
    return { client: clients(subscriptionId).containerRegistry, resourceGroup, registry: parents[0] ?? '', name };
  }

  function ruleReader(id: string) {
    const { client, resourceGroup, registry, name } = ruleClient(id);
    return {
      id,
      kind: 'cache rule',
      read: async () => {
        const found = await azureRead(id, () => client.cacheRules.get(resourceGroup, registry, name));
        return found && cacheRuleFacts(found);
      },
      state: ({ provisioningState }: CacheRuleFacts) => provisioningState,
    };
  }
}

function registryFacts(registry: Registry): RegistryFacts {
  return {
    id: registry.id ?? '',
    provisioningState: registry.provisioningState ?? 'Unknown',
    marks: marksIn(registry.tags),
    location: registry.location,
    loginServer: registry.loginServer ?? '',
    sku: registry.sku.name,
    publicNetworkAccess: registry.publicNetworkAccess ?? 'Enabled',
    anonymousPullEnabled: registry.anonymousPullEnabled ?? false,
    roleAssignmentMode: registry.roleAssignmentMode ?? 'LegacyRegistryPermissions',
    privateEndpoints: (registry.privateEndpointConnections ?? []).map(
      ({ privateEndpoint, privateLinkServiceConnectionState: state }) => ({
        id: privateEndpoint?.id ?? '',
        status: state?.status ?? 'Unknown',
      }),
    ),
    cacheRules: [],
    replicas: [],
  };
}

const cacheRuleFacts = (rule: CacheRule): CacheRuleFacts => ({
  name: rule.name ?? '',
  sourceRepository: rule.sourceRepository ?? '',
  targetRepository: rule.targetRepository ?? '',
  provisioningState: rule.provisioningState ?? 'Unknown',
});
