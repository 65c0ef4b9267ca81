import type { AccessFacts } from '../../resources/allowances.ts';
import type { DeletionFacts, DeletionRequest } from '../../resources/discovery.ts';
import type { IdentityFacts } from '../../resources/identities.ts';
import {
  keyOf,
  parentId,
  parseResourceId,
  resourceGroupId,
  sameResourceId,
  subscriptionOf,
  uniqueIds,
} from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { carriesMarks, hasSecondMark, type Marks, markedUsers, markTags } from '../../resources/marks.ts';
import { type Unread, unreadTexts } from '../../resources/unread.ts';
import { nobody, type Users, unknownUsers } from '../../resources/users.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { seenOr, unreadOf, whereAllowed } from '../arm/errors.ts';
import { usedByTag } from '../arm/marks.ts';
import { readIdentity } from '../identities.ts';
import { readCluster } from '../managedClusters.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent, readResourceGroup } from '../resourceGroups.ts';
import { readSubscription } from '../subscriptions.ts';
import { listClusters } from '../users/clusters.ts';
import { usersOf } from '../users/usersOf.ts';
import { foreignSubnets, ownSubnets, readVirtualNetwork } from '../virtualNetworks.ts';
import { readAccess } from './allowances.ts';
import { ifNamed } from './infrastructure.ts';
import { type MarkedId, readMarkedInZone, resourcesWithTag } from './marked.ts';

export const deletionActivities = (clients: ClientsOf) => ({
  /** Reads the cluster, the resources that it uses, and everything that was made for it. */
  async discoverDeletion(request: DeletionRequest): Promise<DeletionFacts> {
    const { cluster, marks } = request;
    const { subscriptionId } = cluster;
    const group = { subscriptionId, name: cluster.resourceGroup };
    const groupId = resourceGroupId(subscriptionId, group.name);
    const subscription = await readSubscription(clients, subscriptionId);
    if (!subscription) return { content: [], owned: [], shared: [], used: [], identities: [], access: noAccess };
    const [found, resourceGroup, content, tagged] = await Promise.all([
      readCluster(clients, cluster),
      readResourceGroup(clients, group),
      whereAllowed(() => readGroupContent(clients, group)),
      whereAllowed(() => readTagged(clients, subscriptionId, marks)),
    ]);
    const { unread: unreadZones, ...around } = await readMarked(clients, request, seenOr(tagged, nothingTagged), found);
    const owned = around.owned.map(({ id }) => id);
    const named = found ? await readUsed(clients, found) : { used: [], unread: [] };
    const used = uniqueIds([...named.used, ...around.zoneIds]).filter((id) => !isOfAks(id, found));
    const identityIds = [...owned, ...used].filter(isA('userAssignedIdentities'));
    const nodeGroup = found ? [resourceGroupId(subscriptionId, found.nodeResourceGroup)] : [];
    const [identities, { users, unread }, networks, access] = await Promise.all([
      eachAllowed(uniqueIds(identityIds), 'identities', (id) => readKnownIdentity(clients, id)),
      readUsers(clients, around.owned, marks),
      eachAllowed(owned.filter(isA('virtualNetworks')), 'networks that were made for the cluster,', (id) =>
        readSubnets(clients, id, owned, found),
      ),
      readAccess(clients, [...owned, groupId, ...nodeGroup, `/subscriptions/${subscriptionId}`]),
    ]);
    const made = [
      ...unreadOf(tagged, `/subscriptions/${subscriptionId}`, 'what was made for the cluster'),
      ...[unreadZones, networks.unread].flat(),
      ...identities.unread.filter(({ at }) => owned.includes(at)),
    ];
    const inGroup = unreadOf(content, groupId, 'what is in the resource group');
    const usesGroup = hasSecondMark(resourceGroup?.tags ?? {}, marks);
    return {
      subscription,
      ...(found && { cluster: found }),
      ...(resourceGroup && { resourceGroup }),
      content: contentToName(seenOr(content, []), owned),
      owned,
      shared: [],
      users: withForeignSubnets(users, networks.seen),
      subnets: Object.fromEntries(networks.seen.map(({ id, own }) => [id, own])),
      used,
      marked: [...(usesGroup ? [groupId] : []), ...around.marked],
      identities: identities.seen,
      access,
      unread: [...new Set([...named.unread, ...unread, ...inGroup, ...made, ...identities.unread])],
      unseen: {
        ...(inGroup[0] && { content: inGroup[0].why }),
        ...(made.length > 0 && { made: unreadTexts(made).join('; ') }),
      },
    };
  },
});

