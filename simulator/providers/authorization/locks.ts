import { z } from 'zod';
import { gatewayError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf } from '../../arm/ids.ts';
import type { Provider } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { propertiesOf } from '../../arm/store.ts';
import { checkScopeExists } from './roles.ts';

const type = 'Microsoft.Authorization/locks';
const lockBody = z.looseObject({
  properties: z.looseObject({ level: z.enum(['CanNotDelete', 'ReadOnly']), notes: z.string().nullish() }),
});

/** Locks of subscriptions, groups and resources. */
export const locks: Provider = {
  types: [
    {
      kind: 'stored',
      type,
      names: {
        pattern: /^[^<>%&\\?/]{1,90}$/,
        rule: 'It must have 1 to 90 characters without <, >, %, &, \\, ? and /.',
      },
      put(request, existing): Reply {
        checkScopeExists(request);
        const { properties } = parseBody(request, lockBody);
        const name = request.id.names[0];
        const body = { id: request.resourceId, type, name, properties };
        request.world.store.put(request.resourceId, type, body);
        return { status: existing ? 200 : 201, body };
      },
      delete(request, lock): Reply {
        request.world.remove(lock.id);
        return { status: 200 };
      },
      list: (request) => ({ status: 200, body: { value: listed(request).map(({ body }) => body) } }),
    },
  ],
  guard: refuseLocked,
  behaviours: [
    {
      id: 'locks',
      resourceType: 'Microsoft.Authorization/locks',
      says: 'CanNotDelete refuses deletions at, below and around the locked scope, ReadOnly every write: 409 ScopeLocked.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Lock your resources to protect your infrastructure"',
      test: 'locks.test.ts: refuses what it should, and changes nothing',
    },
  ],
};

/** @throws ArmError 409 ScopeLocked */
function refuseLocked({ method, world, id, resourceId }: ArmRequest): void {
  if (!['PUT', 'PATCH', 'POST', 'DELETE'].includes(method) || id.type.toLowerCase() === type.toLowerCase()) return;
  const target = keyOf(id.path);
  const holding = world.store.list(type).filter((lock) => {
    const scope = scopeOf(lock);
    const covers = `${target}/`.startsWith(`${scope}/`);
    const readOnly = propertiesOf(lock).level === 'ReadOnly';
    if (method === 'DELETE') return covers || scope.startsWith(`${target}/`);
    return readOnly && covers;
  });
  if (holding.length === 0) return;
  const verb = method === 'DELETE' ? 'delete' : 'write';
  const scopes = holding.map((lock) => lock.id.split(/\/providers\/Microsoft\.Authorization\//i)[0]).join(',');
  throw gatewayError(
    409,
    'ScopeLocked',
    `The scope '${resourceId}' cannot perform ${verb} operation because following scope(s) are locked: '${scopes}'. Please remove the lock and try again.`,
  );
}

/** At, above and below the scope. */
function listed({ world, id }: ArmRequest): Resource[] {
  const scope = keyOf(id.scope);
  return world.store
    .list(type)
    .filter((lock) => `${scopeOf(lock)}/`.startsWith(`${scope}/`) || `${scope}/`.startsWith(`${scopeOf(lock)}/`));
}

const scopeOf = (lock: Resource): string =>
  keyOf(lock.id.slice(0, lock.id.toLowerCase().lastIndexOf('/providers/microsoft.authorization/')));
