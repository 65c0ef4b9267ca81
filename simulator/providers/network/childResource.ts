import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf, parentPath } from '../../arm/ids.ts';
import { type Body, withoutNulls } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { transit } from '../../arm/transitions.ts';
import type { World } from '../../arm/world.ts';
import { etagMismatch, networkNames, networkTransitions, refuseParallel, withEtag } from './style.ts';

const childBody = z.looseObject({ properties: z.looseObject({}) });
const listed = z.array(z.looseObject({ name: z.string(), properties: z.looseObject({}) })).nullish();

/** A type whose resources are also a list in the body of their parent: routes, security rules. */
export interface ChildKind {
  readonly type: string;
  /** @throws ArmError for properties that Azure refuses */
  check(id: string, properties: Body, siblings: readonly Resource[]): void;
  /** Its properties as they are stored: a PUT resets what it leaves out. */
  build(properties: Body): Body;
}

const transitions = networkTransitions(3);

export function childType(kind: ChildKind): ResourceType {
  return {
    kind: 'stored',
    type: kind.type,
    etagHeader: true,
    mismatch: etagMismatch,
    names: networkNames(80),
    view: withEtag,
    notFound: (request) => new ArmError(404, 'NotFound', `Resource ${request.resourceId} not found.`, { details: [] }),
    transitions,
    put: (request, existing) => put(kind, request, existing),
    delete: remove,
  };
}

export const childrenOf = (world: World, kind: ChildKind, parentId: string): Resource[] =>
  world.store.list(kind.type, parentId);

/** Checks the list in a parent's body. @throws ArmError */
export function checkChildren(kind: ChildKind, parentId: string, list: unknown): void {
  const seen: Resource[] = [];
  for (const { name, properties } of listed.parse(list) ?? []) {
    const id = idOf(kind, parentId, name);
    kind.check(id, properties, seen);
    seen.push({ id, type: kind.type, name, body: { properties }, etag: '' });
  }
}

/** A parent's PUT names all of its children: those that it leaves out are gone. */
export function writeChildren(world: World, kind: ChildKind, parentId: string, list: unknown): void {
  const wanted = listed.parse(list) ?? [];
  const kept = new Set(wanted.map(({ name }) => name.toLowerCase()));
  for (const child of childrenOf(world, kind, parentId))
    if (!kept.has(child.name.toLowerCase())) world.remove(child.id);
  for (const { name, properties } of wanted) write(world, kind, idOf(kind, parentId, name), properties);
}

const idOf = (kind: ChildKind, parentId: string, name: string): string => `${parentId}/${nameOf(kind.type)}/${name}`;

function write(world: World, kind: ChildKind, id: string, properties: Body): Resource {
  const kept = withoutNulls(properties) as Body;
  return world.store.put(id, kind.type, {
    name: nameOf(id),
    id,
    type: kind.type,
    properties: { ...kind.build(kept), provisioningState: 'Updating' },
  });
}

function put(kind: ChildKind, request: ArmRequest, existing: Resource | undefined): Reply {
  const { world } = request;
  const { properties } = parseBody(request, childBody);
  const id = existing?.id ?? request.resourceId;
  const parent = world.store.get(parentPath(id));
  refuseParallel(world, parentPath(id));
  kind.check(
    id,
    properties,
    childrenOf(world, kind, parentPath(id)).filter((other) => other !== existing),
  );
  const child = write(world, kind, id, properties);
  return transit(world, existing ? transitions.update : transitions.create, {
    id,
    location: String(parent?.body.location),
    body: () => withEtag(child),
    atEnd: () => renew(world, parent),
  });
}

function remove({ world }: ArmRequest, child: Resource): Reply {
  const parent = world.store.get(parentPath(child.id));
  refuseParallel(world, parentPath(child.id));
  return transit(world, transitions.delete, {
    id: child.id,
    location: String(parent?.body.location),
    atEnd: () => renew(world, parent),
  });
}

/** Every change of a child changes the ETag of its parent. */
function renew(world: World, parent: Resource | undefined): void {
  if (parent && world.store.get(parent.id))
    world.store.put(parent.id, parent.type, { ...parent.body, properties: propertiesOf(parent) });
}