/** Reads what there is of each. Whoever may not read one does without it. */
async function eachAllowed<T>(
  ids: readonly string[],
  what: string,
  read: (id: string) => Promise<T[]>,
): Promise<{ seen: T[]; unread: Unread[] }> {
  const looks = await Promise.all(ids.map(async (id) => ({ id, look: await whereAllowed(() => read(id)) })));
  return {
    seen: looks.flatMap(({ look }) => seenOr(look, [])),
    unread: looks.flatMap(({ id, look }) => unreadOf(look, id, what)),
  };
}

/** Those that are not owned come first: a plan names what hinders the deletion of the group, and a group may hold thousands. */
function contentToName(content: readonly { id: string }[], owned: readonly string[]): string[] {
  const ours = new Set(owned.map(keyOf));
  const ids = content.map(({ id }) => id);
  const foreign = ids.filter((id) => !ours.has(keyOf(id)));
  return [...foreign, ...ids.filter((id) => ours.has(keyOf(id)))].slice(0, mostContent);
}

/** So many IDs of 250 bytes are a quarter of a MiB, of the two that Temporal keeps of a result. */
const mostContent = 1_000;

/** Resources that were made for a cluster or carry its second mark, also in the zones that these lead to. AKS's own are left out. */
async function readMarked(
  clients: ClientsOf,
  { marks, privateDnsZoneId }: DeletionRequest,
  { made, used }: Tagged,
  found: ClusterFacts | undefined,
): Promise<{ owned: MarkedId[]; zoneIds: string[]; marked: string[]; unread: Unread[] }> {
  const tagged = made.map(({ id }) => id);
  const zoneIds = uniqueIds([
    ...[...tagged, ...used].filter(isA('privateDnsZones')),
    ...tagged.filter(isA('virtualNetworkLinks')).map((id) => parentId(id)),
    ...(privateDnsZoneId === undefined ? [] : [privateDnsZoneId]),
  ]).filter((id) => !isOfAks(id, found));
  const { seen: zones, unread } = await eachAllowed(zoneIds, 'zones that may have records of the cluster,', (id) =>
    readMarkedInZone(clients, id, marks),
  );
  const all = [...made.filter(({ id }) => !isOfAks(id, found)), ...zones.flatMap(({ owned }) => owned)];
  const owned = [...new Map(all.map((each) => [keyOf(each.id), each])).values()];
  const marked = uniqueIds([...used, ...zones.flatMap((zone) => zone.marked)]);
  return {
    owned,
    zoneIds: zones.map(({ id }) => id),
    marked: marked.filter((id) => !isOfAks(id, found) && !owned.some((own) => sameResourceId(id, own.id))),
    unread,
  };
}

/** AKS copies the cluster's tags to the resources that it makes. They go with the node resource group. */
const isOfAks = (id: string, found: ClusterFacts | undefined): boolean =>
  found !== undefined && (sameResourceId(id, found.id) || isIn(id, found.nodeResourceGroup));

/** Asks who uses what was made for a cluster beside it. Those that nobody uses are left out. */
async function readUsers(
  clients: ClientsOf,
  owned: readonly MarkedId[],
  marks: Marks,
): Promise<{ users: Record<string, Users>; unread: Unread[] }> {
  if (owned.length === 0) return { users: {}, unread: [] };
  const clusters = await listClusters(
    clients,
    owned.map(({ id }) => subscriptionOf(id)),
  );
  const all = await Promise.all(
    owned.map(async ({ id, marks: carried }): Promise<[string, Users]> => {
      const look = await whereAllowed(() => usersOf(clients, id, marks, clusters));
      const found = seenOr(look, { ...nobody, unread: unreadOf(look, id, 'the resource, or what is in it,') });
      return [id, { ...found, users: [...found.users, ...markedUsers(carried, marks)] }];
    }),
  );
  const hasUsers = (found: Users) => found.users.length > 0 || unknownUsers(found) !== undefined;
  return { users: Object.fromEntries(all.filter(([, found]) => hasUsers(found))), unread: clusters.unread };
}

