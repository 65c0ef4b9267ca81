import { gatewayError, typeNotFound } from './errors.ts';
import { parentPath, parseId, type ResourceId } from './ids.ts';
import type { Provider, ResourceType } from './provider.ts';

/** A path that has been looked up: it is that of a resource, of a collection, or of an action on a resource. */
export interface ResolvedPath {
  readonly type: ResourceType;
  readonly id: ResourceId;
  readonly resourceId: string;
  readonly form: 'resource' | 'collection' | 'action';
  readonly action: string | undefined;
}

/** All declared resource types, by lower-case name. */
export class TypeTable {
  readonly #types = new Map<string, ResourceType>();
  readonly #namespaces = new Set<string>();
  readonly #providers = new Map<ResourceType, Provider>();
  readonly guards: readonly NonNullable<Provider['guard']>[];

  constructor(providers: readonly Provider[]) {
    this.guards = providers.flatMap(({ guard }) => (guard ? [guard] : []));
    for (const provider of providers) {
      for (const type of provider.types) {
        this.#types.set(type.type.toLowerCase(), type);
        this.#namespaces.add(type.type.split('/')[0] ?? '');
        this.#providers.set(type, provider);
      }
    }
  }

  providerOf(type: ResourceType): Provider | undefined {
    return this.#providers.get(type);
  }

  get namespaces(): string[] {
    return [...this.#namespaces];
  }

  type(name: string): ResourceType | undefined {
    return this.#types.get(name.toLowerCase());
  }

  typesOf(namespace: string): ResourceType[] {
    return [...this.#types.values()].filter((type) =>
      type.type.toLowerCase().startsWith(`${namespace.toLowerCase()}/`),
    );
  }

  /** @throws ArmError 404 InvalidResourceNamespace or InvalidResourceType. */
  resolve(path: string, apiVersion: string): ResolvedPath {
    const id = parseId(path);
    const type = this.type(id.type);
    if (type) {
      const form = id.types.length > id.names.length ? 'collection' : 'resource';
      return { type, id, resourceId: canonical(id, type), form, action: undefined };
    }
    // An action such as /…/managedClusters/c/abort parses as a collection of the unknown type managedClusters/abort.
    const action = id.types.at(-1) ?? '';
    const owner = id.types.length > id.names.length ? parseId(parentPath(id.path, 1)) : undefined;
    const owned = owner && this.type(owner.type);
    if (owner && owned?.kind === 'stored' && owner.names.length > 0) {
      return { type: owned, id: owner, resourceId: canonical(owner, owned), form: 'action', action };
    }
    if (!this.namespaces.some((namespace) => namespace.toLowerCase() === id.namespace.toLowerCase())) {
      throw gatewayError(404, 'InvalidResourceNamespace', `The resource namespace '${id.namespace}' is invalid.`);
    }
    throw typeNotFound(id.namespace, id.types, `for api version '${apiVersion}'.`);
  }
}

/** The ID in Azure's spelling of the type; names stay as the caller wrote them. */
function canonical(id: ResourceId, type: ResourceType): string {
  const [namespace = '', ...types] = type.type.split('/');
  const own = types.flatMap((segment, index) => [segment, ...id.names.slice(index, index + 1)]).join('/');
  if (id.scope === '/' && namespace === 'Microsoft.Resources') return `/${own}`;
  const scope = id.scope
    .replace(/^\/subscriptions\//i, '/subscriptions/')
    .replace(/^(\/subscriptions\/[^/]+)\/resourcegroups\//i, '$1/resourceGroups/');
  return `${scope === '/' ? '' : scope}/providers/${namespace}/${own}`;
}
