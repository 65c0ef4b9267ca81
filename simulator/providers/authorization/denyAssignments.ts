import { z } from 'zod';
import { ArmError, gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';
import { includesAction } from './actions.ts';
import { isAtOrBelow } from './scopes.ts';

const type = 'Microsoft.Authorization/denyAssignments';

/** Azure alone makes deny assignments: for managed resource groups and deployment stacks. Everybody may read them. */
export const denyAssignmentTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    list,
    notFound: ({ id }) =>
      new ArmError(404, 'DenyAssignmentNotFound', `The deny assignment '${id.names[0]}' is not found.`),
  },
];

const properties = z.looseObject({
  denyAssignmentName: z.string(),
  scope: z.string(),
  permissions: z.array(z.looseObject({ actions: z.array(z.string()), notActions: z.array(z.string()) })),
  excludePrincipals: z.array(z.looseObject({ id: z.string() })),
});

/** Actions that the owner of a scope denies to everybody but some. */
export interface Denial {
  /** GUID under which the assignment is found. */
  readonly name: string;
  readonly title: string;
  readonly scope: string;
  readonly actions: readonly string[];
  readonly notActions?: readonly string[];
  /** Principals that are not denied. */
  readonly exclude?: readonly string[];
}

/** Makes or replaces a deny assignment, from inside the cloud. */
export function deny(world: World, { name, title, scope, actions, notActions = [], exclude = [] }: Denial): void {
  const id = denialId(scope, name);
  world.store.put(id, type, {
    id,
    name,
    type,
    properties: {
      denyAssignmentName: title,
      description: '',
      permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
      scope,
      doNotApplyToChildScopes: false,
      principals: [{ id: '00000000-0000-0000-0000-000000000000', type: 'SystemDefined' }],
      excludePrincipals: exclude.map((principal) => ({ id: principal, type: 'ServicePrincipal' })),
      isSystemProtected: true,
    },
  });
}

export const denialId = (scope: string, name: string): string => `${scope}/providers/${type}/${name}`;

const all = (world: World) =>
  world.store.list(type).map((one) => ({ id: one.id, ...properties.parse(propertiesOf(one)) }));

function denialOf(world: World, principalId: string, action: string, scope: string) {
  return all(world).find(
    ({ scope: denied, permissions, excludePrincipals }) =>
      isAtOrBelow(scope, denied) &&
      !excludePrincipals.some(({ id }) => id.toLowerCase() === principalId.toLowerCase()) &&
      permissions.some((permission) => includesAction(action, permission)),
  );
}

/** Whether a deny assignment keeps a principal from this, whatever its roles are. */
export const isDenied = (world: World, principalId: string, action: string, scope: string): boolean =>
  denialOf(world, principalId, action, scope) !== undefined;

/** @throws ArmError 403 DenyAssignmentAuthorizationFailed */
export function refuseDenied({ world, caller }: ArmRequest, action: string, scope: string): void {
  const denial = denialOf(world, caller, action, scope);
  if (!denial) return;
  throw gatewayError(
    403,
    'DenyAssignmentAuthorizationFailed',
    `The client '${caller}' with object id '${caller}' has permission to perform action '${action}' on scope '${scope}'; however, the access is denied because of the deny assignment with name '${denial.denyAssignmentName}' and Id '${nameOf(denial.id)}' at scope '${denial.scope}'.`,
  );
}

/** Deny assignments at, above and below the scope; `atScope()` leaves out those below. */
function list({ world, id, query }: ArmRequest): Reply {
  const onlyAbove = /atScope\(\)/i.test(query.get('$filter') ?? '');
  const found = world.store.list(type).filter((one) => {
    const scope = String(propertiesOf(one).scope);
    return isAtOrBelow(id.scope, scope) || (!onlyAbove && isAtOrBelow(scope, id.scope));
  });
  return { status: 200, body: { value: found.map(({ body }) => body) } };
}
