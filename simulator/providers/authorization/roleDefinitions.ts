import { ArmError } from '../../arm/errors.ts';
import type { ArmRequest, Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';

const type = 'Microsoft.Authorization/roleDefinitions';

export const roleDefinitionTypes: readonly ResourceType[] = [{ kind: 'computed', type, get: read }];

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

/** The GUID at the end of a role definition's ID. */
export const roleOf = (roleDefinitionId: string): string => nameOf(roleDefinitionId).toLowerCase();

export const isRole = (role: string): boolean => definitions.has(role);

function read(request: ArmRequest): Reply {
  const { id } = request;
  const scope = id.subscriptionId === undefined ? '' : `/subscriptions/${id.subscriptionId}`;
  const view = ([role, { roleName, actions, notActions = [] }]: [string, Definition]): Body => ({
    id: `${scope}/providers/${type}/${role}`,
    type: type,
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
