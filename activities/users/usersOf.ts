import { isEndpointInterface, isWithin, parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { carriesMarks, type Marks, markedUsers, markTags } from '../../resources/marks.ts';
import { registryZoneName } from '../../resources/privateDns.ts';
import type { Unread } from '../../resources/unread.ts';
import {
  type ClusterReferences,
  type ClustersSeen,
  type EndpointPlace,
  type Users,
  usersOfEndpoint,
  usersOfIdentity,
  usersOfNetwork,
  usersOfRecord,
  usersOfRegistry,
  usersOfZoneLink,
} from '../../resources/users.ts';
import { type ClientsOf, locate } from '../arm/connection.ts';
import { azureList, azureRead, seenOr, unreadOf, whereAllowed } from '../arm/errors.ts';
import { marksOn } from '../arm/marks.ts';
import { rolesAt, rolesOf } from '../roleAssignments.ts';
import { isOwnCluster, listClusters, ownSubscriptions } from './clusters.ts';

/** A question of who uses a resource, beside the cluster of these marks. */
interface Question {
  clients: ClientsOf;
  id: string;
  marks: Marks;
  /** Clusters of others. */
  clusters: readonly ClusterReferences[];
  /** Takes up what could not be read that would tell. */
  unread: Unread[];
  /** Whether something is in the node resource group of the cluster that the resource was made for. */
  isOfOwnNodes(id: string): boolean;
}

/**
 * Asks who uses a resource, beside the cluster that it was made for and what was made for that.
 *
 * @param marks Those of its cluster.
 * @param seen The clusters that there are. Default: asks for them.
 */
export async function usersOf(clients: ClientsOf, id: string, marks: Marks, seen?: ClustersSeen): Promise<Users> {
  const own = ownSubscriptions(resourceReference(id).subscriptionId, marks);
  const { clusters, unlisted } = seen ?? (await listClusters(clients, own));
  const { [markTags.run]: _anyRun, ...ofCluster } = marks;
  const isOwn = ({ id: cluster }: ClusterReferences) => isOwnCluster(cluster, marks);
  const nodeGroups = clusters.filter(isOwn).map(({ nodeResourceGroupId }) => nodeResourceGroupId);
  const isOfOwnNodes = (each: string) => nodeGroups.some((group) => isWithin(each, group));
  const others = clusters.filter((cluster) => !isOwn(cluster));
  const unread: Unread[] = [];
  const users = await usersAmong({ clients, id, marks: ofCluster, clusters: others, isOfOwnNodes, unread });
  return {
    users,
    ...(unread.length > 0 && { unread }),
    unchecked: unlisted.filter((each) => own.some((subscription) => sameResourceId(each, subscription))),
  };
}

function usersAmong(question: Question): Promise<string[]> {
  switch (resourceReference(question.id).type.toLowerCase()) {
    case 'microsoft.containerregistry/registries':
      return registryUsers(question);
    case 'microsoft.containerregistry/registries/cacherules':
      return ruleUsers(question);
    case 'microsoft.managedidentity/userassignedidentities':
      return identityUsers(question);
    case 'microsoft.network/privateendpoints':
      return endpointUsers(question);
    case 'microsoft.network/virtualnetworks':
      return networkUsers(question);
    case 'microsoft.network/virtualnetworks/subnets':
      return subnetUsers(question);
    case 'microsoft.network/privatednszones':
      return zoneUsers(question);
    case 'microsoft.network/privatednszones/virtualnetworklinks':
      return linkUsers(question);
    case 'microsoft.network/privatednszones/a':
      return recordUsers(question);
    default:
      return Promise.resolve([]);
  }
}

/** Clusters, endpoints and network rules of others, roles that others hold on it, and rules by which it copies for them. */
async function registryUsers({ clients, id, marks, clusters, unread }: Question): Promise<string[]> {
  const { client, resourceGroup, name } = locate(clients, 'containerRegistry', id);
  const [registry, rules, look] = await Promise.all([
    azureRead(id, () => client.registries.get(resourceGroup, name)),
    azureList(id, () => client.cacheRules.list(resourceGroup, name)),
    whereAllowed(() => rolesAt(clients, id, marks)),
  ]);
  const roles = seenOr(look, []);
  unread.push(...unreadOf(look, id, 'roles on it'));
  const endpoints = connectedEndpoints(registry?.privateEndpointConnections);
  const foreign = await Promise.all(
    endpoints.map(async (each) => ((await isForeignEndpoint(clients, each, marks)) ? [each] : [])),
  );
  const holders = roles.map(({ principalId }) => principalId);
  const kubelets = clusters.map(({ kubeletPrincipalId }) => kubeletPrincipalId);
  const addresses = (registry?.networkRuleSet?.ipRules ?? []).flatMap(({ iPAddressOrRange: range }) => range ?? []);
  return [
    ...usersOfRegistry(id, clusters, holders),
    ...foreign.flat().map((endpoint) => `${endpoint} leads to it`),
    ...(addresses.length > 0 ? [`its network rules let ${addresses.join(', ')} in`] : []),
    ...rules
      .filter(({ sourceRepository }) => sourceRepository !== microsoftImages)
      .map(({ id: rule, sourceRepository }) => `${rule} copies ${sourceRepository} into it`),
    ...roles
      .filter(({ principalId }) => !kubelets.some((kubelet) => sameResourceId(kubelet, principalId)))
      .map(({ principalId, id: role }) => `principal ${principalId} has a role on it (${role})`),
  ];
}

/** A rule carries no marks: its registry does. */
async function ruleUsers({ clients, id, marks, clusters }: Question): Promise<string[]> {
  const registryId = parentId(id);
  const { client, resourceGroup, name } = locate(clients, 'containerRegistry', registryId);
  const registry = await azureRead(registryId, () => client.registries.get(resourceGroup, name));
  return [
    ...markedUsers(marksOn(registryId, registry?.tags), marks),
    ...usersOfRegistry(registryId, clusters, []).map((user) => `of its registry: ${user}`),
  ];
}

/** A subnet carries no marks: its network does. */
async function subnetUsers({ clients, id, marks, clusters }: Question): Promise<string[]> {
  const networkId = parentId(id);
  const { client, resourceGroup, name } = locate(clients, 'network', networkId);
  const network = await azureRead(networkId, () => client.virtualNetworks.get(resourceGroup, name));
  return [...markedUsers(marksOn(networkId, network?.tags), marks), ...usersOfNetwork(id, clusters)];
}

/** The source that every cache rule of this product copies. */
const microsoftImages = 'mcr.microsoft.com/*';

interface Connection {
  privateEndpoint?: { id?: string };
  privateLinkServiceConnectionState?: { status?: string };
}

/** A connection whose endpoint has been deleted may stay as `Disconnected`. */
const connectedEndpoints = (connections: readonly Connection[] = []): string[] =>
  connections
    .filter(({ privateLinkServiceConnectionState: state }) => state?.status !== 'Disconnected')
    .flatMap(({ privateEndpoint }) => privateEndpoint?.id ?? []);

/** One that cannot be read may be anybody's. */
async function isForeignEndpoint(clients: ClientsOf, id: string, marks: Marks): Promise<boolean> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  const look = await whereAllowed(() => azureRead(id, () => client.privateEndpoints.get(resourceGroup, name)));
  if ('forbidden' in look) return true;
  return look.seen !== undefined && !carriesMarks(marksOn(id, look.seen.tags), marks);
}

