import { ownFailure } from '../../contract/failures.ts';
import {
  type Discovered,
  type DiscoveryRequest,
  notRead,
  type ReadBack,
  type ReadBackRequest,
} from '../../resources/discovery.ts';
import { resourceGroupId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import {
  type InfrastructureFacts,
  type InfrastructureRequest,
  runningOperations,
} from '../../resources/infrastructure.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { isOfAnotherCluster, type Marks } from '../../resources/marks.ts';
import { registryZoneName } from '../../resources/privateDns.ts';
import type { RegistryFacts } from '../../resources/registries.ts';
import { isGoing, type ResourceGroupReference } from '../../resources/subscriptions.ts';
import type { Unread } from '../../resources/unread.ts';
import { checkpoint } from '../arm/checkpoint.ts';
import { pause } from '../arm/clock.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { seenOr, unreadOf, whereAllowed } from '../arm/errors.ts';
import { asOneLook } from '../arm/sharedReads.ts';
import type { WaitBound } from '../arm/waiting.ts';
import { readKubernetesVersions } from '../kubernetesVersions.ts';
import { readCluster } from '../managedClusters.ts';
import { readFeature, readProvider } from '../registrations.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent, readResourceGroup } from '../resourceGroups.ts';
import { lookAtSubscription, readLocations } from '../subscriptions.ts';
import { readAllowances } from './allowances.ts';
import { readInfrastructure } from './infrastructure.ts';

const nothing: Discovered = {
  infrastructure: { otherLinkedZones: [], identities: {}, roles: {} },
  allowances: { permissions: {}, locks: [], vmSizes: {}, usages: {} },
  providers: {},
  features: {},
  kubernetesVersions: [],
};

export const discoveryActivities = (clients: ClientsOf) => ({
  /**
   * Waits until no operation runs on the resources of a request. Its own pauses count as waiting, and heartbeats record them.
   *
   * @param request `group`: a resource group that is being deleted, whose end is waited for as well.
   * @param _marks Those of the resources for which version 0.1 has waited.
   * @throws ApplicationFailure `OperationInProgress` after the bound.
   */
  async awaitInfrastructure(
    { group, ...request }: InfrastructureRequest & { group?: ResourceGroupReference },
    _marks: Marks,
    bound: WaitBound = {},
  ): Promise<void> {
    const record = checkpoint();
    const mostMs = (bound.timeoutMinutes ?? Number.POSITIVE_INFINITY) * 60_000;
    // Neither identities nor roles have a state.
    const withState = { ...request, identityIds: {}, roleScopes: [], searchesZones: false };
    for (let waitedMs = record.waitedMs ?? 0; ; record.waitedMs = waitedMs) {
      const going = group && isGoing(await readResourceGroup(clients, group)) ? [group.name] : [];
      const [running] = [...going, ...runningOperations(await readInfrastructure(clients, withState), request)];
      if (running === undefined) return;
      if (waitedMs >= mostMs) throw ownFailure('OperationInProgress', `An operation runs on ${running}`, running);
      const delayMs = Math.min(15_000, Math.max(1_000, waitedMs / 10), mostMs - waitedMs);
      await pause(delayMs);
      waitedMs += delayMs;
    }
  },

  /** Reads everything that the scenario may touch. */
  discover: (request: DiscoveryRequest): Promise<Discovered> => asOneLook(() => discover(clients, request)),

  /**
   * Whether a registry is there that was not made for another cluster than that of these marks.
   *
   * @param request `input`: the scenario's. The first activity tells the worker's policy everything that it names.
   */
  isRegistryOf: ({ id, marks }: { id: string; marks: Marks; input: object }): Promise<boolean> =>
    asOneLook(async () => {
      const { subscriptionId, resourceGroup } = resourceReference(id);
      // In a group that is not there, nothing need be looked for.
      await whereAllowed(() => readResourceGroup(clients, { subscriptionId, name: resourceGroup }));
      const found = await readRegistry(clients, id);
      return found !== undefined && !isOfAnotherCluster(found.marks, marks);
    }),

  /** Reads everything that the verification report needs. */
  readBack: (request: ReadBackRequest): Promise<ReadBack> => asOneLook(() => readBack(clients, request)),
});

async function discover(clients: ClientsOf, request: DiscoveryRequest): Promise<Discovered> {
  const { cluster, location } = request;
  const { subscriptionId } = cluster;
  const { facts: subscription, unread } = await lookAtSubscription(clients, subscriptionId);
  if (!subscription) return nothing;
  const { optional, forbidden } = optionalReads(`/subscriptions/${subscriptionId}`);
  const registration = async (what: string, read: () => Promise<string>): Promise<string> =>
    (await optional(what, 'they are taken to be registered', read)) ?? notRead;
  // Groups come first: in one that is not there, nothing need be looked for.
  const [resourceGroup, nodeGroup] = await Promise.all([
    readResourceGroup(clients, { subscriptionId, name: cluster.resourceGroup }),
    whereAllowed(() => readResourceGroup(clients, { subscriptionId, name: request.nodeResourceGroup })),
  ]);
  const [locations, found, infrastructure, allowances, kubernetesVersions, providers, features, tenants] =
    await Promise.all([
      optional('regions', 'Azure itself refuses one that it has not', () => readLocations(clients, subscriptionId)),
      readCluster(clients, cluster),
      readInfrastructure(clients, request.infrastructure),
      readAllowances(clients, request.allowances),
      optional(
        'Kubernetes versions',
        'AKS itself refuses one that it does not offer, and chooses where none is given',
        () => readKubernetesVersions(clients, subscriptionId, location),
      ),
      byKey(request.providers, (namespace) =>
        registration('resource providers', () => readProvider(clients, { subscriptionId, namespace })),
      ),
      byKey(request.features, (feature) =>
        registration('preview features', () => readFeature(clients, { subscriptionId, feature })),
      ),
      readOtherTenant(clients, subscriptionId, request.infrastructure.registryId),
    ]);
  const ofNodeGroup = unreadOf(
    nodeGroup,
    resourceGroupId(subscriptionId, request.nodeResourceGroup),
    'the node resource group',
    'AKS itself refuses one that is there already, and isolation is not proven before it can be read',
  );
  const notSeen = [...unread, ...ofNodeGroup, ...forbidden];
  const nodeResourceGroup = seenOr(nodeGroup, undefined);
  return {
    subscription: { ...subscription, ...(locations && { locations }) },
    ...(resourceGroup && { resourceGroup }),
    ...(nodeResourceGroup && { nodeResourceGroup }),
    ...('forbidden' in nodeGroup && { nodeResourceGroupForbidden: nodeGroup.forbidden }),
    ...(found && { cluster: found }),
    infrastructure,
    allowances,
    kubernetesVersions: kubernetesVersions ?? [],
    providers,
    features,
    tenants,
    ...(notSeen.length > 0 && { unread: notSeen }),
  };
}

/** Reads what a run can do without, such as what only roles on the subscription show, and notes what is forbidden. */
function optionalReads(at: string) {
  const forbidden: Unread[] = [];
  const optional = async <T>(what: string, then: string, read: () => Promise<T>): Promise<T | undefined> => {
    const look = await whereAllowed(read);
    forbidden.push(...unreadOf(look, at, what, then));
    return seenOr(look, undefined);
  };
  return { optional, forbidden };
}

async function readBack(clients: ClientsOf, { cluster, infrastructure: request }: ReadBackRequest): Promise<ReadBack> {
  const { subscriptionId } = cluster;
  const [seen, infrastructure] = await Promise.all([
    readCluster(clients, cluster),
    readInfrastructure(clients, request),
  ]);
  if (!seen) return { infrastructure, nodeResourceTypes: [] };
  // AKS keeps what it makes in a group of its own, for which the worker may have no role.
  const [namedRegistry, groupContent] = await Promise.all([
    whereAllowed(() => readNamedRegistry(clients, seen, infrastructure)),
    whereAllowed(() => readGroupContent(clients, { subscriptionId, name: seen.nodeResourceGroup })),
  ]);
  const registry = seenOr(namedRegistry, undefined);
  const content = seenOr(groupContent, []);
  const [unreadNodeResources] = [namedRegistry, groupContent].flatMap((look) =>
    'forbidden' in look ? [look.forbidden] : [],
  );
  // A private cluster has a zone of its API server in the group, beside that of its registry.
  const isOtherZone = ({ type, id }: { type: string; id: string }) =>
    type.toLowerCase() === 'microsoft.network/privatednszones' && !id.toLowerCase().endsWith(`/${registryZoneName}`);
  const types = content
    .filter((resource) => !isOtherZone(resource))
    .flatMap(({ type }) => (type ? [type.toLowerCase()] : []));
  return {
    cluster: seen,
    ...(registry && { registry }),
    infrastructure,
    nodeResourceTypes: [...new Set(types)].sort(),
    ...(unreadNodeResources !== undefined && { unreadNodeResources }),
  };
}

/** The registry that a cluster names. The user's own has been read with the infrastructure. AKS's own is read here. */
async function readNamedRegistry(
  clients: ClientsOf,
  { containerRegistryId: id }: ClusterFacts,
  { registry: own }: InfrastructureFacts,
): Promise<RegistryFacts | undefined> {
  if (id === undefined) return undefined;
  return sameResourceId(id, own?.id) ? own : readRegistry(clients, id);
}

/** The tenant of the registry's subscription, if that is another one than the cluster's. */
async function readOtherTenant(
  clients: ClientsOf,
  own: string,
  registryId: string | undefined,
): Promise<Record<string, string>> {
  const other = registryId === undefined ? own : resourceReference(registryId).subscriptionId;
  if (sameResourceId(other, own)) return {};
  const { facts } = await lookAtSubscription(clients, other);
  return facts?.tenantId === undefined ? {} : { [other]: facts.tenantId };
}

async function byKey<T>(keys: readonly string[], read: (key: string) => Promise<T>): Promise<Record<string, T>> {
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)));
}
