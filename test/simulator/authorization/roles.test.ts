import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { assign, roles } from '../../support/ownRegistry.ts';
import {
  all,
  group,
  location,
  refused,
  type Started,
  secondsOf,
  start,
  subscription,
  versioned,
  wireCluster,
} from '../support.ts';

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

let azure: Started;
let client: AuthorizationManagementClient;
/** Principal IDs of two identities. */
let one = '';
let two = '';
beforeAll(async () => {
  azure = await start();
  client = new AuthorizationManagementClient(azure.credential, subscription, {
    ...azure.client,
    $host: azure.simulator.endpoint,
  });
  await azure.put(group(rg), { location });
  await azure.put(vnet, networkBody);
  [one, two] = [await principalOf(azure, 'one'), await principalOf(azure, 'two')];
});
afterAll(() => azure.simulator.close());

async function principalOf({ put }: Started, name: string): Promise<string> {
  return String((await put(identity(name), { location })).at('properties.principalId'));
}
const send = (method: string, id: string, body?: unknown) => azure.send(method, versioned(id), body);

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

  test('again under the same name are the same, with another description or condition', async () => {
    const name = crypto.randomUUID();
    const again = (changes: Record<string, unknown>) =>
      send('PUT', assignment(vnet, name), {
        properties: { roleDefinitionId: roleId(roles.acrPull), principalId: two, ...changes },
      });
    const created = await again({ principalType: 'ServicePrincipal', description: 'ours' });
    expect(created).toMatchObject({ status: 201, body: { properties: { description: 'ours' } } });
    expect(await again({ description: 'theirs', condition: '1', conditionVersion: '2.0' })).toMatchObject({
      status: 200,
      body: { properties: { description: 'theirs', condition: '1', createdOn: created.at('properties.createdOn') } },
    });
    expect((await again({})).at('properties.description')).toBeNull();
    expect((await client.roleAssignments.get(vnet, name)).principalId).toBe(two);
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

describe('delays', () => {
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
    // A refused client waits for it: the identity is answered after 2 s, and is known 15 s after it was asked for.
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
