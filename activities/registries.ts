import type { CacheRule, Registry } from '@azure/arm-containerregistry';
import { regionOf } from '../contract/regionOf.ts';
import type { Marks } from '../resources/marks.ts';
import {
  type CacheRuleFacts,
  type CacheRuleSpecification,
  cacheRuleMismatches,
  type RegistryAccess,
  type RegistryFacts,
  type RegistrySpecification,
  registryMismatches,
} from '../resources/registries.ts';
import { type ClientsOf, locate } from './arm/connection.ts';
import { azureList, azureRead, azureReadIfRegistered } from './arm/errors.ts';
import { boundTo, marksOn } from './arm/marks.ts';
import {
  adoption,
  createResource,
  deleteResource,
  type MarkedResource,
  type MaybeAdopted,
  type MaybeUnseen,
  type ResourceType,
} from './arm/ownedResource.ts';
import { updateResource } from './arm/resourceUpdate.ts';
import { usersOf } from './users/usersOf.ts';

/** Reads a registry with its cache rules, endpoints and replicas. */
export async function readRegistry(clients: ClientsOf, id: string): Promise<RegistryFacts | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'containerRegistry', id);
  const found = await registryType.read(clients, id);
  if (!found) return undefined;
  const [rules, replicas] = await Promise.all([
    azureList(id, () => client.cacheRules.list(resourceGroup, name)),
    azureList(id, () => client.replications.list(resourceGroup, name)),
  ]);
  return {
    ...found,
    cacheRules: rules.map(cacheRuleFacts),
    replicas: replicas.map(({ location }) => regionOf(location)).filter((location) => location !== found.location),
  };
}

/** Asks why nobody can have a registry's name. `undefined`: the name is free. Registry names are unique in all of Azure. */
export async function readNameProblem(clients: ClientsOf, id: string): Promise<string | undefined> {
  const { client, name } = locate(clients, 'containerRegistry', id);
  const type = 'Microsoft.ContainerRegistry/registries';
  // No answer: the worker cannot see the subscription, or nobody has used registries in it.
  const answer = await azureReadIfRegistered(id, () => client.registries.checkNameAvailability({ name, type }));
  return answer?.nameAvailable === false ? (answer.message ?? 'the name is taken') : undefined;
}

/** Reads a registry without its cache rules and replicas, which take further requests. */
const registryType: ResourceType<'containerRegistry', RegistryFacts> = {
  kind: 'registry',
  service: 'containerRegistry',
  async read(clients, id) {
    const { client, resourceGroup, name } = locate(clients, 'containerRegistry', id);
    const found = await azureRead(id, () => client.registries.get(resourceGroup, name));
    return found && registryFacts(found);
  },
  remove: ({ client, resourceGroup, name }) => client.registries.delete(resourceGroup, name),
};

export async function readCacheRule(clients: ClientsOf, id: string): Promise<CacheRuleFacts | undefined> {
  const { client, resourceGroup, parent, name } = locate(clients, 'containerRegistry', id);
  const found = await azureRead(id, () => client.cacheRules.get(resourceGroup, parent, name));
  return found && cacheRuleFacts(found);
}

const cacheRuleType: ResourceType<'containerRegistry', CacheRuleFacts> = {
  kind: 'cache rule',
  service: 'containerRegistry',
  read: readCacheRule,
  remove: ({ client, resourceGroup, parent, name }) => client.cacheRules.delete(resourceGroup, parent, name),
};

/** Each may be somebody else's meanwhile, while the other is still as the run wrote it. */
const accessParts: readonly ((access: RegistryAccess) => Partial<RegistryAccess>)[] = [
  ({ publicNetworkAccess }) => ({ publicNetworkAccess }),
  ({ anonymousPullEnabled }) => ({ anonymousPullEnabled }),
];

