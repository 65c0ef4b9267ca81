import { parentId, parseResourceId } from '../../resources/ids.ts';
import { carriesMarks, hasSecondMark, type Marks } from '../../resources/marks.ts';
import type { ClientsOf } from '../arm/connection.ts';
import { azureCall, collect } from '../arm/errors.ts';
import { marksOn } from '../arm/marks.ts';
import { listRecords, readPrivateDnsZone } from '../privateDns.ts';

export interface MarkedId {
  id: string;
  marks: Marks;
}

/** The resources of a subscription that have this tag. The list may have resource groups, which are read apart. */
export async function resourcesWithTag(
  clients: ClientsOf,
  subscriptionId: string,
  [name, value]: readonly [string, string],
): Promise<MarkedId[]> {
  const { resources } = clients(subscriptionId).resources;
  const filter = `tagName eq '${name}' and tagValue eq '${value}'`;
  const found = await azureCall(`/subscriptions/${subscriptionId}`, () => collect(resources.list({ filter })));
  return found.flatMap(({ id = '', tags }) => (parseResourceId(id) ? [{ id, marks: marksOn(id, tags) }] : []));
}

/** A zone with what in it carries the marks of a cluster, or its second mark. */
export interface MarkedZone {
  id: string;
  owned: MarkedId[];
  marked: string[];
}

/** Reads a zone with those of its links and records that carry these marks or the second mark. Empty if the zone is absent. */
export async function readMarkedInZone(clients: ClientsOf, id: string, marks: Marks): Promise<MarkedZone[]> {
  const zone = await readPrivateDnsZone(clients, id, []);
  if (!zone) return [];
  const content: MarkedId[] = [...zone.links, ...(await listRecords(clients, id))];
  return [
    {
      id: zone.id,
      owned: content.filter((each) => carriesMarks(each.marks, marks)),
      marked: content.filter((each) => hasSecondMark(each.marks, marks)).map((each) => each.id),
    },
  ];
}

/** The zones that these resources lead to: they are zones, or links of zones. */
export const zonesOf = (ids: readonly string[]): string[] =>
  ids.flatMap((id) => {
    const type = parseResourceId(id)?.type.toLowerCase();
    if (type === 'microsoft.network/privatednszones') return id;
    return type === 'microsoft.network/privatednszones/virtualnetworklinks' ? parentId(id) : [];
  });
