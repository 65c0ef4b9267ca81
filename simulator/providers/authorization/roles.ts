import { z } from 'zod';
import { ArmError, gatewayError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { keyOf } from '../../arm/ids.ts';
import { type Body, withoutUndefined } from '../../arm/json.ts';
import type { Provider } from '../../arm/provider.ts';
import type { Resource } from '../../arm/store.ts';
import { propertiesOf } from '../../arm/store.ts';
import { callerObjectId, tenantId } from '../../arm/token.ts';
import type { World } from '../../arm/world.ts';

const assignmentType = 'Microsoft.Authorization/roleAssignments';
const definitionType = 'Microsoft.Authorization/roleDefinitions';
/** Without `principalType`, Azure looks the principal up in a directory that learns of it late. */
const directoryDelaySeconds = 15;

/** IDs of the built-in roles. */
export const builtInRoles = {
  owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  userAccessAdministrator: '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7',
  managedIdentityOperator: 'f1a07417-d97a-45cb-824c-7a7467783830',
  privateDnsZoneContributor: 'b12aa53e-6015-4669-85d0-8515ebb3ae7f',
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  repositoryReader: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
} as const;

interface Definition {
  readonly roleName: string;
  readonly actions: readonly string[];
  readonly notActions?: readonly string[];
}

const definitions: ReadonlyMap<string, Definition> = new Map([
  [builtInRoles.owner, { roleName: 'Owner', actions: ['*'] }],
  [
    builtInRoles.contributor,
    {
      roleName: 'Contributor',
      actions: ['*'],
      notActions: ['Microsoft.Authorization/*/Delete', 'Microsoft.Authorization/*/Write'],
    },
  ],
  [builtInRoles.reader, { roleName: 'Reader', actions: ['*/read'] }],
  [
    builtInRoles.userAccessAdministrator,
    { roleName: 'User Access Administrator', actions: ['*/read', 'Microsoft.Authorization/*'] },
  ],
  [builtInRoles.networkContributor, { roleName: 'Network Contributor', actions: ['Microsoft.Network/*'] }],
  [
    builtInRoles.managedIdentityOperator,
    {
      roleName: 'Managed Identity Operator',
      actions: [
        'Microsoft.ManagedIdentity/userAssignedIdentities/*/read',
        'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
      ],
    },
  ],
  [
    builtInRoles.privateDnsZoneContributor,
    { roleName: 'Private DNS Zone Contributor', actions: ['Microsoft.Network/privateDnsZones/*'] },
  ],
  [builtInRoles.acrPull, { roleName: 'AcrPull', actions: ['Microsoft.ContainerRegistry/registries/pull/read'] }],
  [builtInRoles.repositoryReader, { roleName: 'Container Registry Repository Reader', actions: [] }],
]);

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

/** Roles, their assignments, and what the caller may do. All of it extends other resources. */
export const roles: Provider = {
  types: [
    { kind: 'computed', type: definitionType, get: readDefinitions },
    {
      kind: 'stored',
      type: assignmentType,
      put: assign,
      delete: unassign,
      list: listAssignments,
      notFound: (request) =>
        new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${request.id.names[0]}' is not found.`),
    },
    { kind: 'computed', type: 'Microsoft.Authorization/permissions', get: permissions },
  ],
  guard: refuseUnpermitted,
  behaviours: [
    {
      id: 'role-assignment-exists',
      resourceType: 'Microsoft.Authorization/roleAssignments',
      says: 'The same scope, role and principal again gets 409 RoleAssignmentExists, under whatever name.',
      evidence: 'recorded',
      source: 'Azure/azure-cli PR #8599; hashicorp/terraform-provider-azurerm PR #28694 (for the same name: modelled)',
      test: 'authorization.test.ts: of one role to one principal are one at a scope, whatever their name',
    },
    {
      id: 'role-principal-not-found',
      resourceType: 'Microsoft.Authorization/roleAssignments',
      says: 'Without principalType, a principal younger than 15 s gets 400 PrincipalNotFound; an unknown one always does.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml (found 21 s after it was made; the limit is modelled)',
      test: 'authorization.test.ts: a new principal is not found, unless its type is told',
    },
    {
      id: 'role-propagation',
      resourceType: 'Microsoft.Authorization/roleAssignments',
      says: 'A role takes effect some time after it was assigned: 30 s, unless the reset says otherwise.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Troubleshoot Azure RBAC": up to 10 minutes (30 s is modelled)',
      test: 'prerequisites.test.ts: a role takes effect only after a delay',
    },
    {
      id: 'role-access-check',
      resourceType: 'Microsoft.Authorization/roleAssignments',
      says: 'AKS asks for the role on the kubelet identity before it answers, and sees one that was assigned 4 s ago.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml: the cluster was accepted right after the assignment',
      test: 'authorization.test.ts: AKS sees a role 4 s after it was assigned, if nothing else is asked for',
    },
    {
      id: 'role-assignment-answer',
      resourceType: 'Microsoft.Authorization/roleAssignments',
      says: 'An assignment is made in one answer (201, about 4 s), whose createdBy is null; later reads have it.',
      evidence: 'recorded',
      source: 'azure-cli test_aks_network_isolated_cluster.yaml',
      test: 'authorization.test.ts: are made in one answer, without their creator, and echo the scope as it was sent',
    },
    {
      id: 'role-assignments-listed',
      resourceType: 'Microsoft.Authorization/roleAssignments',
      says: "atScope() lists the assignments at and above a scope, no filter those below as well; assignedTo('…') and principalId eq '…' restrict to a principal.",
      evidence: 'documented',
      source: 'Azure REST API reference, "Role Assignments - List For Scope"',
      test: 'authorization.test.ts: %s',
    },
    {
      id: 'caller-permissions',
      resourceType: 'Microsoft.Authorization/permissions',
      says: 'What the caller may not do is refused with 403 AuthorizationFailed, what it may not do with the subnet, network, registry or identity that a request names with LinkedAuthorizationFailed; by default it may do everything.',
      evidence: 'documented',
      source: 'Microsoft Learn, "Resolve errors for authorization failed"',
      test: 'authorization.test.ts: is refused: %s',
    },
  ],
};

/** Simulated seconds until a role takes effect: for tokens, and for a provider that asks whether somebody holds it. */
const roleDelay = { tokens: 30, accessCheck: 4 } as const;

/** IDs of the roles that a principal has at a scope or above, and that have taken effect. */
export function effectiveRoles(
  world: World,
  principalId: string,
  scope: string,
  seenBy: keyof typeof roleDelay = 'tokens',
): string[] {
  const delay = world.settings.roleDelaySeconds ?? roleDelay[seenBy];
  return assignmentsAbove(world, scope).flatMap(({ properties }) => {
    if (properties.principalId.toLowerCase() !== principalId.toLowerCase()) return [];
    const effectiveAt = Date.parse(properties.createdOn) + delay * 1000;
    if (effectiveAt <= world.clock.now().getTime())
      return [properties.roleDefinitionId.split('/').at(-1)?.toLowerCase() ?? ''];
    world.clock.notYet('refused', effectiveAt);
    return [];
  });
}

/** What the caller may do at a scope, from all scopes above it. */
export function callerPermissions(
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
export function callerMay(world: World, action: string, scope: string): boolean {
  return callerPermissions(world, scope).some(
    ({ actions, notActions }) => actions.some(matches(action)) && !notActions.some(matches(action)),
  );
}

/** What may be read by everybody who can sign in. */
const alwaysReadable = /subscriptions(\/locations)?\/read$|authorization\/locks\/read$/i;

/** @throws ArmError 403 AuthorizationFailed */
function refuseUnpermitted({ world, id, resourceId }: ArmRequest, action: string): void {
  const scope = id.names.length > 0 ? resourceId : id.scope;
  if (alwaysReadable.test(action) || callerMay(world, action, scope)) return;
  // Whoever may do anything at a scope may ask what.
  if (/authorization\/permissions\/read$/i.test(action) && callerPermissions(world, scope).length > 0) return;
  throw gatewayError(
    403,
    'AuthorizationFailed',
    `The client '${callerObjectId}' with object id '${callerObjectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/** @throws ArmError 403 LinkedAuthorizationFailed: the request itself is permitted, what it names is not. */
export function refuseUnlinked(request: ArmRequest, action: string, linkedScope: string): void {
  const { world } = request;
  if (callerMay(world, action, linkedScope)) return;
  throw gatewayError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${callerObjectId}' with object id '${callerObjectId}' has permission to perform action '${request.id.type}/write' on scope '${request.resourceId}'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '${linkedScope}' (respectively) or the linked scope(s) are invalid.`,
  );
}

function assign(request: ArmRequest, existing: Resource | undefined): Reply {
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
  const role = properties.roleDefinitionId.split('/').at(-1)?.toLowerCase() ?? '';
  if (!definitions.has(role)) {
    throw new ArmError(
      400,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${role}' does not exist.`,
    );
  }
  const sameTrio = assignments(world).some(
    (other) =>
      keyOf(other.properties.scope) === keyOf(id.scope) &&
      other.properties.roleDefinitionId.toLowerCase().endsWith(role) &&
      other.properties.principalId.toLowerCase() === properties.principalId.toLowerCase(),
  );
  if (sameTrio) throw new ArmError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
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
  const { body } = world.store.put(request.resourceId, assignmentType, {
    properties: stored,
    id: request.resourceId,
    type: assignmentType,
    name,
  });
  return { status: 201, body: { ...body, properties: { ...stored, createdBy: null } }, seconds: 4 };
}

function unassign(request: ArmRequest, assignment: Resource): Reply {
  request.world.remove(assignment.id);
  return { status: 200, body: assignment.body };
}

function listAssignments(request: ArmRequest): Reply {
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
    .filter(({ properties }) => !principal || properties.principalId.toLowerCase() === principal.toLowerCase())
    .map(({ resource }) => resource.body);
  return { status: 200, body: { value } };
}

function readDefinitions(request: ArmRequest): Reply {
  const { id } = request;
  const scope = id.subscriptionId === undefined ? '' : `/subscriptions/${id.subscriptionId}`;
  const view = ([role, { roleName, actions, notActions = [] }]: [string, Definition]): Body => ({
    id: `${scope}/providers/${definitionType}/${role}`,
    type: definitionType,
    name: role,
    properties: {
      roleName,
      type: 'BuiltInRole',
      description: '',
      assignableScopes: ['/'],
      permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
    },
  });
  const [name] = id.names;
  if (name !== undefined) {
    const found = [...definitions].find(([role]) => role === name.toLowerCase());
    if (found) return { status: 200, body: view(found) };
    throw new ArmError(
      404,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${name}' does not exist.`,
    );
  }
  const [, wanted] = /roleName eq '([^']*)'/i.exec(request.query.get('$filter') ?? '') ?? [];
  const found = [...definitions].filter(
    ([, { roleName }]) => !wanted || roleName.toLowerCase() === wanted.toLowerCase(),
  );
  return { status: 200, body: { value: found.map(view) } };
}

