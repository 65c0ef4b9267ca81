import { restorePoller } from '@azure/arm-resources';
import { ownFailure } from '../contract/failures.ts';
import { isEndpointInterface, resourceGroupId } from '../resources/ids.ts';
import { carriesMarks, type Marks, marksIn } from '../resources/marks.ts';
import type { ResourceGroupFacts, ResourceGroupReference } from '../resources/subscriptions.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureRead } from './arm/errors.ts';
import { keptAlive, longRunningOperation } from './arm/longRunningOperation.ts';
import { mayLag } from './arm/ownedResource.ts';

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
    tags: found.tags ?? {},
  };
}

/** Everything in a resource group; nothing if the group is absent. */
export async function readGroupContent(
  clients: ClientsOf,
  group: ResourceGroupReference,
): Promise<{ id: string; tags: Record<string, string> }[]> {
  const { resources } = clients(group.subscriptionId).resources;
  const content: { id: string; tags: Record<string, string> }[] = [];
  await azureRead(resourceGroupId(group.subscriptionId, group.name), async () => {
    for await (const { id = '', tags = {} } of resources.listByResourceGroup(group.name)) content.push({ id, tags });
  });
  return content;
}

export function resourceGroupActivities(clients: ClientsOf) {
  return {
    /**
     * Creates a resource group. One that this run has made already is left as it is.
     *
     * @throws ApplicationFailure `NotOwned` if somebody else has made the group since discovery; it is then left as it is.
     */
    async createResourceGroup(
      group: ResourceGroupReference & { location: string; tags: Record<string, string> },
    ): Promise<void> {
      const id = resourceGroupId(group.subscriptionId, group.name);
      const { resources } = clients(group.subscriptionId);
      const { location, tags } = group;
      const there = await readResourceGroup(clients, group);
      if (there) refuseForeign(there, marksIn(tags), id);
      // The answer to an earlier attempt may have been lost.
      const seen =
        there ??
        (await keptAlive(() =>
          azureCall(id, () => resources.resourceGroups.createOrUpdate(group.name, { location, tags })),
        ));
      if (seen.location !== location) {
        throw ownFailure('ReadBackMismatch', `Asked for location ${location}, got ${seen.location} (${id})`, id);
      }
    },

    /**
     * Deletes a resource group that carries these marks, if nothing of anybody else is in it.
     *
     * @throws ApplicationFailure `NotOwned` or `ResourceGroupNotEmpty`; the group is then left as it is.
     */
    async deleteResourceGroup(group: ResourceGroupReference & { marks: Marks }): Promise<void> {
      const { resources } = clients(group.subscriptionId);
      const id = resourceGroupId(group.subscriptionId, group.name);
      const find = async () => {
        const seen = await readResourceGroup(clients, group);
        if (!seen) return { state: 'done' as const, result: undefined };
        return { state: seen.provisioningState === 'Deleting' ? ('running' as const) : ('absent' as const) };
      };
      const seen = await readResourceGroup(clients, group);
      if (!seen) return;
      refuseForeign(seen, group.marks, id);
      if (seen.provisioningState !== 'Deleting') await refuseUnlessEmpty(id, group.name);
      await longRunningOperation({
        resourceId: id,
        start: () => resources.resourceGroups.delete(group.name),
        restore: (state) => restorePoller(resources, state, resources.resourceGroups.delete),
        find,
      });

      async function refuseUnlessEmpty(groupId: string, name: string): Promise<void> {
        const content = await readGroupContent(clients, group);
        if (content.length === 0) return;
        // The list still shows resources that were deleted a moment ago; only the marks's can be such.
        const foreign = content.some(({ id, tags }) => !carriesMarks(tags, group.marks) && !isEndpointInterface(id));
        const message = `Resource group ${name} still holds ${content.map(({ id }) => id).join(', ')}`;
        const retryable = !foreign && mayLag();
        throw ownFailure('ResourceGroupNotEmpty', message, groupId, { retryable, nextRetryDelay: '2 seconds' });
      }
    },
  };
}

function refuseForeign({ tags }: ResourceGroupFacts, marks: Marks, id: string): void {
  if (carriesMarks(tags, marks)) return;
  throw ownFailure('NotOwned', `This resource group was created by somebody else (${id})`, id);
}
