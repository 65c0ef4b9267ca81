import { ownFailure } from '../contract/failures.ts';
import { isEndpointInterface, resourceGroupId } from '../resources/ids.ts';
import { carriesMarks, hasSecondMark, type Marks, markedUsers, ownMarks } from '../resources/marks.ts';
import type { ResourceGroupFacts, ResourceGroupReference } from '../resources/subscriptions.ts';
import { recorded } from './arm/checkpoint.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureList, azureRead } from './arm/errors.ts';
import { type Found, notShown } from './arm/longRunningOperation.ts';
import { boundTo, withoutCopiedMarks } from './arm/marks.ts';
import { adopt, adoption, type MarkedResource, type MaybeAdopted, type MaybeUnseen } from './arm/ownedResource.ts';
import { refuseForeign, refuseUsed } from './arm/refusals.ts';
import { removed } from './arm/removed.ts';
import { mayLag, onceReplicated, readOnceSent, replicationPause } from './arm/replication.ts';
import { takeSecondMarkOff } from './arm/secondMarks.ts';

export async function readResourceGroup(
  clients: ClientsOf,
  group: ResourceGroupReference,
): Promise<ResourceGroupFacts | undefined> {
  const { resources } = clients(group.subscriptionId);
  const id = resourceGroupId(group.subscriptionId, group.name);
  const found = await azureRead(id, () => resources.resourceGroups.get(group.name));
  if (!found) return undefined;
  return {
    location: found.location,
    provisioningState: found.properties?.provisioningState ?? '',
    tags: withoutCopiedMarks(id, found.tags),
  };
}

/** Lists the resources of a group. Empty if the group is absent. */
export async function readGroupContent(
  clients: ClientsOf,
  group: ResourceGroupReference,
): Promise<{ id: string; type: string; tags: Record<string, string> }[]> {
  const { resources } = clients(group.subscriptionId).resources;
  const content = await azureList(resourceGroupId(group.subscriptionId, group.name), () =>
    resources.listByResourceGroup(group.name),
  );
  return content.map(({ id = '', type = '', tags = {} }) => ({ id, type, tags: withoutCopiedMarks(id, tags) }));
}

/** @throws ApplicationFailure `ResourceGroupNotEmpty` */
async function refuseUnlessEmpty(clients: ClientsOf, group: ResourceGroupReference, marks: Marks): Promise<void> {
  const content = await readGroupContent(clients, group);
  if (content.length === 0) return;
  // The list may still show resources that this run deleted a moment ago. Others, without the marks, are really there.
  const foreign = content.some(({ id, tags }) => !carriesMarks(tags, marks) && !isEndpointInterface(id));
  const message = `Resource group ${group.name} still holds ${content.map(({ id }) => id).join(', ')}`;
  throw ownFailure('ResourceGroupNotEmpty', message, resourceGroupId(group.subscriptionId, group.name), {
    retryable: !foreign && mayLag(),
    nextRetryDelay: replicationPause,
  });
}

export const resourceGroupActivities = (clients: ClientsOf) => ({
  /**
   * Creates a resource group. One that this run has made already is left as it is, and so is one that somebody else has made since
   * discovery, in the same region: it serves, and stays.
   */
  async createResourceGroup(
    group: ResourceGroupReference & { location: string; tags: Record<string, string> },
  ): Promise<MaybeAdopted | undefined> {
    const id = resourceGroupId(group.subscriptionId, group.name);
    const { resourceGroups } = clients(group.subscriptionId).resources;
    const { location, tags } = group;
    const read = () => readResourceGroup(clients, group);
    const there = await readOnceSent(read);
    // An earlier attempt, whose answer was lost, may have made the group.
    const seen =
      there ??
      (await recorded(() =>
        azureCall(id, () => resourceGroups.createOrUpdate(group.name, { location, tags: boundTo(id, tags) })),
      ));
    if (seen.location !== location) {
      throw ownFailure('ReadBackMismatch', `Asked for location ${location}, got ${seen.location} (${id})`, id);
    }
    // Nothing can be made in it before Azure knows of it.
    if (!there && !(await onceReplicated(read, (each) => each !== undefined))) throw notShown(id);
    const isOurs = !there || carriesMarks(there.tags, ownMarks(tags));
    return isOurs ? undefined : adoption(await adopt(clients, id, there.tags, tags));
  },

  /**
   * Deletes a resource group that carries these marks, if the group is empty.
   *
   * @throws ApplicationFailure `NotOwned` or `ResourceGroupNotEmpty`; the group is then left as it is.
   */
  async deleteResourceGroup({
    marks,
    ofThisRun = false,
    ...group
  }: ResourceGroupReference & Omit<MarkedResource, 'id'>): Promise<MaybeUnseen | undefined> {
    const { resources: client } = clients(group.subscriptionId);
    const id = resourceGroupId(group.subscriptionId, group.name);
    const seen = await onceReplicated(
      () => readResourceGroup(clients, group),
      (each) => each !== undefined || !ofThisRun,
    );
    if (!seen) return ofThisRun ? { unseen: true } : undefined;
    if (!carriesMarks(seen.tags, marks) && hasSecondMark(seen.tags, marks)) {
      await takeSecondMarkOff(clients, id, marks);
      return undefined;
    }
    const refuseOthers = ({ tags }: ResourceGroupFacts): void => {
      refuseForeign('resource group', id, tags, marks);
      refuseUsed('resource group', id, markedUsers(tags, marks));
    };
    refuseOthers(seen);
    if (seen.provisioningState !== 'Deleting') {
      await refuseUnlessEmpty(clients, group, marks);
      // Another cluster's run may have left its mark meanwhile, and is about to make something in it.
      refuseOthers((await readResourceGroup(clients, group)) ?? seen);
    }
    await removed({
      resourceId: id,
      client,
      kind: 'other',
      send: () => client.resourceGroups.delete(group.name),
      async find(): Promise<Found> {
        const now = await readResourceGroup(clients, group);
        if (!now) return 'done';
        return now.provisioningState === 'Deleting' ? 'running' : 'absent';
      },
    });
    return undefined;
  },
});
