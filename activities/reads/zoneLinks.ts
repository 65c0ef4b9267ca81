import { keyOf, parentId, sameResourceId, subscriptionOf } from '../../resources/ids.ts';
import { registryZoneName, type ZoneLinkFacts } from '../../resources/privateDns.ts';
import type { Unread } from '../../resources/unread.ts';
import { askedTogether } from '../arm/askedTogether.ts';
import { nowAtMachinePace } from '../arm/clock.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { currentContext, urgencyOf } from '../arm/currentContext.ts';
import { azureReadIfRegistered, collect, seenOr, unreadOf, whereAllowed } from '../arm/errors.ts';
import { listLinks } from '../privateDns.ts';
import { listSubscriptions, mostSubscriptions } from '../subscriptions.ts';

/** Lists the IDs of other zones for registries that are linked to a network. Azure allows a network one zone of a name. */
export async function readOtherLinkedZones(
  clients: ClientsOf,
  nearIds: readonly string[],
  zoneId: string,
  virtualNetworkId: string,
  searches: boolean,
): Promise<{ zones: string[]; unread: Unread[] }> {
  const { links, unread } = await readLinksTo(clients, nearIds, virtualNetworkId, searches);
  return { zones: links.map(({ id }) => parentId(id)).filter((id) => !sameResourceId(id, zoneId)), unread };
}

/** The links to a network, and where none was found, the subscriptions in which none could be looked for. */
interface LinksSeen {
  links: ZoneLinkFacts[];
  unread: Unread[];
}

/**
 * Lists the links to a network that zones for registries have, in the subscriptions of these resources; where the worker may not
 * list the zones of a subscription, in their resource groups. Azure allows one: those in the groups of these resources come first.
 *
 * @param searches Whether they are searched in all other subscriptions that are seen, if these have none.
 * @param far How the zones of other groups are asked. `lately`: see {@link hadLately}.
 */
export async function readLinksTo(
  clients: ClientsOf,
  nearIds: readonly string[],
  virtualNetworkId: string,
  searches: boolean,
  far: 'anew' | 'lately' = 'anew',
): Promise<LinksSeen> {
  const named = [...new Set(nearIds.map((id) => keyOf(subscriptionOf(id))))];
  const isWanted = (link: ZoneLinkFacts) => sameResourceId(link.virtualNetworkId, virtualNetworkId);
  const linksOf = async (zones: readonly string[]): Promise<ZoneLinkFacts[]> => {
    const links = await Promise.all(zones.map((zone) => listLinks(clients, zone)));
    return links.flat().filter(isWanted);
  };
  const nearGroups = new Set(nearIds.map(groupPath));
  const linksIn = async (id: string, group?: string): Promise<ZoneLinkFacts[]> => {
    const zones = await registryZones(clients, id, group);
    const near = zones.filter((zone) => nearGroups.has(groupPath(zone)));
    const found = await linksOf(near);
    // A subscription has a zone for each of its clusters, and may have thousands. Azure allows a network one of them.
    if (found.length > 0) return found;
    const others = zones.filter((zone) => !near.includes(zone));
    if (far === 'anew' || urgencyOf(currentContext()) === 'hurried')
      return (await askForLinks(clients, `${id} ${group ?? ''}`, others)).filter(isWanted);
    const candidates = await Promise.all(others.map((zone) => hadLately(clients, zone, isWanted)));
    return linksOf(others.filter((_zone, index) => candidates[index]));
  };
  const inGroups = async (id: string): Promise<ZoneLinkFacts[]> => {
    const near = nearIds.filter((each) => sameResourceId(subscriptionOf(each), id));
    // One of them is the node resource group itself.
    const groups = new Set(near.flatMap((each) => groupPath(each).split('/')[4] ?? []));
    const looks = await Promise.all([...groups].map((group) => whereAllowed(() => linksIn(id, group))));
    return looks.flatMap((look) => seenOr(look, []));
  };
  const nearby = await Promise.all(
    named.map(async (id) => {
      const look = await whereAllowed(() => linksIn(id));
      const unread = unreadOf(look, `/subscriptions/${id}`, zonesOfOthers);
      return { links: 'seen' in look ? look.seen : await inGroups(id), unread };
    }),
  );
  const found = nearby.flatMap((each) => each.links);
  if (found.length > 0) return { links: found, unread: [] };
  const unsearched = nearby.flatMap((each) => each.unread);
  if (!searches) return { links: [], unread: unsearched };
  // A landing zone has its DNS in a subscription of its own (MicrosoftDocs/azure-aks-docs#212).
  const list = await whereAllowed(() => listSubscriptions(clients));
  const others = seenOr(list, []).filter((id) => !named.includes(keyOf(id)));
  const looks = await Promise.all(
    others.slice(0, mostSubscriptions).map(async (id) => [id, await whereAllowed(() => linksIn(id))] as const),
  );
  const links = looks.flatMap(([, look]) => seenOr(look, []));
  const unread = [
    ...unsearched,
    ...unreadOf(list, '/subscriptions', `the list of subscriptions, in which there may be ${zonesOfOthers}`),
    ...looks.flatMap(([id, look]) => unreadOf(look, `/subscriptions/${id}`, zonesOfOthers)),
    ...others.slice(mostSubscriptions).map((id) => ({
      at: `/subscriptions/${id}`,
      what: zonesOfOthers,
      why: `no more than ${mostSubscriptions} subscriptions are searched`,
    })),
  ];
  return { links, unread: links.length > 0 ? [] : unread };
}