/** Clusters of others, credentials, roles that others have given it, and roles that others hold on it. */
async function identityUsers({ clients, id, marks, clusters, unread }: Question): Promise<string[]> {
  const { client, resourceGroup, name } = locate(clients, 'identities', id);
  const identity = await azureRead(id, () => client.userAssignedIdentities.get(resourceGroup, name));
  const principalId = identity?.principalId;
  const subscriptions = ownSubscriptions(resourceReference(id).subscriptionId, marks);
  const [credentials, given, held] = await Promise.all([
    whereAllowed(() => azureList(id, () => client.federatedIdentityCredentials.list(resourceGroup, name))),
    Promise.all(
      principalId === undefined
        ? []
        : subscriptions.map(async (each) => ({
            at: `/subscriptions/${each}`,
            look: await whereAllowed(() => rolesOf(clients, each, principalId, marks)),
          })),
    ),
    whereAllowed(() => rolesAt(clients, id, marks)),
  ]);
  unread.push(
    ...unreadOf(credentials, id, 'federated credentials'),
    ...given.flatMap(({ at, look }) => unreadOf(look, at, 'roles that it has been given')),
    ...unreadOf(held, id, 'roles on it'),
  );
  return [
    ...usersOfIdentity(id, clusters),
    ...seenOr(credentials, []).map(({ id: credential }) => `${credential} lets others sign in as it`),
    ...given.flatMap(({ look }) => seenOr(look, [])).map(({ id: role }) => `somebody has given it a role (${role})`),
    ...seenOr(held, []).map(({ principalId: holder, id: role }) => `principal ${holder} has a role on it (${role})`),
  ];
}

/** Clusters whose nodes reach the registry by it. */
async function endpointUsers({ clients, id, clusters }: Question): Promise<string[]> {
  const endpoint = await endpointPlace(clients, id);
  if (!endpoint?.registryId) return [];
  const { registryId } = endpoint;
  const { client, resourceGroup, name } = locate(clients, 'containerRegistry', registryId);
  // An endpoint that nobody may look at is none that a cluster could reach its registry by instead.
  const registry = seenOr(
    await whereAllowed(() => azureRead(registryId, () => client.registries.get(resourceGroup, name))),
    undefined,
  );
  const others = await Promise.all(
    connectedEndpoints(registry?.privateEndpointConnections)
      .filter((each) => !sameResourceId(each, id))
      .map((each) => whereAllowed(() => endpointPlace(clients, each))),
  );
  const places = others.flatMap((each) => seenOr(each, undefined) ?? []);
  return usersOfEndpoint(endpoint, registryId, places, clusters);
}

