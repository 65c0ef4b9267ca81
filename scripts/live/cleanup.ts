import { azureList } from '../../activities/arm/errors.ts';
import type { LiveAzure } from './azure.ts';
import { type Exchange, errorCode } from './exchanges.ts';
import { type ClusterKey, groupName, nodeGroupName, runIdIn, runTag } from './live.ts';

/** A resource group that a run has made. */
export interface RunGroup {
  readonly id: string;
  readonly runId: string;
  readonly expiresOn: string;
}

/** The groups of all runs, by their tag, or by their name where a policy has taken the tag away or AKS has given none. */
export async function runGroups({ clients, subscriptionScope }: LiveAzure): Promise<RunGroup[]> {
  const groups = await azureList(subscriptionScope, () => clients.resources.resourceGroups.list());
  return groups.flatMap(({ id = '', name = '', tags = {} }) => {
    const runId = tags[runTag] ?? runIdIn(name);
    return runId === undefined ? [] : [{ id, runId, expiresOn: tags.expiresOn ?? 'unknown' }];
  });
}

const clusterKeys: readonly ClusterKey[] = ['open', 'newest', 'own'];

/**
 * Removes all that a run has made: its group, with all in it, then what clusters have left in groups of their own.
 *
 * @returns IDs of what is still there
 */
export async function removeRun(azure: LiveAzure, runId: string, say: (line: string) => void): Promise<string[]> {
  const left: string[] = [];
  const all = [groupName(runId), ...clusterKeys.map((key) => nodeGroupName(runId, key))];
  // Nodes go with their clusters, so that the run's own group comes first.
  for (const group of all) left.push(...(await removeGroup(azure, group, say)));
  return left;
}

async function removeGroup(azure: LiveAzure, group: string, say: (line: string) => void): Promise<string[]> {
  const { resourceGroups } = azure.clients.resources;
  const isThere = async () => (await azure.ask(() => resourceGroups.get(group))).last.status !== 404;
  if (!(await isThere())) return [];
  say(`Removes ${group}.`);
  const removed = await azure.follow('resources', () => resourceGroups.delete(group)).catch(whyNot);
  if (await isGone(azure, group)) return [];
  say(`${group} is still there: ${removed instanceof Error ? removed.message : whyText(removed.last)}`);
  return [`${azure.subscriptionScope}/resourceGroups/${group}`, ...(await contentOf(azure, group))];
}

/** Whether a group goes, for as long as Azure says that it is going: half an hour at most. */
async function isGone(azure: LiveAzure, group: string): Promise<boolean> {
  const { resourceGroups } = azure.clients.resources;
  try {
    for (let look = 0; look < 60; look += 1) {
      const { value, last } = await azure.ask(() => resourceGroups.get(group));
      if (last.status === 404) return true;
      if (value?.properties?.provisioningState !== 'Deleting') return false;
      await azure.wait(30);
    }
  } catch {
    // Interrupted, or no answer: it counts as still there.
  }
  return false;
}

const whyNot = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const whyText = (last: Exchange): string => `${last.method} was answered ${last.status} ${errorCode(last) ?? ''}`;

async function contentOf({ clients }: LiveAzure, group: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const { id } of clients.resources.resources.listByResourceGroup(group)) if (id) ids.push(id);
  } catch {
    // Its group is named already.
  }
  return ids;
}
