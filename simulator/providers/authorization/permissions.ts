import { isMatch } from 'matcher';
import { gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { callerObjectId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';
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

/** Whether the caller may do this at the scope. */
function callerMay(world: World, action: string, scope: string): boolean {
  return callerPermissions(world, scope).some(
    ({ actions, notActions }) => isMatch(action, actions) && !isMatch(action, notActions),
  );
}

/** Everybody who can sign in may do this. */
const alwaysReadable = /subscriptions(\/locations)?\/read$|authorization\/locks\/read$/i;

/** @throws ArmError 403 AuthorizationFailed */
export function refuseUnpermitted({ world, id, resourceId }: ArmRequest, action: string): void {
  const scope = id.names.length > 0 ? resourceId : id.scope;
  if (alwaysReadable.test(action) || callerMay(world, action, scope)) return;
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
  const { world } = request;
  if (callerMay(world, action, linkedScope)) return;
  throw gatewayError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${callerObjectId}' with object id '${callerObjectId}' has permission to perform action '${request.id.type}/write' on scope '${request.resourceId}'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '${linkedScope}' (respectively) or the linked scope(s) are invalid.`,
  );
}

function read(request: ArmRequest): Reply {
  checkScopeExists(request);
  const value = callerPermissions(request.world, request.id.scope).map((each) => ({
    ...each,
    dataActions: [],
    notDataActions: [],
  }));
  return { status: 200, body: { value } };
}
