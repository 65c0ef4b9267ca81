import { builtInRoles } from '../../simulator/providers/authorization/roleDefinitions.ts';
import { compareSnapshots, type Difference, type Snapshot } from '../../simulator/snapshots.ts';
import { type Explanation, explanations } from './explanations.ts';

export interface Compared extends Difference {
  /** The explanation; undefined if there is none. */
  readonly why: string | undefined;
}

/** Returns each property in which two ways to the same end differ. Names and IDs that Azure makes up do not count. */
export function compare(azureCli: Snapshot, workflow: Snapshot): Compared[] {
  const found = compareSnapshots(withoutMadeUp(azureCli), withoutMadeUp(workflow));
  return found.flatMap((difference) =>
    difference.change === 'changed'
      ? difference.properties.map((property) => explained({ ...difference, properties: [property] }))
      : [explained(difference)],
  );
}

function explained(difference: Difference): Compared {
  const path = difference.properties[0]?.path;
  const fits = ({ type, change, property }: Explanation) =>
    type.test(difference.type) && (change ?? 'changed') === difference.change && (property ?? /^/).test(path ?? '');
  return { ...difference, why: explanations.find(fits)?.why };
}

/** GUIDs, the names that AKS gives to registries, the part after the prefix in a host name, and times. */
const madeUp =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\b[0-9a-f]{24}\b|(?<=-)[0-9a-z]{8}(?=\.)|(?<=-)\d{8}(?=-|\b)|\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const subscription = /1{8}-1{4}-1{4}-1{4}-1{12}/;

function withoutMadeUp(snapshot: Snapshot): Snapshot {
  const text = (value: string): string => value.replace(madeUp, (found) => (subscription.test(found) ? found : '*'));
  const each = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(each);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [text(key), each(child)]));
  };
  const resources = snapshot.resources.map(({ id, type, etag, body }) => ({
    id: text(isAssignment(type) ? assignmentId(snapshot, body) : id),
    type,
    etag,
    body: isAssignment(type) ? {} : (each(body) as typeof body),
  }));
  return { ...snapshot, resources };
}

const isAssignment = (type: string): boolean => type === 'Microsoft.Authorization/roleAssignments';

/** Replaces a role assignment's random name by scope, role and principal. */
function assignmentId({ resources }: Snapshot, { properties }: { properties?: unknown }): string {
  const { scope, roleDefinitionId, principalId } = properties as Record<string, string>;
  const who = resources.find(
    ({ type, body }) => /Identities$/.test(type) && JSON.stringify(body).includes(`${principalId}`),
  );
  const [role] = Object.entries(builtInRoles).find(([, id]) => roleDefinitionId?.endsWith(id)) ?? [roleDefinitionId];
  return `${scope}/${role} for ${who?.id.split('/').at(-1) ?? 'the cluster'}`;
}
