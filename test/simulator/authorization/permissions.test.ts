import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  all,
  group,
  location,
  refused,
  type Started,
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
const assignment = (scope: string, name: string) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
const networkBody = {
  location,
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
    subnets: ['s', 'other'].map((name, index) => ({ name, properties: { addressPrefix: `10.0.${index}.0/24` } })),
  },
};

async function principalOf({ put }: Started, name: string): Promise<string> {
  return String((await put(identity(name), { location })).at('properties.principalId'));
}

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

  test('is kept by deny assignments from what its roles allow, unless they exclude it', async () => {
    const denial = (number: number, more: object) => ({
      name: `d0000000-0000-4000-8000-00000000000${number}`,
      title: `stack ${number}`,
      scope: group(rg),
      actions: ['Microsoft.Network/*'],
      ...more,
    });
    const caller = '44444444-4444-4444-8444-444444444444';
    const refusedBy = async (...denyAssignments: object[]) => {
      await limited.send('POST', '/simulator/reset', { denyAssignments });
      await limited.put(group(rg), { location });
      return (await write('PUT', zone, { location: 'global' })).at('error.code');
    };
    const refusal = 'DenyAssignmentAuthorizationFailed';
    expect(await refusedBy(denial(1, { exclude: [] }))).toBe(refusal);
    expect(await refusedBy(denial(1, { principals: [caller] }))).toBe(refusal);
    expect(await refusedBy(denial(1, { onlyAtScope: true }))).toBeUndefined();
    expect(await refusedBy(denial(1, { exclude: [caller] }))).toBeUndefined();
    expect(await refusedBy(denial(1, { principals: ['a-group'], groups: ['a-group'] }))).toBeUndefined();
    expect(await refusedBy(denial(1, { actions: ['*/delete'] }), denial(2, { scope: '/' }))).toBe(refusal);
    const { body } = await write('GET', `${sub}/providers/Microsoft.Authorization/denyAssignments`);
    expect(body).toMatchObject({
      value: [{ properties: { scope: group(rg) } }, { properties: { scope: '/', denyAssignmentName: 'stack 2' } }],
    });
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
      // A manual connection needs no permission on the registry: its owner approves it.
      expect((await write('PUT', `${endpoints}/manual`, manual)).status).toBe(201);
      expect((await write('PUT', `${cluster}3`, wireCluster({ agentPoolProfiles: [pool(open)] }))).status).toBe(201);
    });
  });
});
