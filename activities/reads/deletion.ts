import type { AccessFacts } from '../../resources/allowances.ts';
import type { DeletionFacts, DeletionRequest } from '../../resources/discovery.ts';
import type { IdentityFacts } from '../../resources/identities.ts';
import { keyOf, parentId, parseResourceId, resourceGroupId, sameResourceId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { carriesMarks, type Marks, markTags } from '../../resources/marks.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureCall, collect } from '../arm/errors.ts';
import { marksOn } from '../arm/marks.ts';
import { readIdentity } from '../identities.ts';
import { readCluster } from '../managedClusters.ts';
import { listRecords, readPrivateDnsZone, readRecord, readZone } from '../privateDns.ts';
import { readPrivateEndpoint } from '../privateEndpoints.ts';
import { readRegistry } from '../registries.ts';
import { readGroupContent, readResourceGroup } from '../resourceGroups.ts';
import { readSubscription } from '../subscriptions.ts';
import { listClusters } from '../users/clusters.ts';
import { usersOf } from '../users/usersOf.ts';
import { readVirtualNetwork } from '../virtualNetworks.ts';
import { readAccess } from './allowances.ts';
import { ifNamed } from './infrastructure.ts';

export const deletionActivities = (clients: ClientsOf) => ({
  /** Reads the cluster, the resources that it uses, and everything that was made for it. */
  async discoverDeletion({ cluster, marks, privateDnsZoneId }: DeletionRequest): Promise<DeletionFacts> {
    const { subscriptionId } = cluster;
    const group = { subscriptionId, name: cluster.resourceGroup };
    const subscription = await readSubscription(clients, subscriptionId);
    if (!subscription) return { content: [], owned: [], shared: [], used: [], identities: [], access: noAccess };
    const [found, resourceGroup, content, tagged] = await Promise.all([
      readCluster(clients, cluster),
      readResourceGroup(clients, group),
      readGroupContent(clients, group),
      readTagged(clients, subscriptionId, marks),
    ]);
    const zoneIds = unique([
      ...tagged.filter(isA('privateDnsZones')),
      ...tagged.filter(isA('virtualNetworkLinks')).map((id) => parentId(id)),
      ...(privateDnsZoneId === undefined ? [] : [privateDnsZoneId]),
    ]);
    // AKS copies the cluster's tags to the resources that it makes. They go with the node resource group.
    const aks = (id: string) => sameResourceId(id, found?.id) || isIn(id, found?.nodeResourceGroup);
    const ownZoneIds = zoneIds.filter((id) => !aks(id));
    const zones = (await Promise.all(ownZoneIds.map((id) => readOwnedInZone(clients, id, marks)))).flat();
    const owned = unique([...tagged.filter((id) => !aks(id)), ...zones.flatMap((zone) => zone.owned)]);
    const used = unique([...(found ? await readUsed(clients, found) : []), ...zones.map(({ id }) => id)]).filter(
      (id) => !aks(id),
    );
    const identityIds = [...owned, ...used].filter(isA('userAssignedIdentities'));
    const scopes = [
      ...owned,
      resourceGroupId(subscriptionId, group.name),
      ...(found ? [resourceGroupId(subscriptionId, found.nodeResourceGroup)] : []),
      `/subscriptions/${subscriptionId}`,
    ];
    const clusters = await listClusters(clients, [subscriptionId, ...owned.map(subscriptionOf)]);
    const [identities, users, access] = await Promise.all([
      Promise.all(unique(identityIds).map((id) => readKnownIdentity(clients, id))),
      Promise.all(owned.map(async (id) => [id, await usersOf(clients, id, marks, clusters)] as const)),
      readAccess(clients, scopes),
    ]);
    return {
      subscription,
      ...(found && { cluster: found }),
      ...(resourceGroup && { resourceGroup }),
      content: contentToName(
        content.map(({ id }) => id),
        owned,
      ),
      owned,
      shared: [],
      users: Object.fromEntries(users.filter(([, each]) => each.users.length > 0 || each.unchecked.length > 0)),
      used,
      identities: identities.flat(),
      access,
    };
  },

  /** Lists those of the resources that are there. */
  async readRemaining(ids: string[]): Promise<string[]> {
    const there = await Promise.all(ids.map(async (id) => ((await readAny(clients, id)) ? [id] : [])));
    return there.flat();
  },
});

/** Those that are not owned come first: a plan names what hinders the deletion of the group, and a group may hold thousands. */
function contentToName(content: readonly string[], owned: readonly string[]): string[] {
  const ours = new Set(owned.map(keyOf));
  const foreign = content.filter((id) => !ours.has(keyOf(id)));
  return [...foreign, ...content.filter((id) => ours.has(keyOf(id)))].slice(0, mostContent);
}

/** So many IDs of 250 bytes are a quarter of a MiB, of the two that Temporal keeps of a result. */
const mostContent = 1_000;

async function readTagged(clients: ClientsOf, subscriptionId: string, marks: Marks): Promise<string[]> {
  const { resources } = clients(subscriptionId).resources;
  const workflow = marks[markTags.workflow] ?? '';
  const filter = `tagName eq '${markTags.workflow}' and tagValue eq '${workflow}'`;
  const tagged = await azureCall(`/subscriptions/${subscriptionId}`, () => collect(resources.list({ filter })));
  // The list may have resource groups, which are read apart.
  return tagged.flatMap(({ id = '', tags }) =>
    parseResourceId(id) && carriesMarks(marksOn(id, tags), marks) ? [id] : [],
  );
}

async function readUsed(clients: ClientsOf, cluster: ClusterFacts): Promise<string[]> {
  const { containerRegistryId, kubeletIdentityId, identity, agentPoolProfiles, apiServerSubnetId } = cluster;
  const registry = await ifNamed(containerRegistryId, (id) => readRegistry(clients, id));
  const subnets = [...agentPoolProfiles.map(({ vnetSubnetId }) => vnetSubnetId), apiServerSubnetId];
  const all = [
    containerRegistryId,
    ...(registry?.privateEndpoints ?? []).map(({ id }) => id),
    kubeletIdentityId,
    ...identity.userAssignedIdentities,
    ...subnets.map((id) => id && parentId(id)),
  ];
  return all.flatMap((id) => (id ? [id] : []));
}

/** Reads a zone with those of its links and records that carry these marks. Empty if the zone is absent. */
async function readOwnedInZone(
  clients: ClientsOf,
  id: string,
  marks: Marks,
): Promise<{ id: string; owned: string[] }[]> {
  const zone = await readPrivateDnsZone(clients, id, []);
  if (!zone) return [];
  const content = [...zone.links, ...(await listRecords(clients, id))];
  return [{ id: zone.id, owned: content.filter((each) => carriesMarks(each.marks, marks)).map((each) => each.id) }];
}

async function readKnownIdentity(clients: ClientsOf, id: string): Promise<IdentityFacts[]> {
  const identity = await readIdentity(clients, id);
  return identity ? [identity] : [];
}

async function readAny(clients: ClientsOf, id: string): Promise<object | undefined> {
  const { subscriptionId = '', resourceGroup = '', type = '', name = '' } = parseResourceId(id) ?? {};
  switch (type.toLowerCase()) {
    case 'microsoft.containerservice/managedclusters':
      return readCluster(clients, { subscriptionId, resourceGroup, name });
    case 'microsoft.containerregistry/registries':
      return readRegistry(clients, id);
    case 'microsoft.network/privateendpoints':
      return readPrivateEndpoint(clients, id);
    case 'microsoft.network/privatednszones':
      return readZone(clients, id);
    case 'microsoft.network/privatednszones/a':
      return readRecord(clients, id);
    case 'microsoft.network/privatednszones/virtualnetworklinks':
      return (await readPrivateDnsZone(clients, parentId(id), []))?.links.find((link) => sameResourceId(link.id, id));
    case 'microsoft.network/virtualnetworks':
      return readVirtualNetwork(clients, id);
    case 'microsoft.managedidentity/userassignedidentities':
      return readIdentity(clients, id);
    default: {
      const [, , subscription = '', , group = ''] = id.split('/');
      return type === '' ? readResourceGroup(clients, { subscriptionId: subscription, name: group }) : undefined;
    }
  }
}

const noAccess: AccessFacts = { permissions: {}, locks: [] };

const unique = (ids: readonly string[]): string[] => [...new Map(ids.map((id) => [keyOf(id), id])).values()];

const subscriptionOf = (id: string): string => id.split('/')[2] ?? '';

const isIn = (id: string, resourceGroup: string | undefined): boolean =>
  resourceGroup !== undefined && sameResourceId(parseResourceId(id)?.resourceGroup, resourceGroup);

const isA =
  (type: string) =>
  (id: string): boolean =>
    parseResourceId(id)?.type.toLowerCase().endsWith(`/${type.toLowerCase()}`) ?? false;
