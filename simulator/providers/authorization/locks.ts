import { z } from 'zod';
import { gatewayError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf } from '../../arm/ids.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { checkScopeExists, isAtOrBelow } from './scopes.ts';

const type = 'Microsoft.Authorization/locks';
const lockBody = z.looseObject({
  properties: z.looseObject({ level: z.enum(['CanNotDelete', 'ReadOnly']), notes: z.string().nullish() }),
});

/** A lock extends its scope: a subscription, a group or a resource. */
export const lockTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    names: {
      pattern: /^[^<>%&\\?/]{1,90}$/,
      rule: 'It must have 1 to 90 characters without <, >, %, &, \\, ? and /.',
    },
    put,
    delete: remove,
    list,
  },
];

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  checkScopeExists(request);
  const { properties } = parseBody(request, lockBody);
  const body = { id: request.resourceId, type, name: request.id.names[0], properties };
  request.world.store.put(request.resourceId, type, body);
  return { status: existing ? 200 : 201, body };
}

function remove(request: ArmRequest, lock: Resource): Reply {
  request.world.remove(lock.id);
  return { status: 200 };
}

/** Locks at, above and below the scope. */
function list({ world, id }: ArmRequest): Reply {
  const found = world.store
    .list(type)
    .filter((lock) => isAtOrBelow(scopeOf(lock), id.scope) || isAtOrBelow(id.scope, scopeOf(lock)));
  return { status: 200, body: { value: found.map(({ body }) => body) } };
}

/** ReadOnly refuses writes at and below it, both levels refuse deletions there and above. @throws ArmError 409 ScopeLocked */
export function refuseLocked({ method, world, id, resourceId }: ArmRequest): void {
  if (!['PUT', 'PATCH', 'POST', 'DELETE'].includes(method) || id.type.toLowerCase() === type.toLowerCase()) return;
  const refusing = world.store.list(type).filter((lock) => {
    const covers = isAtOrBelow(id.path, scopeOf(lock));
    if (method === 'DELETE') return covers || isAtOrBelow(scopeOf(lock), id.path);
    return covers && propertiesOf(lock).level === 'ReadOnly';
  });
  if (refusing.length === 0) return;
  const verb = method === 'DELETE' ? 'delete' : 'write';
  const scopes = refusing.map((lock) => lock.id.split(/\/providers\/Microsoft\.Authorization\//i)[0]).join(',');
  throw gatewayError(
    409,
    'ScopeLocked',
    `The scope '${resourceId}' cannot perform ${verb} operation because following scope(s) are locked: '${scopes}'. Please remove the lock and try again.`,
  );
}

/** The locks at, above and below a scope. */
export const locksOn = (world: World, scope: string): { readonly scope: string }[] =>
  world.store
    .list(type)
    .map((lock) => ({ scope: scopeOf(lock) }))
    .filter((lock) => isAtOrBelow(lock.scope, scope) || isAtOrBelow(scope, lock.scope));

const scopeOf = (lock: Resource): string =>
  keyOf(lock.id.slice(0, lock.id.toLowerCase().lastIndexOf('/providers/microsoft.authorization/')));
