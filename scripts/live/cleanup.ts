import { azureCall, azureList, collect, seenOr, whereAllowed } from '../../activities/arm/errors.ts';
import { isPassing, type LiveAzure } from './azure.ts';
import { errorCode } from './exchanges.ts';
import { type ClusterKey, groupName, nodeGroupName, runIdIn } from './live.ts';
import { runTag } from './tags.ts';

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

/**
 * Nobody may be there to begin anew, and nodes cost money: a deletion that Azure does not take or answer at the moment is tried for ten
 * minutes, and one that it has begun and not brought to its end once more.
 */
const patience = { all: 20, ofOneThatHasBegun: 10, pauseSeconds: 30 };

async function removeGroup(azure: LiveAzure, group: string, say: (line: string) => void): Promise<string[]> {
  let why = '';
  for (let left = patience.all; left > 0; ) {
    const tried = await triedRemoval(azure, group, () =>
      say(why === '' ? `Removes ${group}.` : `Tries again: ${why}.`),
    );
    if (tried === 'gone') return [];
    why = tried.why;
    left -= tried.costs;
    if (left > 0 && !(await canWait(azure))) break;
  }
  say(`${group} is still there, as far as is known: ${why}`);
  return [`${azure.subscriptionScope}/resourceGroups/${group}`, ...(await contentOf(azure, group))];
}

/** Why a group is still there, and how much of the patience that has cost. */
interface Left {
  readonly why: string;
  readonly costs: number;
}

async function triedRemoval(azure: LiveAzure, group: string, begins: () => void): Promise<'gone' | Left> {
  const { resourceGroups } = azure.clients.resources;
  try {
    // Where nobody answers that, a deletion tells as well.
    const seen = await azure.ask(() => resourceGroups.get(group)).catch(() => undefined);
    if (seen?.last.status === 404 && !(await isListed(azure, group))) return 'gone';
    begins();
    const { outcome, first, last } = await azure.follow('resources', () => resourceGroups.delete(group));
    const isAbsent = first.status === 204 || first.status === 404;
    if (isAbsent) return (await isListed(azure, group)) ? { why: 'it is listed, and not found', costs: 1 } : 'gone';
    if (await isGone(azure, group)) return 'gone';
    const why = `${last.method} was answered ${last.status} ${errorCode(last) ?? ''}`.trim();
    if (outcome !== 'refused') return { why, costs: patience.ofOneThatHasBegun };
    // A sign-in may have come to its end, and be renewed.
    return { why, costs: isPassing(last) || last.status === 401 ? 1 : patience.all };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error), costs: 1 };
  }
}

/** Waits before another try. @returns false where nobody wants to wait any more */
const canWait = (azure: LiveAzure): Promise<boolean> =>
  azure.wait(patience.pauseSeconds).then(
    () => true,
    () => false,
  );

/** Whether a group goes, for as long as Azure says that it is going, or does not say: half an hour at most. */
async function isGone(azure: LiveAzure, group: string): Promise<boolean> {
  const { resourceGroups } = azure.clients.resources;
  for (let look = 0; look < 60; look += 1) {
    const seen = await azure.ask(() => resourceGroups.get(group)).catch(() => undefined);
    const isNotFound = seen?.last.status === 404;
    if (isNotFound && !(await isListed(azure, group))) return true;
    const mayGo =
      !seen || isNotFound || isPassing(seen.last) || seen.value?.properties?.provisioningState === 'Deleting';
    if (!mayGo || !(await canWait(azure))) return false;
  }
  return false;
}

/**
 * Whether the list of groups names one. A region of Azure Resource Manager may not know of a group that costs money elsewhere: a 404
 * counts where the list has no such group either, or nobody may list.
 */
async function isListed({ clients, subscriptionScope }: LiveAzure, group: string): Promise<boolean> {
  const { resourceGroups } = clients.resources;
  try {
    const look = await whereAllowed(() => azureCall(subscriptionScope, () => collect(resourceGroups.list())));
    return seenOr(look, []).some(({ name = '' }) => name.toLowerCase() === group.toLowerCase());
  } catch {
    // Nobody knows. To delete once more what is gone does no harm.
    return true;
  }
}

async function contentOf({ clients }: LiveAzure, group: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const { id } of clients.resources.resources.listByResourceGroup(group)) if (id) ids.push(id);
  } catch {
    // Its group is named already.
  }
  return ids;
}
