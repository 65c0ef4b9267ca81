import { inAnswer } from '../exchanges.ts';
import type { Finding } from '../findings.ts';
import { groupId, groupName, type Live } from '../live.ts';

/** Reads the caller's permissions at the subscription, at the group, and at a resource that is not there. */
export async function checkRights({ azure, runId, subscriptionId, ...live }: Live): Promise<Finding[]> {
  const at = (scope: string) =>
    azure.get(`${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`);
  await at(`/subscriptions/${subscriptionId}`);
  await at(`${groupId({ subscriptionId, runId })}/providers/Microsoft.ContainerService/managedClusters/absent`);
  const pages = azure.clients.authorization.permissions.listForResourceGroup(groupName(runId)).byPage();
  const { exchanges } = await azure.ask(async () => {
    for await (const page of pages) if (page.length === 0) live.say('A page of permissions was empty.');
  });
  const read = exchanges.filter(({ status }) => status === 200);
  const [first] = read;
  if (!first) return [{ switch: 'permissionPages', unknown: 'the permissions could not be read', shownBy: exchanges }];
  const isMany = read.length > 1 || inAnswer(first, 'nextLink') !== undefined;
  return [{ switch: 'permissionPages', position: isMany ? 'many' : 'one', shownBy: read.slice(0, 2) }];
}
