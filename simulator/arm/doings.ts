import { ArmError } from './errors.ts';
import { route } from './gateway.ts';
import type { Doing } from './others.ts';
import { newestVersion } from './schemas.ts';
import { somebodyElse } from './token.ts';
import type { TypeTable } from './typeTable.ts';
import type { World } from './world.ts';

/** Does what somebody else does, and says how Azure has answered. Nobody throttles it, and it meets no fault. */
export function carryOut(table: TypeTable, world: World, doing: Doing): { status: number; code?: string } {
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
    if (reply.operation && atOnce) world.operations.carryOut(reply.operation, apiVersion);
    else if (reply.operation) world.operations.start(reply.operation, apiVersion, 0);
    return { status: reply.status };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    return { status: error.status, code: error.code };
  }
}
