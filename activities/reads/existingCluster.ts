import type {
  ExistingCluster,
  ExistingClusterRequest,
  OldRegistryFacts,
  OldRegistryRequest,
} from '../../resources/discovery.ts';
import { type ClusterReference, parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { keptEgress, ownAddressesOf } from '../../resources/keptEgress.ts';
import { type ClusterFacts, hasOwnNetwork, nodeGroupId } from '../../resources/managedClusters.ts';
import { carriesMarks, markedUsers } from '../../resources/marks.ts';
import { type RegistryFacts, registryRecordNames } from '../../resources/registries.ts';
import type { Unread } from '../../resources/unread.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { seenOr, unreadOf, whereAllowed } from '../arm/errors.ts';
import { asOneLook } from '../arm/sharedReads.ts';
import { clusterFacts } from '../managedClusterBody.ts';
import { getCluster, idleCluster, readExistingCluster } from '../managedClusters.ts';
import { readPrivateDnsZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent } from '../resourceGroups.ts';
import { lookAtSubscription } from '../subscriptions.ts';
import { listClusters } from '../users/clusters.ts';
import { usersOf } from '../users/usersOf.ts';
import { ifNamed } from './infrastructure.ts';
import { readAddressProblem } from './publicAddresses.ts';
import { readLinksTo } from './zoneLinks.ts';

export const existingClusterActivities = (clients: ClientsOf) => ({
  /**
   * Reads an existing cluster. With a busy policy, waits until nothing runs on it.
   *
   * @throws ApplicationFailure `OperationInProgress` when somebody else's operation outlasts the busy policy.
   */
  lookAtCluster: (request: ExistingClusterRequest): Promise<ExistingCluster> => lookAtCluster(clients, request),

  /** Reads a registry that a cluster is about to leave, with its endpoints and records. */
  async lookAtOldRegistry(request: OldRegistryRequest): Promise<OldRegistryFacts | undefined> {
    const { registryId, privateDnsZoneId, marks } = request;
    const registry = await readRegistry(clients, registryId);
    if (!registry) return undefined;
    // One that may not be read is somebody else's: whoever uses the registry is told apart.
    const endpoints = await Promise.all(
      registry.privateEndpoints.map(async ({ id }) =>
        seenOr(await whereAllowed(() => readPrivateEndpoint(clients, id)), undefined),
      ),
    );
    const names = registryRecordNames(registry);
    const zone = await ifNamed(privateDnsZoneId, (id) => readPrivateDnsZone(clients, id, names));
    const all = [registry, ...endpoints, ...Object.values(zone?.records ?? {})];
    const clusters = await listClusters(clients, [resourceReference(registry.id).subscriptionId]);
    const users = await usersOf(clients, registry.id, marks, clusters);
    return {
      id: registry.id,
      endpoints: registry.privateEndpoints.map(({ id }) => ({ id })),
      owned: all.flatMap((each) => (each && carriesMarks(each.marks, marks) ? [each.id] : [])),
      clusters: clusters.clusters.flatMap(({ id, registryId: its }) => (sameResourceId(its, registry.id) ? [id] : [])),
      users: { ...users, users: [...users.users, ...markedUsers(registry.marks, marks)] },
      unread: clusters.unread,
    };
  },

  /** Reads host and path from which the nodes of a cluster are to get Microsoft's images now. `undefined`: from Microsoft. */
  readImageSource: (cluster: ClusterReference): Promise<string | undefined> =>
    asOneLook(async () => {
      const found = await readExistingCluster(clients, cluster);
      return imageSourceOf(found, (await readBootstrapRegistry(clients, found)).registry);
    }),
});

async function lookAtCluster(clients: ClientsOf, request: ExistingClusterRequest): Promise<ExistingCluster> {
  const { cluster, subscriptionIds, busyPolicy } = request;
  const { subscriptionId } = cluster;
  const [{ facts: subscription, unread: ofSubscription }, tenants] = await asOneLook(() =>
    Promise.all([
      lookAtSubscription(clients, subscriptionId),
      Promise.all(
        subscriptionIds
          .filter((id) => !sameResourceId(id, subscriptionId))
          .map(async (id) => [id, await lookAtSubscription(clients, id)] as const),
      ),
    ]),
  );
  const read = () => getCluster(clients, cluster);
  const found = subscription && (await (busyPolicy ? read() : asOneLook(read)));
  const whole = found && busyPolicy ? await idleCluster(clients, cluster, busyPolicy, found) : found;
  const { unread, ...around } = await asOneLook(() => lookAround(clients, request, whole && clusterFacts(whole)));
  const notSeen = [...ofSubscription, ...tenants.flatMap(([, each]) => each.unread), ...unread];
  return {
    ...(subscription && { subscription }),
    ...around,
    ...(notSeen.length > 0 && { unread: notSeen }),
    tenants: Object.fromEntries(
      [[subscriptionId, { facts: subscription }] as const, ...tenants].flatMap(([id, { facts }]) =>
        facts?.tenantId === undefined || !subscriptionIds.includes(id) ? [] : [[id, facts.tenantId]],
      ),
    ),
  };
}

/** Reads what belongs to a cluster on which nothing runs. */
async function lookAround(
  clients: ClientsOf,
  { cluster: { subscriptionId }, searchesZones = false }: ExistingClusterRequest,
  idle: ClusterFacts | undefined,
): Promise<Omit<ExistingCluster, 'subscription' | 'tenants' | 'unread'> & { unread: Unread[] }> {
  const [network, bootstrap] = idle
    ? await Promise.all([
        whereAllowed(() => readManagedNetwork(clients, subscriptionId, idle)),
        readBootstrapRegistry(clients, idle),
      ])
    : [];
  const managedNetworkId = network && seenOr(network, undefined);
  const registry = bootstrap?.registry;
  const imageSource = idle && imageSourceOf(idle, registry);
  const linked = idle && (await readLink(clients, idle, managedNetworkId, searchesZones));
  const [zoneLink] = linked?.links ?? [];
  const addresses = idle ? await readLostAddresses(clients, idle) : { lost: {}, unread: [] };
  const unread = [
    ...(idle && network ? unreadOf(network, nodeGroupId(idle), 'the network that AKS manages for the cluster') : []),
    ...(bootstrap?.unread ?? []),
    ...(linked?.unread ?? []),
    ...addresses.unread,
  ];
  return {
    ...(idle && { cluster: idle }),
    ...(managedNetworkId !== undefined && { managedNetworkId }),
    ...(network && 'forbidden' in network && { networkUnread: network.forbidden }),
    ...(zoneLink && { zoneLink }),
    ...(Object.keys(addresses.lost).length > 0 && { lostAddresses: addresses.lost }),
    unread,
    ...(imageSource !== undefined && { imageSource }),
    registryEndpointIds: (registry?.privateEndpoints ?? []).map(({ id }) => id),
  };
}

/** Reads the ID of the network that AKS manages for a cluster. */
async function readManagedNetwork(
  clients: ClientsOf,
  subscriptionId: string,
  cluster: ClusterFacts,
): Promise<string | undefined> {
  if (hasOwnNetwork(cluster)) return undefined;
  const content = await readGroupContent(clients, { subscriptionId, name: cluster.nodeResourceGroup });
  return content.find(({ id }) => /\/virtualNetworks\/[^/]+$/i.test(id))?.id;
}

/** Reads the links of zones for registries to the network of the nodes. */
async function readLink(
  clients: ClientsOf,
  cluster: ClusterFacts,
  managedNetworkId: string | undefined,
  searches: boolean,
): ReturnType<typeof readLinksTo> {
  const subnetId = cluster.agentPoolProfiles.find(({ vnetSubnetId }) => vnetSubnetId)?.vnetSubnetId;
  const networkId = subnetId === undefined ? managedNetworkId : parentId(subnetId);
  if (networkId === undefined) return { links: [], unread: [] };
  return readLinksTo(clients, [cluster.id, nodeGroupId(cluster), networkId], networkId, searches, 'lately');
}

/** Asks which of the outbound addresses that a cluster's tags keep cannot be given back to it, and why. */
async function readLostAddresses(
  clients: ClientsOf,
  cluster: ClusterFacts,
): Promise<{ lost: Record<string, string>; unread: Unread[] }> {
  const kept = keptEgress(cluster);
  if (!kept || kept.outboundType.toLowerCase() === cluster.outboundType.toLowerCase()) return { lost: {}, unread: [] };
  const looks = await Promise.all(
    ownAddressesOf(kept).map(async (id) => [id, await readAddressProblem(clients, id)] as const),
  );
  const lost = looks.flatMap(([id, look]) => {
    const why = seenOr(look, undefined);
    return why === undefined ? [] : [[id, why] as const];
  });
  return { lost: Object.fromEntries(lost), unread: looks.flatMap(([id, look]) => unreadOf(look, id, keptAddress)) };
}

const keptAddress = 'an outbound address that the cluster gets back';

/** Reads the registry from which nodes boot. */
async function readBootstrapRegistry(
  clients: ClientsOf,
  { artifactSource, containerRegistryId: id }: ClusterFacts,
): Promise<{ registry?: RegistryFacts | undefined; unread: Unread[] }> {
  if (artifactSource !== 'Cache' || id === undefined) return { unread: [] };
  const look = await whereAllowed(() => readRegistry(clients, id));
  return { registry: seenOr(look, undefined), unread: unreadOf(look, id, 'the registry from which nodes boot') };
}

/** The path follows from the registry's rule for Microsoft's images. Where the registry cannot be read, from AKS's own rule. */
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
