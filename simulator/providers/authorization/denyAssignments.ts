import { z } from 'zod';
import { type Denial, denial, namesPrincipal, principalOf } from '../../arm/denials.ts';
import { ArmError, gatewayError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import type { World } from '../../arm/world.ts';
import { includesAction } from './actions.ts';
import { isAtOrBelow, isBelow } from './scopes.ts';

const type = 'Microsoft.Authorization/denyAssignments';

/** Azure alone makes deny assignments: for node resource groups, managed applications and deployment stacks. */
export const denyAssignmentTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    list,
    notFound: ({ id }) =>
      new ArmError(404, 'DenyAssignmentNotFound', `The deny assignment '${id.names[0]}' is not found.`),
  },
];

const principal = z.looseObject({ id: z.string() });
const body = z.looseObject({
  id: z.string(),
  properties: z.looseObject({
    denyAssignmentName: z.string(),
    scope: z.string(),
    doNotApplyToChildScopes: z.boolean(),
    permissions: z.array(z.looseObject({ actions: z.array(z.string()), notActions: z.array(z.string()) })),
    principals: z.array(principal),
    excludePrincipals: z.array(principal),
  }),
});

/** Makes or replaces a deny assignment, from inside the cloud. */
export function deny(world: World, given: z.input<typeof denial>): void {
  const { id, ...rest } = bodyOf(denial.parse(given));
  world.store.put(id, type, { id, ...rest });
}

function bodyOf({ name, title, scope, actions, notActions, onlyAtScope, principals, exclude, groups }: Denial) {
  return {
    id: denialId(scope, name),
    name,
    type,
    properties: {
      denyAssignmentName: title,
      description: '',
      permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
      scope,
      doNotApplyToChildScopes: onlyAtScope,
      principals: principals.map((id) => principalOf(id, groups)),
      excludePrincipals: exclude.map((id) => principalOf(id, groups)),
      isSystemProtected: true,
    },
  };
}

export const denialId = (scope: string, name: string): string => `${scope}/providers/${type}/${name}`;

/** Those of AKS, and those that the reset or PUT /simulator/denyAssignments has put in force. */
const all = (world: World): Body[] => [
  ...world.store.list(type).map(({ body }) => body),
  ...world.settings.denyAssignments.map(bodyOf),
];

function denialOf(world: World, principalId: string, action: string, scope: string) {
  const idsOf = (principals: readonly { id: string }[]) => principals.map(({ id }) => id);
  return all(world)
    .map((each) => body.parse(each))
    .find(
      ({ properties: { scope: denied, doNotApplyToChildScopes, permissions, principals, excludePrincipals } }) =>
        isAtOrBelow(scope, denied) &&
        !(doNotApplyToChildScopes && isBelow(scope, denied)) &&
        namesPrincipal(idsOf(principals), principalId) &&
        !namesPrincipal(idsOf(excludePrincipals), principalId) &&
        permissions.some((permission) => includesAction(action, permission)),
    );
}

/** Whether a deny assignment keeps a principal from this, whatever its roles are. */
export const isDenied = (world: World, principalId: string, action: string, scope: string): boolean =>
  denialOf(world, principalId, action, scope) !== undefined;

/** @throws ArmError 403 DenyAssignmentAuthorizationFailed */
export function refuseDenied({ world, caller }: ArmRequest, action: string, scope: string): void {
  const found = denialOf(world, caller, action, scope);
  if (!found) return;
  const { denyAssignmentName, scope: denied } = found.properties;
  throw gatewayError(
    403,
    'DenyAssignmentAuthorizationFailed',
    `The client '${caller}' with object id '${caller}' has permission to perform action '${action}' on scope '${scope}'; however, the access is denied because of the deny assignment with name '${denyAssignmentName}' and Id '${nameOf(found.id)}' at scope '${denied}'.`,
  );
}

/** Deny assignments at, above and below the scope; `atScope()` leaves out those below. */
function list({ world, id, query }: ArmRequest): Reply {
  const onlyAbove = /atScope\(\)/i.test(query.get('$filter') ?? '');
  const value = all(world).filter((each) => {
    const { scope } = body.parse(each).properties;
    return isAtOrBelow(id.scope, scope) || (!onlyAbove && isAtOrBelow(scope, id.scope));
  });
  return { status: 200, body: { value } };
}
