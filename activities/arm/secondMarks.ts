import type { TagsPatchResource } from '@azure/arm-resources';
import { parentId, parseResourceId, subscriptionOf } from '../../resources/ids.ts';
import type { Marks } from '../../resources/marks.ts';
import { checkpoint, recorded } from './checkpoint.ts';
import { type ClientsOf, locate } from './connection.ts';
import { type Allowed, azureCall, azureRead, httpStatus, seenOr, whereAllowed } from './errors.ts';
import { marksOn, usedByTag } from './marks.ts';
import { onceReplicated } from './replication.ts';

/**
 * Says on a resource that was made for another cluster that the cluster of these marks uses it. Its deletion then leaves it.
 *
 * @param which `ifThere`: succeeds if the resource is gone. Default: a resource that is gone cannot be used either.
 */
export const leaveSecondMark = (clients: ClientsOf, id: string, marks: Marks, which?: 'ifThere'): Promise<void> =>
  change(clients, id, 'Merge', usedByTag(marks), which === 'ifThere' ? azureRead : azureCall);

/** Takes the second mark of this cluster off. Succeeds if the resource is gone. */
export const takeSecondMarkOff = (clients: ClientsOf, id: string, marks: Marks): Promise<void> =>
  change(clients, id, 'Delete', usedByTag(marks), azureRead);

/** Refused by roles, policies or locks, or for too many tags. */
const forbidding: readonly unknown[] = [400, 403, 409];

/** @returns whether the mark could be changed: the worker may not be allowed to, or the resource has too many tags. */
export async function unlessForbidden(changeMark: () => Promise<void>): Promise<boolean> {
  try {
    await changeMark();
    return true;
  } catch (error) {
    if (forbidding.includes(httpStatus(error))) return false;
    throw error;
  }
}

/** The marks on a resource; none where it is gone or has no tags. */
export function readMarks(clients: ClientsOf, id: string): Promise<Allowed<Marks>> {
  return whereAllowed(async () => marksOn(id, await readTags(clients, id).catch(unlessUntaggable)));
}

/** All tags of a resource; `undefined` where they may not be read. */
export async function tagsOn(clients: ClientsOf, id: string): Promise<Record<string, string> | undefined> {
  return seenOr(await whereAllowed(() => readTags(clients, id).catch(unlessUntaggable)), undefined);
}

/** `undefined`: it is gone, or has no tags. */
async function readTags(clients: ClientsOf, id: string): Promise<Record<string, string> | undefined> {
  const { tagsOperations } = clients(subscriptionOf(id)).resources;
  // The client puts a slash before the scope itself.
  return (await azureRead(id, () => tagsOperations.getAtScope(id.slice(1))))?.properties?.tags;
}

/** Azure answers 400 for a type that takes no tags. */
function unlessUntaggable(error: unknown): undefined {
  if (httpStatus(error) !== 400) throw error;
}

/** Changes one tag and nothing else, or the metadata of a record. */
async function change(
  clients: ClientsOf,
  id: string,
  operation: NonNullable<TagsPatchResource['operation']>,
  tags: Record<string, string>,
  call: typeof azureCall | typeof azureRead,
): Promise<void> {
  if (parseResourceId(id)?.type.toLowerCase() === recordType) return changeRecord(clients, id, operation, tags);
  const { tagsOperations } = clients(subscriptionOf(id)).resources;
  if (checkpoint().sent && (await isTagged(clients, id, operation, tags))) return;
  await recorded(() =>
    call(id, async () =>
      // The client puts a slash before the scope itself.
      tagsOperations.updateAtScope(id.slice(1), { operation, properties: { tags } }),
    ),
  );
}

/** Whether the tags are as an earlier attempt, whose answer was lost, was to make them. */
async function isTagged(
  clients: ClientsOf,
  id: string,
  operation: NonNullable<TagsPatchResource['operation']>,
  tags: Record<string, string>,
): Promise<boolean> {
  const look = async () => {
    const found = (await readTags(clients, id)) ?? {};
    return Object.keys(tags).every((key) => key in found === (operation === 'Merge'));
  };
  return onceReplicated(look, (isDone) => isDone);
}

const recordType = 'microsoft.network/privatednszones/a';

async function changeRecord(
  clients: ClientsOf,
  id: string,
  operation: NonNullable<TagsPatchResource['operation']>,
  tags: Record<string, string>,
): Promise<void> {
  const { client, resourceGroup, parent, name } = locate(clients, 'privateDns', id);
  const record = await azureRead(id, () => client.recordSets.get(resourceGroup, parent, 'A', name));
  if (!record || (operation === 'Delete' && !Object.keys(tags).some((key) => key in (record.metadata ?? {})))) return;
  const others = Object.entries(record.metadata ?? {}).filter(([key]) => !(key in tags));
  const metadata = { ...Object.fromEntries(others), ...(operation === 'Merge' && tags) };
  const { ttl = 0, aRecords = [], etag } = record;
  const body = { ttl, aRecords, metadata };
  await recorded(() =>
    azureCall(parentId(id), () =>
      client.recordSets.createOrUpdate(
        resourceGroup,
        parent,
        'A',
        name,
        body,
        etag === undefined ? {} : { ifMatch: etag },
      ),
    ),
  );
}
