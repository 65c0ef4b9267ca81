import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assign, roles } from '../support/ownRegistry.ts';
import {
  all,
  group,
  location,
  type Started,
  secondsOf,
  start,
  subscription,
  versioned,
  wireCluster,
} from './support.ts';

const sub = `/subscriptions/${subscription}`;
const rg = 'roles';
const vnet = `${group(rg)}/providers/Microsoft.Network/virtualNetworks/v`;
const subnet = `${vnet}/subnets/s`;
const identity = (name: string) => `${group(rg)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const roleId = (role: string) => `${sub}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
const assignment = (scope: string, name: string) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
const networkBody = {
  location,
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
    subnets: ['s', 'other'].map((name, index) => ({ name, properties: { addressPrefix: `10.0.${index}.0/24` } })),
  },
};
const refused = (status: number, code: string) => ({ status, body: { error: { code, message: expect.any(String) } } });

let azure: Started;
let client: AuthorizationManagementClient;
let identities: ManagedServiceIdentityClient;
/** Principal IDs of two identities. */
let one = '';
let two = '';
beforeAll(async () => {
  azure = await start();
  client = new AuthorizationManagementClient(azure.credential, subscription, {
    ...azure.client,
    $host: azure.simulator.endpoint,
  });
  identities = new ManagedServiceIdentityClient(azure.credential, subscription, azure.client);
  await azure.put(group(rg), { location });
  await azure.put(vnet, networkBody);
  [one, two] = [await principalOf(azure, 'one'), await principalOf(azure, 'two')];
});
afterAll(() => azure.simulator.close());

async function principalOf({ put }: Started, name: string): Promise<string> {
  return String((await put(identity(name), { location })).at('properties.principalId'));
}
const send = (method: string, id: string, body?: unknown) => azure.send(method, versioned(id), body);

describe('identities', () => {
  test('are made in one answer, whose location is a path', async () => {
    const created = await send('PUT', identity('synchronous'), { location });
    const id = identity('synchronous').replace('/resourceGroups/', '/resourcegroups/');
    const guid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(created).toMatchObject({
      status: 201,
      headers: { location: id },
      body: { id, location, tags: {}, properties: { principalId: guid, clientId: guid, tenantId: guid } },
    });
    expect(created.headers['azure-asyncoperation']).toBeUndefined();
    expect(await secondsOf(azure, 'PUT', identity('synchronous'))).toEqual([2, 0]);
    expect((await send('GET', identity('synchronous'))).body).toEqual(created.body);
  });

  test('keep their principal when they are written again, and are gone when deleted', async () => {
    const made = await identities.userAssignedIdentities.createOrUpdate(rg, 'sdk', { location });
    const again = await send('PUT', identity('sdk'), { location, tags: { a: 'b' } });
    expect(again).toMatchObject({
      status: 200,
      body: { tags: { a: 'b' }, properties: { principalId: made.principalId, clientId: made.clientId } },
    });
    expect(await identities.userAssignedIdentities.update(rg, 'sdk', { tags: {} })).toMatchObject({ tags: {} });
    expect((await send('DELETE', identity('sdk'))).status).toBe(200);
    expect((await send('DELETE', identity('sdk'))).status).toBe(204);
    expect((await send('GET', identity('sdk'))).status).toBe(404);
  });
});

test('roles are found by their name', async () => {
  const named = (name: string) => all(client.roleDefinitions.list(subnet, { filter: `roleName eq '${name}'` }));
  const [acrPull, ...others] = await named('AcrPull');
  expect(acrPull).toMatchObject({
    id: roleId(roles.acrPull),
    name: roles.acrPull,
    roleName: 'AcrPull',
    permissions: [{ actions: ['Microsoft.ContainerRegistry/registries/pull/read'] }],
  });
  expect(others).toEqual([]);
  expect(await named('Nobody')).toEqual([]);
  expect((await all(client.roleDefinitions.list(sub))).length).toBeGreaterThan(5);
  expect((await client.roleDefinitions.get(sub, roles.networkContributor)).roleName).toBe('Network Contributor');
  const unknown = crypto.randomUUID();
  expect(await send('GET', roleId(unknown))).toMatchObject(refused(404, 'RoleDefinitionDoesNotExist'));
});

