import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf } from '../../arm/ids.ts';
import { withoutUndefined } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { callerObjectId, tenantId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';
import { builtInRoles, isRole, roleOf } from './roleDefinitions.ts';
import { checkScopeExists, isAtOrBelow, isBelow } from './scopes.ts';

const type = 'Microsoft.Authorization/roleAssignments';

/** Simulated seconds until the directory knows a new principal. A recording found one after 21 s; 15 is modelled. */
const directoryDelaySeconds = 15;

/**
 * Simulated seconds until a role takes effect, unless the reset says otherwise: for tokens (Azure says up to 10 minutes, 30 s is
 * modelled), and for a provider that asks whether a principal holds it (a recording shows 4 s).
 */
const roleDelaySeconds = { tokens: 30, accessCheck: 4 } as const;

const assignmentBody = z.looseObject({
  properties: z.looseObject({
    roleDefinitionId: z.string(),
    principalId: z.string(),
    principalType: z.enum(['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device']).nullish(),
    description: z.string().nullish(),
    condition: z.string().nullish(),
    conditionVersion: z.string().nullish(),
  }),
});
const storedProperties = z.looseObject({
  roleDefinitionId: z.string(),
  principalId: z.string(),
  scope: z.string(),
  createdOn: z.string(),
});

/** An assignment extends its scope: a subscription, a group or a resource. */
export const roleAssignmentTypes: readonly ResourceType[] = [
  {
    kind: 'stored',
    type,
    put,
    delete: remove,
    list,
    notFound: (request) =>
      new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${request.id.names[0]}' is not found.`),
  },
];

/** A role shows in the tokens of its holder, and to a provider that checks the holder's access. */
type SeenBy = keyof typeof roleDelaySeconds;

/** IDs of the roles that a principal has at a scope or above, and that have taken effect. */
export function effectiveRoles(world: World, principalId: string, scope: string, seenBy: SeenBy = 'tokens'): string[] {
  const delay = world.settings.roleDelaySeconds ?? roleDelaySeconds[seenBy];
  return assignmentsAbove(world, scope).flatMap(({ properties }) => {
    if (!isSame(properties.principalId, principalId)) return [];
    const effectiveAt = Date.parse(properties.createdOn) + delay * 1000;
    if (effectiveAt <= world.clock.now().getTime()) return [roleOf(properties.roleDefinitionId)];
    world.clock.notYet('refused', effectiveAt);
    return [];
  });
}

/** Whether a principal has this role at the scope, or one that includes all others. */
export function holdsRole(world: World, principalId: string, scope: string, role: string, seenBy?: SeenBy): boolean {
  const held = effectiveRoles(world, principalId, scope, seenBy);
  return [role, builtInRoles.contributor, builtInRoles.owner].some((each) => held.includes(each));
}

function put(request: ArmRequest, existing: Resource | undefined): Reply {
  const { world, id } = request;
  const { properties } = parseBody(request, assignmentBody);
  const name = id.names[0] ?? '';
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) {
    throw new ArmError(
      400,
      'InvalidRoleAssignmentId',
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    );
  }
  checkScopeExists(request);
  const role = roleOf(properties.roleDefinitionId);
  if (!isRole(role)) {
    throw new ArmError(
      400,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${role}' does not exist.`,
    );
  }
  const isAssigned = assignments(world).some(
    (other) =>
      keyOf(other.properties.scope) === keyOf(id.scope) &&
      roleOf(other.properties.roleDefinitionId) === role &&
      isSame(other.properties.principalId, properties.principalId),
  );
  if (isAssigned) throw new ArmError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
  if (existing) {
    throw new ArmError(
      409,
      'RoleAssignmentUpdateNotPermitted',
      'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
    );
  }
  checkPrincipal(world, properties.principalId, properties.principalType ?? undefined);
  const now = world.clock.now().toISOString();
  const stored = withoutUndefined({
    roleDefinitionId: properties.roleDefinitionId,
    principalId: properties.principalId,
    principalType: properties.principalType ?? 'ServicePrincipal',
    scope: id.scope,
    condition: properties.condition ?? null,
    conditionVersion: properties.conditionVersion ?? null,
    createdOn: now,
    updatedOn: now,
    createdBy: callerObjectId,
    updatedBy: callerObjectId,
    delegatedManagedIdentityResourceId: null,
    description: properties.description ?? null,
  });
  const { body } = world.store.put(request.resourceId, type, {
    properties: stored,
    id: request.resourceId,
    type,
    name,
  });
  return { status: 201, body: { ...body, properties: { ...stored, createdBy: null } }, seconds: 4 };
}

function remove(request: ArmRequest, assignment: Resource): Reply {
  request.world.remove(assignment.id);
  return { status: 200, body: assignment.body };
}

function list(request: ArmRequest): Reply {
  const { world, id } = request;
  const text = request.query.get('$filter') ?? '';
  const [, principal] = /(?:assignedTo\('|principalId eq ')([^']+)'/i.exec(text) ?? [];
  if (text !== '' && principal === undefined && !/^atScope\(\)$/i.test(text.trim())) {
    throw new ArmError(400, 'UnsupportedQuery', `The filter '${text}' is not supported.`);
  }
  const above = assignmentsAbove(world, id.scope);
  const below = /atScope\(\)/i.test(text)
    ? []
    : assignments(world).filter((one) => isBelow(one.properties.scope, id.scope));
  const value = [...above, ...below]
    .filter(({ properties }) => !principal || isSame(properties.principalId, principal))
    .map(({ resource }) => resource.body);
  return { status: 200, body: { value } };
}

/** Without `principalType`, Azure looks the principal up in its directory, which learns of it late. @throws ArmError */
function checkPrincipal(world: World, principalId: string, principalType: string | undefined): void {
  const madeAt = world.principals.get(principalId.toLowerCase());
  if (principalId === callerObjectId || (madeAt !== undefined && principalType !== undefined)) return;
  if (madeAt !== undefined) {
    const knownAt = madeAt.getTime() + directoryDelaySeconds * 1000;
    if (knownAt <= world.clock.now().getTime()) return;
    world.clock.notYet('refused', knownAt);
  }
  throw new ArmError(
    400,
    'PrincipalNotFound',
    `Principal ${principalId.replaceAll('-', '')} does not exist in the directory ${tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  );
}

function assignments(world: World) {
  return world.store
    .list(type)
    .map((resource) => ({ resource, properties: storedProperties.parse(propertiesOf(resource)) }));
}

const assignmentsAbove = (world: World, scope: string) =>
  assignments(world).filter(({ properties }) => isAtOrBelow(scope, properties.scope));

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
