import type { ClientsOf } from './arm/connection.ts';
import type { MarkedResource, MaybeAdopted } from './arm/ownedResource.ts';
import { leaveSecondMark, takeSecondMarkOff } from './arm/secondMarks.ts';

type Used = Pick<MarkedResource, 'id' | 'marks'>;

export const secondMarkActivities = (clients: ClientsOf) => ({
  /** Says on a resource that was made for another cluster that this one uses it. */
  async addSecondMark({ id, marks }: Used): Promise<MaybeAdopted | undefined> {
    // One that cannot be left is no reason to stop, for clusters are asked before anything goes. Undo has nothing to take off.
    return (await leaveSecondMark(clients, id, marks)) ? undefined : { adopted: true };
  },

  removeSecondMark: ({ id, marks }: Used): Promise<void> => takeSecondMarkOff(clients, id, marks),
});
