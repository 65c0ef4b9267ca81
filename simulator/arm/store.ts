import { randomUUID } from 'node:crypto';
import { keyOf, nameOf } from './ids.ts';
import { type Body, isBody } from './json.ts';

/** One stored resource. `body` is what a GET answers, unless its type declares a `view`. */
export interface Resource {
  readonly id: string;
  /** As declared by the provider, e.g. `Microsoft.Network/virtualNetworks`. */
  readonly type: string;
  readonly name: string;
  readonly body: Body;
  etag: string;
}

/** `properties` of a resource; empty when it has none. */
export function propertiesOf(resource: Pick<Resource, 'body'>): Body {
  return isBody(resource.body.properties) ? resource.body.properties : {};
}

type Stored = { -readonly [Key in keyof Resource]: Resource[Key] };
/** Resources by name and then by key, in the order in which they were made. */
type Index = Map<string, Map<string, Stored>>;

/** All resources of a world, in the order of their creation. They are found by ID, type, place, and the IDs in their bodies. */
export class Store {
  readonly #byKey = new Map<string, Stored>();
  readonly #byType: Index = new Map();
  readonly #below: Index = new Map();
  readonly #naming: Index = new Map();

  get(id: string): Resource | undefined {
    return this.#byKey.get(keyOf(id));
  }

  /** Creates the resource or replaces its body; either way the ETag changes. */
  put(id: string, type: string, body: Body, etag: string = randomUUID()): Resource {
    const key = keyOf(id);
    const existing = this.#byKey.get(key);
    if (existing) {
      for (const named of idsIn(existing.body)) drop(this.#naming, named, key);
      existing.body = body;
      existing.etag = etag;
      for (const named of idsIn(body)) add(this.#naming, named, key, existing);
      return existing;
    }
    const resource = { id, type, name: nameOf(id), body, etag };
    this.#byKey.set(key, resource);
    add(this.#byType, type.toLowerCase(), key, resource);
    for (const owner of owners(key)) add(this.#below, owner, key, resource);
    for (const named of idsIn(body)) add(this.#naming, named, key, resource);
    return resource;
  }

  /** Removes the resource, everything below it, and the resource groups it manages (AKS's `MC_…`). */
  remove(id: string): string[] {
    const key = keyOf(id);
    const inside = this.below(key);
    const managed = this.list(groupType).filter(({ body: { managedBy } }) => {
      return typeof managedBy === 'string' && `${keyOf(managedBy)}/`.startsWith(`${key}/`);
    });
    const removed = [key, ...inside.map((resource) => keyOf(resource.id))].filter((each) => this.#forget(each));
    return [...removed, ...managed.flatMap((group) => this.remove(group.id))];
  }

  /** Keys of all that a resource and everything below it name, and of what is above it. */
  holdingOn(id: string): string[] {
    const key = keyOf(id);
    const own = this.#byKey.get(key);
    const going = [...(own ? [own] : []), ...this.below(key)];
    return [...owners(key), ...going.flatMap(({ body }) => [...idsIn(body)])];
  }

  all(): Resource[] {
    return [...this.#byKey.values()];
  }

  /** Resources of a type (any case) below a path. */
  list(type: string, below = ''): Resource[] {
    const typed = this.#byType.get(type.toLowerCase());
    if (!typed) return [];
    if (below === '') return [...typed.values()];
    const key = keyOf(below);
    const owner = owners(`${key}/x/x`).at(-1);
    const inside = owner === undefined ? undefined : (this.#below.get(owner) ?? new Map<string, Stored>());
    const candidates = inside && inside.size < typed.size ? inside : typed;
    const found: Resource[] = [];
    for (const [each, resource] of candidates) if (each.startsWith(`${key}/`) && typed.has(each)) found.push(resource);
    return found;
  }

  /** Resources whose body names exactly this ID, apart from those at or below `except`. */
  referencesTo(id: string, except?: string): Resource[] {
    const apart = except === undefined ? undefined : `${keyOf(except)}/`;
    const naming = this.#naming.get(keyOf(id)) ?? new Map<string, Stored>();
    return [...naming].flatMap(([key, resource]) =>
      apart !== undefined && `${key}/`.startsWith(apart) ? [] : [resource],
    );
  }

  /** Everything that is in a resource group, or below a resource. */
  below(id: string): Resource[] {
    return [...(this.#below.get(keyOf(id))?.values() ?? [])];
  }

  #forget(key: string): boolean {
    const resource = this.#byKey.get(key);
    if (!resource) return false;
    this.#byKey.delete(key);
    drop(this.#byType, resource.type.toLowerCase(), key);
    for (const owner of owners(key)) drop(this.#below, owner, key);
    for (const named of idsIn(resource.body)) drop(this.#naming, named, key);
    return true;
  }
}

const groupType = 'Microsoft.Resources/subscriptions/resourceGroups';

/** The resource group and the resources above a key, outermost first. The subscription is left out: everything is in one. */
function owners(key: string): string[] {
  const segments = key.split('/');
  const found: string[] = [];
  for (let end = 5; end < segments.length; end += 2)
    if (segments[end - 2] !== 'providers') found.push(segments.slice(0, end).join('/'));
  return found;
}

/** Every ID in a body, be it a value or a key. */
function idsIn(body: unknown, found = new Set<string>()): Set<string> {
  if (typeof body === 'string') {
    if (body.startsWith('/')) found.add(keyOf(body));
  } else if (Array.isArray(body)) {
    for (const each of body) idsIn(each, found);
  } else if (typeof body === 'object' && body !== null) {
    for (const [key, each] of Object.entries(body)) {
      if (key.startsWith('/')) found.add(keyOf(key));
      idsIn(each, found);
    }
  }
  return found;
}

function add(index: Index, name: string, key: string, resource: Stored): void {
  const entries = index.get(name);
  if (entries) entries.set(key, resource);
  else index.set(name, new Map([[key, resource]]));
}

function drop(index: Index, name: string, key: string): void {
  const entries = index.get(name);
  entries?.delete(key);
  if (entries?.size === 0) index.delete(name);
}
