import { note } from './activities.ts';
import { ArmError } from './errors.ts';
import { route } from './gateway.ts';
import { keyOf } from './ids.ts';
import { type Body, withValueAt } from './json.ts';
import type { Operation, OperationSpec } from './operations.ts';
import type { Change, Doing, SomebodysRequest, SomebodysRequests } from './others.ts';
import { deploymentsFor, filledIn } from './policies.ts';
import { newestVersion } from './schemas.ts';
import { somebodyElse } from './token.ts';
import type { ResolvedPath, TypeTable } from './typeTable.ts';
import type { World } from './world.ts';

/** How Azure has answered what somebody else did. */
export interface Answered {
  readonly status: number;
  /** Code of a refusal, or of an operation that has failed at once. */
  readonly code?: string;
  readonly message?: string;
  readonly body?: Body;
}

/** Does what somebody else does, and says how Azure has answered. Nobody throttles it, and it meets no fault. */
export function carryOut(table: TypeTable, world: World, doing: Doing): Answered[] {
  if ('id' in doing) {
    world.setState(doing.id, doing.provisioningState);
    return [{ status: 200 }];
  }
  if ('policies' in doing) {
    world.settings = { ...world.settings, policies: doing.policies };
    return [{ status: 200 }];
  }
  if (!('each' in doing)) return [answered(table, world, doing)];
  const { type, id } = doing.each;
  const found = world.store.list(type).filter((resource) => new RegExp(id, 'i').test(resource.id));
  return found.map((resource) => {
    // Another one may have gone with the one before.
    if (!world.store.get(resource.id)) return { status: 404 };
    return answered(table, world, requestFor(table, world, doing, resource.id));
  });
}

/** Everything that differs in the world once others have done something. */
export function changesOf(world: World, others: () => void): Change[] {
  const before = new Map(world.store.all().map(({ id, type, body }) => [keyOf(id), { id, type, body }]));
  others();
  const gone = [...before.values()].filter(({ id }) => !world.store.get(id));
  return [
    ...gone.map(({ id, type, body }): Change => ({ id, type, before: body })),
    ...world.store.all().flatMap(({ id, type, body }): Change[] => {
      const was = before.get(keyOf(id));
      return was?.body === body ? [] : [{ id, type, ...(was && { before: was.body }), after: body }];
    }),
  ];
}

function requestFor(
  table: TypeTable,
  world: World,
  { method, path, body, change, atOnce }: SomebodysRequests,
  id: string,
): SomebodysRequest {
  const sent = change
    ? Object.entries(change).reduce(
        (whole, [at, value]) => withValueAt(whole, at, value ?? undefined),
        send(table, world, 'GET', id).reply.body ?? {},
      )
    : body && (JSON.parse(filledIn(JSON.stringify(body), id)) as Body);
  return { method, path: filledIn(path, id), body: sent, atOnce };
}

function answered(table: TypeTable, world: World, { method, path, body, atOnce }: SomebodysRequest): Answered {
  const asked = { method, path, caller: somebodyElse };
  try {
    const { reply, resolved, apiVersion } = send(table, world, method, path, body);
    if (method === 'PUT' || method === 'PATCH')
      deployBeside(table, world, resolved, atOnce ? 0 : (reply.operation?.seconds ?? 0));
    const operation = reply.operation && begun(world, reply.operation, apiVersion, atOnce);
    note(table, world, asked, { status: reply.status, operation });
    if (operation && atOnce) {
      if (operation.error) return { status: reply.status, ...operation.error };
      const isThere = resolved.form === 'resource' && method !== 'DELETE';
      const shown = isThere ? world.store.get(resolved.resourceId)?.body : undefined;
      return { status: reply.status, ...(shown && { body: shown }) };
    }
    return { status: reply.status, ...(reply.body && { body: reply.body }) };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    note(table, world, asked, { status: error.status, body: error.body() });
    return { status: error.status, code: error.code, message: error.message };
  }
}

const begun = ({ operations }: World, spec: OperationSpec, apiVersion: string, atOnce: boolean): Operation =>
  atOnce ? operations.carryOut(spec, apiVersion) : operations.start(spec, apiVersion, 0);

/** Lets policies deploy beside a written resource, whoever wrote it, once it is made: so many simulated seconds later. */
export function deployBeside(
  table: TypeTable,
  world: World,
  { resourceId, type, form }: ResolvedPath,
  seconds: number,
): void {
  if (form !== 'resource') return;
  const written = () => world.store.get(resourceId);
  const found = deploymentsFor(world.settings.policies, {
    id: resourceId,
    type: type.type,
    body: written()?.body ?? {},
  });
  for (const { path, body, afterSeconds } of found)
    world.clock.after(seconds + afterSeconds, () => {
      if (!written() || world.store.get(path)) return;
      carryOut(table, world, { method: 'PUT', path, body, atOnce: false });
    });
}

/** Sends a request of somebody else's. @throws ArmError */
function send(
  table: TypeTable,
  world: World,
  method: SomebodysRequest['method'] | 'GET',
  path: string,
  body?: SomebodysRequest['body'],
) {
  const apiVersion = newestVersion(table.resolve(path, '').type.type);
  const resolved = table.resolve(path, apiVersion);
  const { id, resourceId } = resolved;
  const reply = route(table, resolved, {
    method,
    id,
    resourceId,
    apiVersion,
    query: new URLSearchParams(),
    headers: {},
    body,
    caller: somebodyElse,
    world,
    origin: '',
  });
  return { reply, resolved, apiVersion };
}
