import { z } from 'zod';
import { ArmError } from '../../arm/errors.ts';
import { type ArmRequest, parseBody, type Reply } from '../../arm/exchange.ts';
import { nameOf } from '../../arm/ids.ts';
import { type Body, valueAt } from '../../arm/json.ts';
import type { ResourceType } from '../../arm/provider.ts';
import { propertiesOf, type Resource } from '../../arm/store.ts';
import type { World } from '../../arm/world.ts';

const type = 'Microsoft.Authorization/roleDefinitions';

const permission = z.looseObject({
  actions: z.array(z.string()).default([]),
  notActions: z.array(z.string()).default([]),
  dataActions: z.array(z.string()).default([]),
  notDataActions: z.array(z.string()).default([]),
});
export type Permission = z.output<typeof permission>;
const definitionBody = z.looseObject({
  properties: z.looseObject({
    roleName: z.string(),
    description: z.string().default(''),
    permissions: z.array(permission),
    assignableScopes: z.array(z.string()).min(1),
  }),
});

/** Built-in roles are there at every scope. Custom ones are stored under their GUID, whatever the scope of the request. */
export const roleDefinitionTypes: readonly ResourceType[] = [
  { kind: 'computed', type, get: read, put, delete: remove },
];

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

type Definition = z.output<typeof definitionBody>['properties'];

const builtIn = (roleName: string, given: Partial<Permission>): Definition => ({
  roleName,
  description: '',
  assignableScopes: ['/'],
  permissions: [permission.parse(given)],
});

const builtInDefinitions: ReadonlyMap<string, Definition> = new Map([
  [builtInRoles.owner, builtIn('Owner', { actions: ['*'] })],
  [
    builtInRoles.contributor,
    builtIn('Contributor', {
      actions: ['*'],
      notActions: ['Microsoft.Authorization/*/Delete', 'Microsoft.Authorization/*/Write'],
    }),
  ],
  [builtInRoles.reader, builtIn('Reader', { actions: ['*/read'] })],
  [
    builtInRoles.userAccessAdministrator,
    builtIn('User Access Administrator', { actions: ['*/read', 'Microsoft.Authorization/*'] }),
  ],
  [builtInRoles.networkContributor, builtIn('Network Contributor', { actions: ['Microsoft.Network/*'] })],
  [
    builtInRoles.managedIdentityOperator,
    builtIn('Managed Identity Operator', {
      actions: [
        'Microsoft.ManagedIdentity/userAssignedIdentities/*/read',
        'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
      ],
    }),
  ],
  [
    builtInRoles.privateDnsZoneContributor,
    builtIn('Private DNS Zone Contributor', { actions: ['Microsoft.Network/privateDnsZones/*'] }),
  ],
  [builtInRoles.acrPull, builtIn('AcrPull', { actions: ['Microsoft.ContainerRegistry/registries/pull/read'] })],
  [
    builtInRoles.repositoryReader,
    builtIn('Container Registry Repository Reader', {
      dataActions: [
        'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
        'Microsoft.ContainerRegistry/registries/repositories/content/read',
      ],
    }),
  ],
]);

/** The GUID at the end of a role definition's ID. */
export const roleOf = (roleDefinitionId: string): string => nameOf(roleDefinitionId).toLowerCase();

/** The permissions of a role; `undefined` where there is no such role. */
export function permissionsOf(world: World, role: string): readonly Permission[] | undefined {
  const custom = customRoles(world).find(({ name }) => name.toLowerCase() === role);
  return custom ? definitionOf(custom).permissions : builtInDefinitions.get(role)?.permissions;
}

const customRoles = (world: World): Resource[] => world.store.list(type);
const definitionOf = (role: Pick<Resource, 'body'>): Definition =>
  definitionBody.shape.properties.parse(propertiesOf(role));

function put(request: ArmRequest): Reply {
  const { world, id } = request;
  const { properties } = parseBody(request, definitionBody);
  const name = id.names[0]?.toLowerCase() ?? '';
  if (builtInDefinitions.has(name))
    throw new ArmError(400, 'RoleDefinitionCannotBeUpdated', 'A built-in role cannot be changed.');
  const path = `/providers/${type}/${name}`;
  const existing = world.store.get(path);
  const stored = { id: path, name, type, properties: { ...properties, type: 'CustomRole' } };
  world.store.put(path, type, stored);
  return { status: existing ? 200 : 201, body: view(request, name, definitionOf({ body: stored }), 'CustomRole') };
}

function remove({ world, id }: ArmRequest): Reply {
  const path = `/providers/${type}/${id.names[0]?.toLowerCase()}`;
  if (!world.store.get(path)) return { status: 204 };
  world.remove(path);
  return { status: 200 };
}

function view({ id }: ArmRequest, name: string, definition: Definition, kind: 'BuiltInRole' | 'CustomRole'): Body {
  const scope = id.subscriptionId === undefined ? '' : `/subscriptions/${id.subscriptionId}`;
  return { id: `${scope}/providers/${type}/${name}`, type, name, properties: { ...definition, type: kind } };
}

function read(request: ArmRequest): Reply {
  const all = [
    ...[...builtInDefinitions].map(([name, one]) => view(request, name, one, 'BuiltInRole')),
    ...customRoles(request.world).map((role) => view(request, role.name, definitionOf(role), 'CustomRole')),
  ];
  const [name] = request.id.names;
  if (name !== undefined) {
    const found = all.find((role) => role.name === name.toLowerCase());
    if (found) return { status: 200, body: found };
    throw new ArmError(
      404,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${name}' does not exist.`,
    );
  }
  const [, wanted] = /roleName eq '([^']*)'/i.exec(request.query.get('$filter') ?? '') ?? [];
  const value = all.filter((role) => !wanted || isNamed(role, wanted));
  return { status: 200, body: { value } };
}

const isNamed = (role: Body, wanted: string): boolean =>
  String(valueAt(role, 'properties.roleName')).toLowerCase() === wanted.toLowerCase();