async function endpointPlace(
  clients: ClientsOf,
  id: string,
): Promise<(EndpointPlace & { registryId?: string }) | undefined> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  const found = await azureRead(id, () => client.privateEndpoints.get(resourceGroup, name));
  const { privateLinkServiceConnections = [], manualPrivateLinkServiceConnections = [] } = found ?? {};
  const [connection] = [...privateLinkServiceConnections, ...manualPrivateLinkServiceConnections];
  const registryId = connection?.privateLinkServiceId;
  return found && { id, subnetId: found.subnet?.id ?? '', ...(registryId && { registryId }) };
}

/** Clusters, peerings, endpoints and other interfaces of others. */
async function networkUsers({ clients, id, marks, clusters, isOfOwnNodes }: Question): Promise<string[]> {
  const { client, resourceGroup, name } = locate(clients, 'network', id);
  const network = await azureRead(id, () => client.virtualNetworks.get(resourceGroup, name));
  const subnets = network?.subnets ?? [];
  // The API server's endpoint goes with its cluster.
  const endpoints = subnets
    .flatMap(({ privateEndpoints = [] }) => privateEndpoints.flatMap((each) => each.id ?? []))
    .filter((each) => !isOfOwnNodes(each));
  const interfaces = subnets
    .flatMap(({ ipConfigurations = [] }) => ipConfigurations.map(({ id: each = '' }) => parentId(each)))
    .filter((each) => !isEndpointInterface(each) && !isOfOwnNodes(each))
    .filter((each) => !clusters.some(({ nodeResourceGroupId }) => isWithin(each, nodeResourceGroupId)));
  const foreign = await Promise.all(
    endpoints.map(async (each) => ((await isForeignEndpoint(clients, each, marks)) ? [each] : [])),
  );
  return [
    ...usersOfNetwork(id, clusters),
    ...(network?.virtualNetworkPeerings ?? []).map(
      ({ remoteVirtualNetwork: remote, id: peering }) => `it is peered with ${remote?.id ?? peering}`,
    ),
    ...[...foreign.flat(), ...new Set(interfaces)].map((each) => `${each} is in it`),
  ];
}

/** Links and records of others, and those of its own that others use. */
async function zoneUsers({ clients, id, marks, clusters }: Question): Promise<string[]> {
  const { client, resourceGroup, name: zone } = locate(clients, 'privateDns', id);
  const [links, records] = await Promise.all([
    azureList(id, () => client.virtualNetworkLinks.list(resourceGroup, zone)),
    azureList(id, () => client.recordSets.list(resourceGroup, zone)),
  ]);
  const own = records.flatMap(({ type, name = '', metadata }) => {
    const kind = type?.split('/').at(-1) ?? '';
    const record = `${id}/${kind}/${name}`;
    return kind === 'SOA' ? [] : [{ id: record, name, marks: marksOn(record, metadata) }];
  });
  const networks = links.flatMap(({ virtualNetwork }) => virtualNetwork?.id ?? []);
  return [
    ...links.flatMap(({ virtualNetwork, id: link, tags }) =>
      carriesMarks(marksOn(link ?? '', tags), marks)
        ? usersOfZoneLink(virtualNetwork?.id ?? '', clusters)
        : [`${virtualNetwork?.id ?? link} is linked to it`],
    ),
    ...own.flatMap((record) =>
      carriesMarks(record.marks, marks)
        ? usersOfRecord(record.name, networks, clusters)
        : [`it holds what somebody else has created: ${record.id}`],
    ),
  ];
}

async function linkUsers({ clients, id, clusters }: Question): Promise<string[]> {
  if (!sameResourceId(resourceReference(id).parents[0], registryZoneName)) return [];
  const { client, resourceGroup, parent, name } = locate(clients, 'privateDns', id);
  const link = await azureRead(id, () => client.virtualNetworkLinks.get(resourceGroup, parent, name));
  return usersOfZoneLink(link?.virtualNetwork?.id ?? '', clusters);
}

async function recordUsers({ clients, id, clusters }: Question): Promise<string[]> {
  const zoneId = parentId(id);
  const { client, resourceGroup, name: zone } = locate(clients, 'privateDns', zoneId);
  const links = await azureList(zoneId, () => client.virtualNetworkLinks.list(resourceGroup, zone));
  const networks = links.flatMap(({ virtualNetwork }) => virtualNetwork?.id ?? []);
  return usersOfRecord(resourceReference(id).name, networks, clusters);
}