describe('assignments', () => {
  test('are made in one answer, without their creator, and echo the scope as it was sent', async () => {
    const scope = vnet.toLowerCase();
    const name = crypto.randomUUID();
    const created = await assign(azure, scope, 'networkContributor', one, name);
    expect(created).toMatchObject({
      status: 201,
      body: {
        name,
        type: 'Microsoft.Authorization/roleAssignments',
        properties: {
          scope,
          principalId: one,
          principalType: 'ServicePrincipal',
          roleDefinitionId: roleId(roles.networkContributor),
          createdBy: null,
        },
      },
    });
    expect(created.headers['azure-asyncoperation']).toBeUndefined();
    expect(await secondsOf(azure, 'PUT', String(created.at('id')))).toEqual([4, 0]);
    const read = await client.roleAssignments.get(vnet, name);
    expect(read).toMatchObject({ id: created.at('id'), createdBy: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect((await send('DELETE', assignment(vnet, name))).body).toMatchObject({ name });
    expect((await send('DELETE', assignment(vnet, name))).status).toBe(204);
    expect(await send('GET', assignment(vnet, name))).toMatchObject(refused(404, 'RoleAssignmentNotFound'));
  });

  test('of one role to one principal are one at a scope, whatever their name', async () => {
    const name = crypto.randomUUID();
    const acrPull = (scope: string, principal: string, called = crypto.randomUUID()) =>
      assign(azure, scope, 'acrPull', principal, called);
    const exists = refused(409, 'RoleAssignmentExists');
    expect((await acrPull(subnet, one, name)).status).toBe(201);
    expect(await acrPull(subnet, one)).toMatchObject(exists);
    expect(await acrPull(subnet, one, name)).toMatchObject(exists);
    expect(await acrPull(subnet.toUpperCase(), one.toUpperCase())).toMatchObject(exists);
    expect(await acrPull(subnet, two, name)).toMatchObject(refused(409, 'RoleAssignmentUpdateNotPermitted'));
    // Another scope, role or principal is another assignment.
    const others = [
      await acrPull(vnet, one),
      await assign(azure, subnet, 'networkContributor', one),
      await acrPull(subnet, two),
    ];
    expect(others.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  const nobody = '12345678-0000-0000-0000-000000000000';
  test.each([
    ['a name that is no GUID', assignment(vnet, 'mine'), {}, 400, 'InvalidRoleAssignmentId'],
    [
      'an unknown role',
      assignment(vnet, nobody),
      { roleDefinitionId: roleId(nobody) },
      400,
      'RoleDefinitionDoesNotExist',
    ],
    ['an unknown principal', assignment(vnet, nobody), { principalId: nobody }, 400, 'PrincipalNotFound'],
    ['a scope that is not there', assignment(`${vnet}9`, nobody), {}, 404, 'ResourceNotFound'],
  ])('with %s are refused', async (_what, id, changed, status, code) => {
    const properties = {
      roleDefinitionId: roleId(roles.acrPull),
      principalId: two,
      principalType: 'ServicePrincipal',
      ...changed,
    };
    expect(await send('PUT', id, { properties })).toMatchObject(refused(status, code));
  });

  describe('are listed', () => {
    const names = { sub: crypto.randomUUID(), group: crypto.randomUUID(), subnet: crypto.randomUUID() };
    let [mine, theirs] = ['', ''];
    beforeAll(async () => {
      [mine, theirs] = [await principalOf(azure, 'mine'), await principalOf(azure, 'theirs')];
      await assign(azure, sub, 'managedIdentityOperator', mine, names.sub);
      await assign(azure, group(rg), 'managedIdentityOperator', theirs, names.group);
      await assign(azure, `${vnet}/subnets/other`, 'managedIdentityOperator', mine, names.subnet);
    });

    test.each<[string, string, string, (keyof typeof names)[]]>([
      ['at, above and below a scope', vnet, '', ['sub', 'group', 'subnet']],
      ['at and above a scope', vnet, 'atScope()', ['sub', 'group']],
      ['at a scope itself', `${vnet}/subnets/other`, 'atScope()', ['sub', 'group', 'subnet']],
      ['not beside a scope', `${vnet}/subnets/s`, '', ['sub', 'group']],
      ['of a principal', vnet, "assignedTo('mine')", ['sub', 'subnet']],
      ['of a principal, in its other form', sub, "principalId eq 'theirs'", ['group']],
      ['of a principal at and above a scope', vnet, "atScope() and assignedTo('mine')", ['sub']],
      ['of nobody', vnet, "atScope() and assignedTo('00000000-0000-0000-0000-000000000000')", []],
    ])('%s', async (_what, scope, text, expected) => {
      const filter = text.replace('mine', mine).replace('theirs', theirs);
      const found = await all(client.roleAssignments.listForScope(scope, filter === '' ? {} : { filter }));
      const listed = found.map(({ name }) => name).filter((name) => Object.values<unknown>(names).includes(name));
      expect(listed.sort()).toEqual(expected.map((key) => names[key]).sort());
    });

    test('not by what Azure cannot filter by', async () => {
      const answer = await azure.send(
        'GET',
        `${vnet}/providers/Microsoft.Authorization/roleAssignments?$filter=${encodeURIComponent("roleName eq 'x'")}&api-version=2022-04-01`,
      );
      expect(answer).toMatchObject(refused(400, 'UnsupportedQuery'));
    });
  });
});

describe('what takes time', () => {
  let own: Started;
  beforeAll(async () => {
    own = await start();
    await own.put(group(rg), { location });
  });
  afterAll(() => own.simulator.close());

  test('a new principal is not found, unless its type is told', async () => {
    const before = own.simulator.clock.now();
    const principalId = await principalOf(own, 'new');
    const attempt = () =>
      own.send('PUT', `${assignment(group(rg), crypto.randomUUID())}?api-version=2022-04-01`, {
        properties: { roleDefinitionId: roleId(roles.acrPull), principalId },
      });
    expect((await assign(own, group(rg), 'networkContributor', principalId)).status).toBe(201);
    const first = await attempt();
    expect(first).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'PrincipalNotFound',
          message: expect.stringContaining(`Principal ${principalId.replaceAll('-', '')} does not exist`),
        },
      },
    });
    expect(first.headers['x-ms-failure-cause']).toBeUndefined();
    // Whoever is refused waits for it: the identity is answered after 2 s, and is known 15 s after it was asked for.
    expect(own.simulator.clock.now() - before).toBe(15_000);
    expect((await attempt()).status).toBe(201);
  });

  test('AKS sees a role 4 s after it was assigned, if nothing else is asked for', async () => {
    const still = await start({ speed: 0 });
    try {
      await still.send('PUT', versioned(group(rg)), { location });
      const principal = await principalOf(still, 'plane');
      await principalOf(still, 'kubelet');
      await assign(still, identity('kubelet'), 'managedIdentityOperator', principal);
      const body = wireCluster(
        { identityProfile: { kubeletidentity: { resourceId: identity('kubelet') } } },
        { identity: { type: 'UserAssigned', userAssignedIdentities: { [identity('plane')]: {} } } },
      );
      const create = () =>
        still.send('PUT', versioned(`${group(rg)}/providers/Microsoft.ContainerService/managedClusters/c`), body);
      const later = (advanceSeconds: number) => still.send('POST', '/simulator/clock', { advanceSeconds });
      await later(3.9);
      expect((await create()).at('code')).toBe('CustomKubeletIdentityMissingPermissionError');
      await later(0.1);
      expect((await create()).status).toBe(201);
    } finally {
      await still.simulator.close();
    }
  });
});

describe('the caller', () => {
  let limited: Started;
  const registry = `${group(rg)}/providers/Microsoft.ContainerRegistry/registries/limited01`;
  const zone = `${group(rg)}/providers/Microsoft.Network/privateDnsZones/limited.io`;
  const everything = { actions: ['*'], notActions: [] };
  const seed = (callerPermissions: unknown) => limited.send('POST', '/simulator/reset', { callerPermissions });
  const write = (method: string, id: string, body?: unknown) => limited.send(method, versioned(id), body);
  beforeAll(async () => {
    limited = await start();
  });
  afterAll(() => limited.simulator.close());

  test('may do everything by default', async () => {
    await limited.send('POST', '/simulator/reset');
    await limited.put(group(rg), { location });
    for (const scope of [sub, group(rg)]) {
      const { body } = await write('GET', `${scope}/providers/Microsoft.Authorization/permissions`);
      expect(body).toEqual({ value: [{ ...everything, dataActions: [], notDataActions: [] }] });
    }
  });

  test('is told what it may do at a scope, from all scopes above', async () => {
    const reader = { scope: sub, actions: ['*/read', 'Microsoft.Resources/*'] };
    const owner = { scope: group(rg).toLowerCase(), actions: ['*'], notActions: ['Microsoft.Authorization/*/Write'] };
    await seed([reader, owner]);
    await limited.put(group(rg), { location });
    await limited.put(group('elsewhere'), { location });
    await limited.put(vnet, networkBody);
    const of = async (scope: string) =>
      (await write('GET', `${scope}/providers/Microsoft.Authorization/permissions`)).at('value');
    const shown = { actions: reader.actions, notActions: [] };
    const owned = { actions: owner.actions, notActions: owner.notActions };
    expect(await of(sub)).toMatchObject([shown]);
    expect(await of(group('elsewhere'))).toMatchObject([shown]);
    expect(await of(group(rg))).toMatchObject([shown, owned]);
    expect(await of(vnet)).toMatchObject([shown, owned]);
    const sdk = new AuthorizationManagementClient(limited.credential, subscription, {
      ...limited.client,
      $host: limited.simulator.endpoint,
    });
    expect(await all(sdk.permissions.listForResourceGroup(rg))).toMatchObject([shown, owned]);
    expect(await write('GET', `${vnet}9/providers/Microsoft.Authorization/permissions`)).toMatchObject(
      refused(404, 'ResourceNotFound'),
    );
  });

  describe('who may write networks in one group, and read it,', () => {
    beforeAll(async () => {
      await seed([
        { scope: sub, actions: ['Microsoft.Resources/subscriptions/resourceGroups/write'] },
        { scope: group(rg), actions: ['*/read', 'Microsoft.Network/*'], notActions: ['*/subnets/delete'] },
      ]);
      await limited.put(group('elsewhere'), { location });
      await limited.put(group(rg), { location });
      await limited.put(vnet, networkBody);
    });

    test.each([
      ['reads it', 'GET', vnet, 200],
      ['lists in it', 'GET', vnet.replace(/\/v$/, ''), 200],
      ['writes networks', 'PUT', vnet, 200],
      ['looks for what is not there', 'GET', `${vnet}9`, 404],
    ])('%s', async (_what, method, id, status) => {
      expect((await write(method, id, method === 'PUT' ? networkBody : undefined)).status).toBe(status);
    });

    const elsewhere = (id: string) => id.replace(group(rg), group('elsewhere'));
    test.each([
      ['PUT', registry, 'Microsoft.ContainerRegistry/registries/write'],
      ['PATCH', registry, 'Microsoft.ContainerRegistry/registries/write'],
      ['DELETE', group(rg), 'Microsoft.Resources/subscriptions/resourceGroups/delete'],
      ['DELETE', subnet, 'Microsoft.Network/virtualNetworks/subnets/delete'],
      ['GET', elsewhere(vnet), 'Microsoft.Network/virtualNetworks/read'],
      ['PUT', elsewhere(vnet), 'Microsoft.Network/virtualNetworks/write'],
      ['PUT', assignment(vnet, crypto.randomUUID()), 'Microsoft.Authorization/roleAssignments/write'],
      [
        'POST',
        `${sub}/providers/Microsoft.ContainerRegistry/checkNameAvailability`,
        'Microsoft.ContainerRegistry/checkNameAvailability/read',
      ],
      ['POST', `${sub}/providers/Microsoft.ContainerService/register`, 'Microsoft.ContainerService/register/action'],
    ])('may not %s %s', async (method, id, action) => {
      const answer = await write(method, id, method === 'PUT' ? { location } : undefined);
      expect(answer).toMatchObject({
        status: 403,
        headers: { 'x-ms-failure-cause': 'gateway' },
        body: {
          error: {
            code: 'AuthorizationFailed',
            message: expect.stringContaining(`perform action '${action}' over scope`),
          },
        },
      });
    });
  });

  describe('who may not use what a request names', () => {
    const join = 'Microsoft.Network/virtualNetworks/subnets/join/action';
    const link = 'Microsoft.Network/virtualNetworks/join/action';
    const approve = 'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action';
    const use = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';
    const cluster = `${group(rg)}/providers/Microsoft.ContainerService/managedClusters/c`;
    const open = `${vnet}/subnets/other`;
    beforeAll(async () => {
      await seed([
        { scope: sub, actions: ['*'], notActions: [join, link, approve, use] },
        { scope: open, actions: [join] },
      ]);
      await limited.put(group(rg), { location });
      await limited.put(vnet, networkBody);
      await limited.put(registry, { location, sku: { name: 'Premium' } });
      await limited.put(zone, { location: 'global' });
      await principalOf(limited, 'plane');
      await limited.put(cluster, wireCluster());
    });

    const endpoint = (at: string, list = 'privateLinkServiceConnections') => ({
      location,
      properties: {
        subnet: { id: at },
        [list]: [{ name: 'c', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } }],
      },
    });
    const pool = (vnetSubnetID: string) => ({ name: 'nodepool1', mode: 'System', count: 1, vnetSubnetID });
    const endpoints = `${group(rg)}/providers/Microsoft.Network/privateEndpoints`;
    const plane = { type: 'UserAssigned', userAssignedIdentities: { [identity('plane')]: {} } };
    test.each<[string, string, unknown, string, string]>([
      ['the subnet of an endpoint', `${endpoints}/a`, endpoint(subnet), join, subnet],
      ['the registry of an endpoint', `${endpoints}/a`, endpoint(open), approve, registry],
      [
        'the network of a link',
        `${zone}/virtualNetworkLinks/l`,
        { location: 'global', properties: { virtualNetwork: { id: vnet } } },
        link,
        vnet,
      ],
      ['the subnet of a cluster', `${cluster}2`, wireCluster({ agentPoolProfiles: [pool(subnet)] }), join, subnet],
      [
        'the API server subnet of a cluster',
        `${cluster}2`,
        wireCluster({
          agentPoolProfiles: [pool(open)],
          apiServerAccessProfile: { enableVnetIntegration: true, subnetId: subnet },
        }),
        join,
        subnet,
      ],
      ['the identity of a cluster', `${cluster}2`, wireCluster({}, { identity: plane }), use, identity('plane')],
      [
        'the subnet of a node pool',
        `${cluster}/agentPools/second`,
        { properties: { count: 1, vnetSubnetID: subnet } },
        join,
        subnet,
      ],
    ])('is refused: %s', async (_what, id, body, action, scope) => {
      expect(await write('PUT', id, body)).toMatchObject({
        status: 403,
        headers: { 'x-ms-failure-cause': 'gateway' },
        body: {
          error: {
            code: 'LinkedAuthorizationFailed',
            message: expect.stringContaining(`perform action(s) '${action}' on the linked scope(s) '${scope}'`),
          },
        },
      });
      expect((await write('GET', id)).status).toBe(404);
    });

    test('may do the same where it is allowed to', async () => {
      const manual = endpoint(open, 'manualPrivateLinkServiceConnections');
      // A manual connection is for somebody else to approve.
      expect((await write('PUT', `${endpoints}/manual`, manual)).status).toBe(201);
      expect((await write('PUT', `${cluster}3`, wireCluster({ agentPoolProfiles: [pool(open)] }))).status).toBe(201);
    });
  });
});
