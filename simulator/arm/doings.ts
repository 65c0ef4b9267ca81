import { ArmError } from './errors.ts';
import { route } from './gateway.ts';
import type { Body } from './json.ts';
import type { Doing } from './others.ts';
import { newestVersion } from './schemas.ts';
import { somebodyElse } from './token.ts';
import type { TypeTable } from './typeTable.ts';
import type { World } from './world.ts';

/** How Azure has answered what somebody else did. */
export interface Answered {
  readonly status: number;
  /** Of a refusal, or of an operation that has failed at once. */
  readonly code?: string;
  readonly message?: string;
  readonly body?: Body;
}

/** Does what somebody else does, and says how Azure has answered. Nobody throttles it, and it meets no fault. */
export function carryOut(table: TypeTable, world: World, doing: Doing): Answered {
  if ('id' in doing) {
    world.setState(doing.id, doing.provisioningState);
    return { status: 200 };
  }
  const { method, path, body, atOnce } = doing;
  try {
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
    const failed = reply.operation && atOnce && world.operations.carryOut(reply.operation, apiVersion);
    if (failed) return { status: reply.status, ...failed };
    if (reply.operation && atOnce) {
      const shown = resolved.form === 'resource' && method !== 'DELETE' ? world.store.get(resourceId)?.body : undefined;
      return { status: reply.status, ...(shown && { body: shown }) };
    }
    if (reply.operation) world.operations.start(reply.operation, apiVersion, 0);
    return { status: reply.status, ...(reply.body && { body: reply.body }) };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    return { status: error.status, code: error.code, message: error.message };
  }
}