/** A network that was made for a cluster. */
interface OwnNetwork {
  id: string;
  /** Names of the subnets that may go with it. */
  own: string[];
  /** IDs of the others. */
  foreign: string[];
}

/** The subnets that were made with a network, and those that the cluster or its endpoints are in. */
async function readSubnets(
  clients: ClientsOf,
  id: string,
  owned: readonly string[],
  found: ClusterFacts | undefined,
): Promise<OwnNetwork[]> {
  const [network, ...endpoints] = await Promise.all([
    readVirtualNetwork(clients, id),
    ...owned.filter(isA('privateEndpoints')).map((each) => readPrivateEndpoint(clients, each)),
  ]);
  const names = network && ownSubnets(network);
  if (!network || !names) return [];
  const used = [...subnetsOf(found), ...endpoints.map((endpoint) => endpoint?.subnetId)];
  const inUse = network.subnets.filter((subnet) => used.some((each) => sameResourceId(each, subnet.id)));
  const own = [...new Set([...names, ...inUse.map(({ name }) => name)])];
  return [{ id, own, foreign: foreignSubnets(network, own) }];
}

const withForeignSubnets = (users: Record<string, Users>, networks: readonly OwnNetwork[]): Record<string, Users> => ({
  ...users,
  ...Object.fromEntries(
    networks.flatMap(({ id, foreign }) => {
      const { users: others, ...unknown } = users[id] ?? nobody;
      const held = `it holds what somebody else has created: ${foreign.join(', ')}`;
      return foreign.length > 0 ? [[id, { users: [held, ...others], ...unknown }]] : [];
    }),
  ),
});

/** Resources of a subscription that were made for the cluster of these marks, and those that carry its second mark. */
async function readTagged(clients: ClientsOf, subscriptionId: string, marks: Marks): Promise<Tagged> {
  const withTag = (tag: readonly [string, string]) => resourcesWithTag(clients, subscriptionId, tag);
  const second = Object.entries(usedByTag(marks));
  const [made, ...used] = await Promise.all([
    withTag([markTags.workflow, marks[markTags.workflow] ?? '']),
    ...second.map(withTag),
  ]);
  return { made: made.filter((each) => carriesMarks(each.marks, marks)), used: used.flat().map(({ id }) => id) };
}

interface Tagged {
  made: MarkedId[];
  /** IDs of what was made for others. */
  used: string[];
}

const nothingTagged: Tagged = { made: [], used: [] };

const subnetsOf = (cluster: ClusterFacts | undefined): string[] =>
  [
    ...(cluster?.agentPoolProfiles ?? []).flatMap(({ vnetSubnetId, podSubnetId }) => [vnetSubnetId, podSubnetId]),
    cluster?.apiServerSubnetId,
  ].flatMap((id) => id ?? []);

/** The resources that a cluster names. A registry of others that the worker may not read keeps nobody from deleting a cluster. */
async function readUsed(clients: ClientsOf, cluster: ClusterFacts): Promise<{ used: string[]; unread: Unread[] }> {
  const { containerRegistryId, kubeletIdentityId, identity } = cluster;
  const look = await whereAllowed(() => ifNamed(containerRegistryId, (id) => readRegistry(clients, id)));
  const all = [
    containerRegistryId,
    ...(seenOr(look, undefined)?.privateEndpoints ?? []).map(({ id }) => id),
    kubeletIdentityId,
    ...identity.userAssignedIdentities,
    ...subnetsOf(cluster).map((id) => parentId(id)),
  ];
  const unread = unreadOf(look, containerRegistryId ?? '', 'the registry that the cluster names, with its endpoints,');
  return { used: all.flatMap((id) => (id ? [id] : [])), unread };
}

async function readKnownIdentity(clients: ClientsOf, id: string): Promise<IdentityFacts[]> {
  const identity = await readIdentity(clients, id);
  return identity ? [identity] : [];
}

const noAccess: AccessFacts = { permissions: {}, locks: [] };

const isIn = (id: string, resourceGroup: string | undefined): boolean =>
  resourceGroup !== undefined && sameResourceId(parseResourceId(id)?.resourceGroup, resourceGroup);

const isA =
  (type: string) =>
  (id: string): boolean =>
    parseResourceId(id)?.type.toLowerCase().endsWith(`/${type.toLowerCase()}`) ?? false;
