import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { group, location, openCluster, polling, type Started, versioned } from '../support.ts';
import { clustersIn, startWithGroup } from './support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await startWithGroup('mine');
});
afterAll(() => azure.simulator.close());

const { id, create } = clustersIn('mine', () => azure);
const nodeGroup = (name: string) => group(`MC_mine_${name}_${location}`);
const send = (method: string, path: string, body?: unknown) => azure.send(method, versioned(path), body);

describe('a lock on the node resource group, or on anything in it,', () => {
  const lockOf = (scope: string) => `${scope}/providers/Microsoft.Authorization/locks/keep`;
  const lock = (scope: string, level: string) => send('PUT', lockOf(scope), { properties: { level } });
  const pool = { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } };

  test.each([
    ['CanNotDelete', 'the group', (name: string) => nodeGroup(name)],
    [
      'CanNotDelete',
      'a network in it',
      (name: string) => `${nodeGroup(name)}/providers/Microsoft.Network/loadBalancers/kubernetes`,
    ],
    ['ReadOnly', 'the group', (name: string) => nodeGroup(name)],
  ])('refuses every write of AKS: %s on %s', async (level, what, scopeOf) => {
    const name = `locked${level.length}${what.length}`;
    await create(name);
    const { body } = await azure.get(id(name));
    expect((await lock(scopeOf(name), level)).status).toBe(201);
    for (const [method, below, sent] of [
      ['PUT', '', body],
      ['PATCH', '', { tags: { a: 'b' } }],
      ['PUT', '/agentPools/more', pool],
      ['POST', '/agentPools/work/upgradeNodeImageVersion', undefined],
      ['DELETE', '/agentPools/work', undefined],
      ['POST', '/stop', undefined],
    ] as const) {
      expect(await send(method, id(name, below), sent)).toMatchObject({
        status: 409,
        body: { code: 'ResourceGroupLocked', message: expect.stringContaining(`MC_mine_${name}`) },
      });
    }
    await send('DELETE', lockOf(scopeOf(name)));
    expect((await send('PATCH', id(name), { tags: {} })).status).toBe(200);
  });

  test('lets a deletion of the cluster begin and fail', async () => {
    await create('kept');
    await lock(nodeGroup('kept'), 'CanNotDelete');
    const end = await azure.answerAtEnd(await send('DELETE', id('kept')));
    expect(end).toMatchObject({ body: { status: 'Failed', error: { code: 'ScopeLocked' } } });
    expect((await azure.get(id('kept'))).at('properties.provisioningState')).toBe('Failed');
    await send('DELETE', lockOf(nodeGroup('kept')));
    await azure.remove(id('kept'));
    expect((await azure.get(nodeGroup('kept'))).status).toBe(404);
  });

  test('lets a deletion of the group of the cluster begin and fail', async () => {
    const above = group('above');
    await azure.put(above, { location });
    await azure.aks.managedClusters.createOrUpdate('above', 'c', openCluster(), polling);
    await lock(group(`MC_above_c_${location}`), 'CanNotDelete');
    const { headers } = await send('DELETE', above);
    const result = () => azure.send('GET', headers.location ?? '');
    let answer = await result();
    while (answer.status === 202) answer = await result();
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'ResourceGroupDeletionBlocked' } } });
    expect((await azure.get(above)).at('properties.provisioningState')).toBe('Succeeded');
  });
});

describe('a node resource group that is locked down', () => {
  const readOnly = { nodeResourceGroupProfile: { restrictionLevel: 'ReadOnly' } };
  const vnetOf = async (name: string): Promise<string> => {
    const networks = await send('GET', `${nodeGroup(name)}/providers/Microsoft.Network/virtualNetworks`);
    return String(networks.at('value.0.id'));
  };

  test('is closed to everybody but AKS, and to joining its network, until it is unrestricted', async () => {
    await create('down', readOnly);
    const vnet = await vnetOf('down');
    const denials = await send('GET', `${nodeGroup('down')}/providers/Microsoft.Authorization/denyAssignments`);
    expect(denials.at('value')).toMatchObject([
      { properties: { isSystemProtected: true, scope: nodeGroup('down'), permissions: [{ notActions: [] }] } },
    ]);
    expect(await send('PATCH', vnet, { tags: { mine: 'yes' } })).toMatchObject({
      status: 403,
      body: { error: { code: 'DenyAssignmentAuthorizationFailed', message: expect.stringContaining('lockdown') } },
    });
    const registry = `${group('mine')}/providers/Microsoft.ContainerRegistry/registries/down01`;
    await azure.put(registry, { location, sku: { name: 'Premium' } });
    const endpoint = {
      location,
      properties: {
        subnet: { id: `${vnet}/subnets/aks-subnet` },
        privateLinkServiceConnections: [
          { name: 'c', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
        ],
      },
    };
    const zone = `${group('mine')}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
    await azure.put(zone, { location: 'global' });
    const joining: [string, unknown][] = [
      [`${group('mine')}/providers/Microsoft.Network/privateEndpoints/e`, endpoint],
      [
        `${zone}/virtualNetworkLinks/l`,
        { location: 'global', properties: { virtualNetwork: { id: vnet }, registrationEnabled: false } },
      ],
    ];
    for (const [path, body] of joining) {
      expect(await send('PUT', path, body)).toMatchObject({
        status: 403,
        body: {
          error: {
            code: 'LinkedAuthorizationFailed',
            message: expect.stringContaining('blocked by deny assignments'),
          },
        },
      });
    }
    // AKS itself is not kept out.
    const pool = { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } };
    await azure.put(id('down', '/agentPools/more'), pool);

    const open = (await azure.get(id('down'))).body as { properties: Record<string, unknown> };
    open.properties.nodeResourceGroupProfile = { restrictionLevel: 'Unrestricted' };
    await azure.put(id('down'), open);
    expect((await send('PATCH', vnet, { tags: { mine: 'yes' } })).status).toBe(200);
  });
});
