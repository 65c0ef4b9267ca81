import { gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { callerObjectId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';
import { includesAction } from './actions.ts';
import { isDenied, refuseDenied } from './denyAssignments.ts';
import { checkScopeExists, isAtOrBelow } from './scopes.ts';

/** Permissions of the caller: those that the reset gave, by default all. */
export const permissionTypes: readonly ResourceType[] = [
  { kind: 'computed', type: 'Microsoft.Authorization/permissions', get: read },
];

/** The caller's permissions at a scope, from all scopes above it. */
function callerPermissions(
  world: World,
  scope: string,
): { actions: readonly string[]; notActions: readonly string[] }[] {
  const { callerPermissions: given } = world.settings;
  if (!given) return [{ actions: ['*'], notActions: [] }];
  return given
    .filter((entry) => isAtOrBelow(scope, entry.scope))
    .map(({ actions, notActions = [] }) => ({ actions, notActions }));
}

/** Whether the caller may do this at the scope. Everybody but the caller of the reset may do everything. */
function callerMay({ world, caller }: ArmRequest, action: string, scope: string): boolean {
  if (caller !== callerObjectId) return true;
  return callerPermissions(world, scope).some((permission) => includesAction(action, permission));
}

/** Everybody who can sign in may do this. */
const alwaysReadable = /subscriptions(\/locations)?\/read$|authorization\/locks\/read$/i;

/** @throws ArmError 403 AuthorizationFailed or DenyAssignmentAuthorizationFailed */
export function refuseUnpermitted(request: ArmRequest, action: string): void {
  const { world, id, resourceId } = request;
  const scope = id.names.length > 0 ? resourceId : id.scope;
  request.needs?.push({ action, scope });
  refuseDenied(request, action, scope);
  if (alwaysReadable.test(action) || callerMay(request, action, scope)) return;
  // A caller with any permission at a scope may read all of them.
  if (/authorization\/permissions\/read$/i.test(action) && callerPermissions(world, scope).length > 0) return;
  throw gatewayError(
    403,
    'AuthorizationFailed',
    `The client '${callerObjectId}' with object id '${callerObjectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/** For a resource that a permitted request names. @throws ArmError 403 LinkedAuthorizationFailed */
export function refuseUnlinked(request: ArmRequest, action: string, linkedScope: string): void {
  const { world, caller } = request;
  request.needs?.push({ action, scope: linkedScope });
  const denied = isDenied(world, caller, action, linkedScope);
  if (!denied && callerMay(request, action, linkedScope)) return;
  const missing = denied
    ? `it does not have permission to perform action(s) '${action}' on the '0' linked scope(s) '' (respectively) or the linked scope(s) are invalid and is blocked by deny assignments on the '1' linked scope(s) '${linkedScope}'`
    : `it does not have permission to perform action(s) '${action}' on the linked scope(s) '${linkedScope}' (respectively) or the linked scope(s) are invalid`;
  throw gatewayError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${caller}' with object id '${caller}' has permission to perform action '${request.id.type}/write' on scope '${request.resourceId}'; however, ${missing}.`,
  );
}

function read(request: ArmRequest): Reply {
  checkScopeExists(request);
  const value = callerPermissions(request.world, request.id.scope).map((each) => ({
    ...each,
    dataActions: [],
    notDataActions: [],
  }));
  if (request.world.settings.azure.permissionPages === 'one') return { status: 200, body: { value } };
  const page = Number(request.query.get('$skiptoken') ?? 0);
  const next = `${request.origin}${request.resourceId}?api-version=${request.apiVersion}&$skiptoken=${page + 1}`;
  return { status: 200, body: { value: value.slice(page - 1, page), ...(page < value.length && { nextLink: next }) } };
}