/** The age that a rollout accepts of zones of other clusters: otherwise each of its runs would ask for those of all others. */
const mostAgeMs = 20 * 60_000;
const seen = new WeakMap<ClientsOf, Map<string, { links: Promise<ZoneLinkFacts[]>; askedAt: number }>>();

/**
 * Whether a zone had such a link lately, as a rollout's runs ask: those of people ask each zone anew. A plan may rest on that, for
 * Azure refuses what it has overlooked; a verification may not.
 */
async function hadLately(
  clients: ClientsOf,
  zone: string,
  isWanted: (link: ZoneLinkFacts) => boolean,
): Promise<boolean> {
  const known = seen.get(clients) ?? new Map();
  seen.set(clients, known);
  const before = known.get(zone);
  const isFresh = before && nowAtMachinePace() - before.askedAt < mostAgeMs;
  // Another run's question may have been cancelled.
  const links: Promise<ZoneLinkFacts[]> = isFresh
    ? before.links.catch(() => listLinks(clients, zone))
    : listLinks(clients, zone);
  if (!isFresh) {
    known.set(zone, { links, askedAt: nowAtMachinePace() });
    links.catch(() => known.delete(zone));
  }
  return (await links).some(isWanted);
}

/**
 * Lists the links of zones. Hundreds of runs that begin at once ask for those of the same thousand zones: together, or a worker would
 * not have the memory for as many requests.
 *
 * @param where Those who ask for about the same zones.
 */
async function askForLinks(clients: ClientsOf, where: string, zones: readonly string[]): Promise<ZoneLinkFacts[]> {
  const ask = async (asked: readonly string[]) =>
    new Map(await Promise.all(asked.map(async (zone) => [keyOf(zone), await listLinks(clients, zone)] as const)));
  const together = await askedTogether(clients, `links of the zones of ${where}`, () => ask(zones));
  // Whoever has asked may have left out zones near to its own cluster.
  const missing = await ask(zones.filter((zone) => !together.has(keyOf(zone))));
  return zones.flatMap((zone) => together.get(keyOf(zone)) ?? missing.get(keyOf(zone)) ?? []);
}

const groupPath = (id: string): string => keyOf(id.split('/').slice(0, 5).join('/'));

const zonesOfOthers = `zones ${registryZoneName}, of which one may be linked to the network,`;

/** Lists the zones for registries that a subscription, or a resource group in it, has. */
async function registryZones(clients: ClientsOf, subscriptionId: string, group?: string): Promise<string[]> {
  const { privateZones } = clients(subscriptionId).privateDns;
  return askedTogether(clients, `zones of ${keyOf(subscriptionId)} ${group ?? ''}`, async () => {
    const all = await azureReadIfRegistered(`/subscriptions/${subscriptionId}`, () =>
      collect(group === undefined ? privateZones.list() : privateZones.listByResourceGroup(group)),
    );
    return (all ?? []).flatMap(({ id, name }) => (id && name === registryZoneName ? [id] : []));
  });
}
