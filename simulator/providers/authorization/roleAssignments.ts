import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf, subscriptionOf } from '../../arm/ids.ts';
import { withoutUndefined } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import { callerObjectId, tenantId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';
import { includesAction } from './actions.ts';
import { conditionHolds } from './conditions.ts';
import { isDenied } from './denyAssignments.ts';
import { permissionsOf, roleOf } from './roleDefinitions.ts';
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
  condition: z.string().nullish(),
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

/** An action that somebody wants to do. Data actions are those on what a resource holds, such as the repositories of a registry. */
interface Access {
  readonly action: string;
  readonly isDataAction?: boolean;
  /** Attributes of the request by which the conditions of assignments decide. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly seenBy?: SeenBy;
}

/** Whether a principal may do something: a role at the scope or above permits it, under its condition, and nothing denies it. */
export function principalMay(world: World, principalId: string, scope: string, access: Access): boolean {
  const { action, isDataAction = false, attributes = {}, seenBy = 'tokens' } = access;
  if (isDenied(world, principalId, action, scope)) return false;
  return assignmentsAbove(world, scope).some(({ properties }) => {
    const { roleDefinitionId, condition } = properties;
    if (!isSame(properties.principalId, principalId)) return false;
    const permitted = (permissionsOf(world, roleOf(roleDefinitionId)) ?? []).some((permission) =>
      includesAction(
        action,
        isDataAction ? { actions: permission.dataActions, notActions: permission.notDataActions } : permission,
      ),
    );
    if (!permitted || (condition && !conditionHolds(condition, { action, attributes }))) return false;
    const delay = world.settings.roleDelaySeconds ?? roleDelaySeconds[seenBy];
    const effectiveAt = Date.parse(properties.createdOn) + delay * 1000;
    if (effectiveAt <= world.clock.now().getTime()) return true;
    world.clock.notYet('refused', effectiveAt);
    return false;
  });
}

/** Azure's own assignment of a role, at a scope that is there. */
export function assignRole(world: World, scope: string, role: string, principalId: string): void {
  const name = randomUUID();
  const id = `${scope}/providers/${type}/${name}`;
  const now = world.clock.now().toISOString();
  const properties = {
    roleDefinitionId: `${subscriptionOf(scope)}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    ...{ principalId, principalType: 'ServicePrincipal', scope, condition: null, conditionVersion: null },
    ...{ createdOn: now, updatedOn: now, createdBy: null, updatedBy: null, delegatedManagedIdentityResourceId: null },
  };
  world.store.put(id, type, { id, type, name, properties });
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
  if (permissionsOf(world, role) === undefined) {
    throw new ArmError(
      400,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${role}' does not exist.`,
    );
  }
  const isThis = ({ properties: other }: { properties: z.infer<typeof storedProperties> }) =>
    keyOf(other.scope) === keyOf(id.scope) &&
    roleOf(other.roleDefinitionId) === role &&
    isSame(other.principalId, properties.principalId);
  if (existing) {
    const before = storedProperties.parse(propertiesOf(existing));
    if (isThis({ properties: before })) return update(request, existing, before, properties);
    throw new ArmError(
      409,
      'RoleAssignmentUpdateNotPermitted',
      'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
    );
  }
  if (assignments(world).some(isThis))
    throw new ArmError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
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

/** The same assignment again changes its description and condition. */
function update(
  { world }: ArmRequest,
  existing: Resource,
  before: z.infer<typeof storedProperties>,
  sent: z.infer<typeof assignmentBody>['properties'],
): Reply {
  const { description = null, condition = null, conditionVersion = null } = sent;
  const properties = {
    ...before,
    description,
    condition,
    conditionVersion,
    updatedOn: world.clock.now().toISOString(),
  };
  const { body } = world.store.put(existing.id, type, { ...existing.body, properties });
  return { status: 200, body, seconds: 4 };
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
