import { randomUUID } from 'node:crypto';
import { keyOf } from './ids.ts';
import type { Body } from './json.ts';

/** One stored resource. `body` is what a GET answers, unless its type declares a `view`. */
export interface Resource {
  readonly id: string;
  /** As declared by the provider, e.g. `Microsoft.Network/virtualNetworks`. */
  readonly type: string;
  readonly name: string;
  body: Body;
  etag: string;
}

/** All resources of a world, in the order of their creation. */
export class Store {
  readonly #byKey = new Map<string, Resource>();

  get(id: string): Resource | undefined {
    return this.#byKey.get(keyOf(id));
  }

  /** Creates the resource or replaces its body; either way the ETag changes. */
  put(id: string, type: string, body: Body, etag: string = randomUUID()): Resource {
    const existing = this.get(id);
    if (existing) {
      existing.body = body;
      existing.etag = etag;
      return existing;
    }
    const resource = { id, type, name: id.split('/').at(-1) ?? '', body, etag };
    this.#byKey.set(keyOf(id), resource);
    return resource;
  }

  /** Removes the resource, everything below it, and the resource groups it manages (AKS's `MC_…`). */
  remove(id: string): string[] {
    const key = keyOf(id);
    const removed: string[] = [];
    for (const [other, resource] of [...this.#byKey]) {
      const managedBy = resource.body.managedBy;
      if (other === key || other.startsWith(`${key}/`)) {
        this.#byKey.delete(other);
        removed.push(other);
      } else if (isGroup(resource) && typeof managedBy === 'string' && `${keyOf(managedBy)}/`.startsWith(`${key}/`)) {
        removed.push(...this.remove(resource.id));
      }
    }
    return removed;
  }

  all(): Resource[] {
    return [...this.#byKey.values()];
  }

  /** Resources of a type (any case) at or below a path. */
  list(type: string, below = ''): Resource[] {
    const prefix = below === '' ? '' : `${keyOf(below)}/`;
    return this.all().filter(
      (resource) => resource.type.toLowerCase() === type.toLowerCase() && keyOf(resource.id).startsWith(prefix),
    );
  }

  /** Resources whose body names exactly this ID, apart from those at or below `except`. */
  referencesTo(id: string, except: string): Resource[] {
    const quoted = `"${keyOf(id)}"`;
    return this.all().filter(
      (resource) =>
        !`${keyOf(resource.id)}/`.startsWith(`${keyOf(except)}/`) &&
        JSON.stringify(resource.body).toLowerCase().includes(quoted),
    );
  }
}

function isGroup(resource: Resource): boolean {
  return resource.type === 'Microsoft.Resources/subscriptions/resourceGroups';
}
