import { randomUUID } from 'node:crypto';
import { ArmError } from './errors.ts';
import { actionOf } from './gateway.ts';
import { type Body, isBody } from './json.ts';
import type { Operation } from './operations.ts';
import type { ResolvedPath, TypeTable } from './typeTable.ts';
import type { Activity, World } from './world.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly caller: string;
  readonly correlationId?: string;
  readonly clientRequestId?: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly operation?: Operation | undefined;
}

const reads = new Set(['GET', 'HEAD']);
/** ARM answers these before it looks at what is asked. */
const unlogged = new Set([401, 429]);

/** Notes a request in the activity log, unless it changes nothing. */
export function note(table: TypeTable, world: World, asked: Asked, { status, body, operation }: Answer): void {
  const { method, path, caller, correlationId = randomUUID(), clientRequestId } = asked;
  if (reads.has(method) || unlogged.has(status)) return;
  const resolved = resolvedOrNot(table, path);
  if (!resolved || (resolved.type.kind === 'computed' && resolved.type.countsAsRead)) return;
  world.activities.push({
    time: new Date(),
    method,
    action: actionOf(resolved, method),
    resourceId: resolved.resourceId,
    caller,
    correlationId,
    clientRequestId,
    status,
    error: status < 400 ? undefined : errorIn(body),
    operation,
    eventIds: [randomUUID(), randomUUID(), randomUUID()],
  });
}

function resolvedOrNot(table: TypeTable, path: string): ResolvedPath | undefined {
  try {
    return table.resolve(path, '');
  } catch (error) {
    if (error instanceof ArmError) return undefined;
    throw error;
  }
}

/** Some providers answer their errors bare. */
function errorIn(body: unknown): Activity['error'] {
  const { error = body }: Body = isBody(body) ? body : {};
  const { code, message }: Body = isBody(error) ? error : {};
  return typeof code === 'string' ? { code, message: String(message) } : undefined;
}
