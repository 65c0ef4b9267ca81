import type { RecordedRequest, SomebodysChange } from '../../simulator/index.ts';
import type { StoredResource } from '../support/arm.ts';
import { withoutMadeUp } from './requests.ts';
import type { Slot } from './scenarios.ts';

/** Every property that there is, by the key of its resource and its path. */
export class State extends Map<string, unknown> {
  /** Key of each resource, by its ID in lower case. */
  readonly resources = new Map<string, string>();
  /** The identity of each principal. Principals are made up anew in each run. */
  readonly owners = new Map<string, string>();
}

/**
 * Everything that is there now.
 *
 * @param earlier Knows the principals of what is gone since.
 */
export async function stateOf({ azure }: Pick<Slot, 'azure'>, earlier?: State): Promise<State> {
  const resources = Object.values(await azure.state());
  const state = new State();
  const { owners } = state;
  for (const [principal, owner] of [...(earlier?.owners ?? []), ...ownersOf(resources)]) owners.set(principal, owner);
  const used = new Set<string>();
  for (const resource of resources) {
    const key = unused(keyOf(resource, owners), used);
    used.add(key);
    state.resources.set(resource.id.toLowerCase(), key);
    flatten(state, key, resource);
  }
  return state;
}

/** Nodes are made anew to be taken back. */
const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** Changes with every write. */
const volatile = new Set(['etag', 'nodeImageVersion']);

function flatten(state: Map<string, unknown>, path: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    state.set(path, typeof value === 'string' ? withoutMadeUp(value.replace(time, '*')) : value);
    return;
  }
  const keys = new Set<string>();
  for (const [key, each] of Object.entries(value)) {
    if (volatile.has(key) || each === undefined) continue;
    const name = unused(withoutMadeUp((Array.isArray(value) && nameOf(each)) || key), keys);
    keys.add(name);
    flatten(state, `${path} ${name}`, each);
  }
}

/** The name of an entry of a list, so that its place in the list does not matter. */
function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { id, name } = entry as { id?: unknown; name?: unknown };
  return [id, name]
    .find((each) => typeof each === 'string')
    ?.toString()
    .toLowerCase();
}

function unused(wanted: string, used: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}/${count}`;
    if (!used.has(name)) return name;
  }
}

type Owners = State['owners'];

interface Principal {
  identity?: { principalId?: unknown };
  properties?: { principalId?: unknown };
}

const isAssignment = ({ type }: Pick<StoredResource, 'type'>): boolean =>
  type.toLowerCase() === 'microsoft.authorization/roleassignments';

function ownersOf(resources: readonly StoredResource[]): Owners {
  return new Map(
    resources
      .filter((resource) => !isAssignment(resource))
      .flatMap((resource) => {
        const { identity, properties } = resource as Principal;
        const principals = [identity?.principalId, properties?.principalId];
        return principals.flatMap((each) => (typeof each === 'string' ? [[each, resource.id.toLowerCase()]] : []));
      }) as [string, string][],
  );
}

/** Role assignments have names that are made up; role and principal tell those of one scope apart. */
function keyOf(resource: StoredResource, owners: Owners): string {
  const key = withoutMadeUp(resource.id.toLowerCase());
  if (!isAssignment(resource)) return key;
  const { roleDefinitionId, principalId } = resource.properties as { roleDefinitionId: string; principalId: string };
  const holder = withoutMadeUp(owners.get(principalId) ?? principalId);
  return `${key.replace(/\/[^/]*$/, '')}/${roleDefinitionId.split('/').at(-1)}@${holder}`;
}

/** Changes of others: the value that each property has since, `undefined` where it is gone. */
export type Delta = ReadonlyMap<string, unknown>;

/** @param states Those in which the changed resources are, for their keys. */
export function deltaOf(changes: readonly SomebodysChange[], states: readonly State[]): Delta {
  const delta = new Map<string, unknown>();
  for (const { id, type, before, after } of changes) {
    const known = states.map(({ resources }) => resources.get(id.toLowerCase())).find((key) => key !== undefined);
    const key = known ?? keyOf({ ...(after ?? before), id, type }, states[0]?.owners ?? new Map());
    const [was, is] = [before, after].map((body) => {
      const flat: Map<string, unknown> = new Map();
      if (body) flatten(flat, key, { ...body, id, type });
      return flat;
    }) as [Map<string, unknown>, Map<string, unknown>];
    for (const path of new Set([...was.keys(), ...is.keys()]))
      if (was.get(path) !== is.get(path)) delta.set(path, is.get(path));
  }
  return delta;
}

/** Properties that Azure computes from other resources, or writes by itself. */
export const derived =
  / (properties (provisioningState|powerState \w+|ipConfigurations|privateEndpoints|privateEndpointConnections|numberOf\w*|subnets|networkInterfaces|maxNumberOf\w*|natGateways|currentKubernetesVersion)|systemData)( |$)/i;

export const resourceOf = (path: string): string => path.split(' ', 1)[0] ?? path;

/** Everything that is not as it was. */
export function stateChanges(before: State, after: State): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    return was === is ? [] : [`${path}: ${was} before, ${is} after`];
  });
}

/** How often each write was accepted, by its method and path. */
export type Accepted = Map<string, number>;

/** Commands that are run in the cluster leave nothing behind, and are run again where their answer was lost. */
const writesIn = (recorded: readonly RecordedRequest[]): { place: string; path: string; body: unknown }[] =>
  recorded.flatMap(({ method, url, status, body }) => {
    const { pathname } = new URL(url);
    if (method === 'GET' || status === null || status >= 300 || /runCommand|checkName/i.test(pathname)) return [];
    const path = withoutMadeUp(pathname);
    return [{ place: `${method} ${path}`, path: path.toLowerCase(), body }];
  });

export function acceptedWrites(recorded: readonly RecordedRequest[]): Accepted {
  const accepted: Accepted = new Map();
  for (const { place } of writesIn(recorded)) accepted.set(place, (accepted.get(place) ?? 0) + 1);
  return accepted;
}

/** Writes that were sent more often than in an undisturbed run. */
export function writtenTwice(usual: Accepted, now: Accepted): string[] {
  return [...now].flatMap(([place, times]) => {
    const most = usual.get(place) ?? 0;
    return times > most ? [`${place}: ${times} times instead of ${most}`] : [];
  });
}

/**
 * Writes that were sent twice in a row to one of these resources, by their keys. An undisturbed run says nothing of what others have
 * made: there, a setting may be changed and put back.
 */
export function writtenTwiceInARow(recorded: readonly RecordedRequest[], resources: ReadonlySet<string>): string[] {
  const last = new Map<string, string>();
  return writesIn(recorded).flatMap(({ place, path, body }) => {
    const resource = [...resources].find((key) => isBelow(path, key));
    if (resource === undefined) return [];
    const request = JSON.stringify([place, body]);
    const isAgain = last.get(resource) === request;
    last.set(resource, request);
    return isAgain ? [`${place}: twice in a row`] : [];
  });
}

/** Whether a path is that of a resource, or of something in it. */
export const isBelow = (path: string, resource: string): boolean =>
  path === resource || path.startsWith(`${resource}/`);