function permissions(request: ArmRequest): Reply {
  checkScopeExists(request);
  const value = callerPermissions(request.world, request.id.scope).map((each) => ({
    ...each,
    dataActions: [],
    notDataActions: [],
  }));
  return { status: 200, body: { value } };
}

/** A role, a lock or a permission is of something that is there. @throws ArmError 404 ResourceNotFound */
export function checkScopeExists({ world, id }: ArmRequest): void {
  if (id.scope === '/' || world.store.get(id.scope)) return;
  throw gatewayError(
    404,
    'ResourceNotFound',
    `The Resource '${id.scope.split('/providers/').at(-1)}' under resource group '${id.resourceGroup ?? '<null>'}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

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
    .list(assignmentType)
    .map((resource) => ({ resource, properties: storedProperties.parse(propertiesOf(resource)) }));
}

const assignmentsAbove = (world: World, scope: string) =>
  assignments(world).filter(({ properties }) => isAtOrBelow(scope, properties.scope));

function isAtOrBelow(id: string, scope: string): boolean {
  return scope === '/' || `${keyOf(id)}/`.startsWith(`${keyOf(scope)}/`);
}

const isBelow = (id: string, scope: string): boolean => keyOf(id) !== keyOf(scope) && isAtOrBelow(id, scope);

const matches =
  (action: string) =>
  (pattern: string): boolean =>
    new RegExp(`^${pattern.replace(/[.\\+?^$()[\]{}|]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(action);