export const registryActivities = (clients: ClientsOf) => ({
  async createRegistry(registry: RegistrySpecification): Promise<MaybeAdopted | undefined> {
    const { id, location, tags, publicNetworkAccess, anonymousPullEnabled } = registry;
    const made = await createResource(clients, registryType, id, {
      marks: tags,
      send: ({ client, resourceGroup, name }, _conditions, found) =>
        client.registries.create(resourceGroup, name, {
          location,
          tags: { ...found, ...boundTo(id, tags) },
          // Only Premium registries take private endpoints. Source: Learn, "Azure Container Registry service tiers".
          sku: { name: 'Premium' },
          adminUserEnabled: false,
          publicNetworkAccess,
          anonymousPullEnabled,
        }),
      mismatches: (seen) => registryMismatches(registry, seen),
    });
    return adoption(made);
  },

  /**
   * Changes who can reach a registry. All its other properties stay. Azure has no ETags for registries (REST API, "Registries -
   * Update", 2025-11-01), so the guard of undo is the read right before the request.
   *
   * @param written For undo: what this run wrote. Where Azure shows something else, somebody's newer setting stays.
   * @throws ApplicationFailure `ChangedSince`.
   */
  async updateRegistry({ id, ...access }: RegistryAccess & { id: string }, written?: RegistryAccess): Promise<void> {
    await updateResource(clients, registryType, id, {
      get: ({ client, resourceGroup, name }) => client.registries.get(resourceGroup, name),
      factsOf: registryFacts,
      send: ({ client, resourceGroup, name }) => client.registries.update(resourceGroup, name, access),
      mismatches: (seen) => registryMismatches(access, seen),
      putBack:
        written &&
        ((seen) =>
          accessParts.map((part) => ({
            before: registryMismatches(part(access), seen),
            written: registryMismatches(part(written), seen),
          }))),
    });
  },

  deleteRegistry: (registry: MarkedResource): Promise<MaybeUnseen | undefined> =>
    deleteResource(clients, registryType, registry, {
      usersOf: () => usersOf(clients, registry.id, registry.marks),
    }),

  /** @param mayBeOurs Whether an earlier activity of this run may have made it. */
  async createCacheRule(
    { id, sourceRepository, targetRepository }: CacheRuleSpecification,
    mayBeOurs = false,
  ): Promise<MaybeAdopted | undefined> {
    const rule = { sourceRepository, targetRepository };
    const made = await createResource(clients, cacheRuleType, id, {
      mayBeOurs,
      send: ({ client, resourceGroup, parent, name }) => client.cacheRules.create(resourceGroup, parent, name, rule),
      mismatches: (seen) => cacheRuleMismatches(rule, seen),
    });
    return adoption(made);
  },

  /**
   * Deletes a cache rule that this run created.
   *
   * @param written What it wrote: another rule is somebody else's.
   * @param marks Those of the run, whose cluster is no other user.
   */
  deleteCacheRule: (
    id: string,
    written?: Pick<CacheRuleSpecification, 'sourceRepository' | 'targetRepository'>,
    marks: Marks = {},
  ): Promise<MaybeUnseen | undefined> =>
    deleteResource(
      clients,
      cacheRuleType,
      { id, marks: {}, ofThisRun: true },
      {
        isAsWritten: (seen) =>
          !written || (cacheRuleMismatches(written, seen).length === 0 && seen.credentialSetId === undefined),
        usersOf: () => usersOf(clients, id, marks),
      },
    ),
});

function registryFacts(registry: Registry): RegistryFacts {
  return {
    id: registry.id ?? '',
    provisioningState: registry.provisioningState ?? 'Unknown',
    marks: marksOn(registry.id ?? '', registry.tags),
    location: regionOf(registry.location),
    loginServer: registry.loginServer ?? '',
    sku: registry.sku.name,
    publicNetworkAccess: registry.publicNetworkAccess ?? 'Enabled',
    anonymousPullEnabled: registry.anonymousPullEnabled ?? false,
    takesArmTokens: registry.policies?.azureADAuthenticationAsArmPolicy?.status !== 'disabled',
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
  ...(rule.credentialSetResourceId && { credentialSetId: rule.credentialSetResourceId }),
});
