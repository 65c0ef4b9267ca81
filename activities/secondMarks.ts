import { uniqueIds } from '../resources/ids.ts';
import type { MarkSearch } from '../resources/marks.ts';
import type { ClientsOf } from './arm/connection.ts';
import { seenOr, whereAllowed } from './arm/errors.ts';
import { usedByTag } from './arm/marks.ts';
import type { MarkedResource, MaybeAdopted } from './arm/ownedResource.ts';
import { leaveSecondMark, takeSecondMarkOff, unlessForbidden } from './arm/secondMarks.ts';
import { readMarkedInZone, resourcesWithTag, zonesOf } from './reads/marked.ts';

type Used = Pick<MarkedResource, 'id' | 'marks'>;

export const secondMarkActivities = (clients: ClientsOf) => ({
  /** Says on a resource that was made for another cluster that this one uses it. */
  async addSecondMark({ id, marks }: Used): Promise<MaybeAdopted | undefined> {
    // One that cannot be left is no reason to stop, for clusters are asked before anything goes. Undo has nothing to take off.
    return (await unlessForbidden(() => leaveSecondMark(clients, id, marks))) ? undefined : { adopted: true };
  },

  removeSecondMark: ({ id, marks }: Used): Promise<void> => takeSecondMarkOff(clients, id, marks),

  /** Takes the mark off what the cluster has left. One that stays is no reason to stop either: deleteCluster comes to it again. */
  async dropSecondMark({ id, marks }: Used): Promise<MaybeAdopted | undefined> {
    return (await unlessForbidden(() => takeSecondMarkOff(clients, id, marks))) ? undefined : { adopted: true };
  },

  /** Undo: says again that this cluster uses a resource. Succeeds if it is gone. */
  restoreSecondMark: ({ id, marks }: Used): Promise<void> => leaveSecondMark(clients, id, marks, 'ifThere'),

  /** Looks for what carries the second mark of a cluster. Resources that may not be listed are left out. */
  async findSecondMarks({ marks, subscriptionIds, zoneIds }: MarkSearch): Promise<string[]> {
    const tags = Object.entries(usedByTag(marks));
    const lists = subscriptionIds.flatMap((id) =>
      tags.map((tag) => whereAllowed(() => resourcesWithTag(clients, id, tag))),
    );
    const tagged = (await Promise.all(lists)).flatMap((each) => seenOr(each, [])).map(({ id }) => id);
    const zones = uniqueIds([...zoneIds, ...zonesOf(tagged)]);
    const inZones = await Promise.all(zones.map((id) => whereAllowed(() => readMarkedInZone(clients, id, marks))));
    return uniqueIds([...tagged, ...inZones.flatMap((each) => seenOr(each, [])).flatMap(({ marked }) => marked)]);
  },
});
