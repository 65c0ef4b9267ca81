import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ResetRequest } from '../../../simulator/index.ts';
import { group, isolatedCluster, location, type Started, start, versioned } from '../support.ts';

type Policy = NonNullable<ResetRequest['policies']>[number];

let azure: Started;
beforeAll(async () => {
  azure = await start();
});
afterAll(() => azure.simulator.close());

/** A fresh world with these policies, and a group with the tag `cost`. */
async function world(...policies: Policy[]): Promise<void> {
  await azure.send('POST', '/simulator/reset', { policies });
  await azure.put(group('rg'), { location, tags: { cost: '42' } });
}
const provider = (path: string) => `${group('rg')}/providers/${path}`;
const vnet = provider('Microsoft.Network/virtualNetworks/v');
const registry = provider('Microsoft.ContainerRegistry/registries/policies01');
const network = {
  location,
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
    subnets: [{ name: 's', properties: { addressPrefix: '10.0.1.0/24' } }],
  },
};
const endpointId = provider('Microsoft.Network/privateEndpoints/e');
const endpoint = {
  location,
  properties: {
    subnet: { id: `${vnet}/subnets/s` },
    privateLinkServiceConnections: [
      { name: 'c', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
    ],
  },
};
const premium = { location, sku: { name: 'Premium' } };
const zone = provider('Microsoft.Network/privateDnsZones/privatelink.azurecr.io');
const send = (method: string, id: string, body?: unknown) => azure.send(method, versioned(id), body);
const refused = (name: string, by: string) => ({
  status: 403,
  headers: { 'x-ms-failure-cause': 'gateway' },
  body: {
    error: {
      code: 'RequestDisallowedByPolicy',
      target: name,
      message: expect.stringMatching(
        new RegExp(`^Resource '${name}' was disallowed by policy.*policyAssignments/${by}"`),
      ),
    },
  },
});

describe('a policy', () => {
  test('denies what it is about, at creation and at every change', async () => {
    await world({
      name: 'no-public-registries',
      scope: group('rg').toUpperCase(),
      type: 'Microsoft.ContainerRegistry/registries',
      where: [{ path: 'properties.publicNetworkAccess', notEquals: 'Disabled' }],
      does: { effect: 'deny' },
    });
    expect(await send('PUT', registry, premium)).toMatchObject(refused('policies01', 'no-public-registries'));
    expect((await azure.get(registry)).status).toBe(404);
    const closed = { ...premium, properties: { publicNetworkAccess: 'Disabled' } };
    await azure.put(registry, closed);
    const patch = (properties: Record<string, unknown>) => send('PATCH', registry, { properties });
    expect(await patch({ publicNetworkAccess: 'Enabled' })).toMatchObject(
      refused('policies01', 'no-public-registries'),
    );
    // The rest of the resource is looked at together with the change.
    expect((await patch({ anonymousPullEnabled: true })).status).toBe(201);
    // Another group and another type are none of its business.
    await azure.put(group('elsewhere'), { location });
    await azure.put(registry.replace(group('rg'), group('elsewhere')).replace('01', '02'), premium);
    await azure.put(vnet, network);
  });

  test('is in force from the moment it is assigned, and can be read', async () => {
    await world();
    await azure.put(vnet, network);
    const deny: Policy = { name: 'frozen', type: 'Microsoft.Network/virtualNetworks', does: { effect: 'deny' } };
    expect((await azure.send('PUT', '/simulator/policies', [deny])).status).toBe(204);
    expect(await send('PUT', vnet, network)).toMatchObject(refused('v', 'frozen'));
    const assigned = await send('GET', `${vnet}/providers/Microsoft.Authorization/policyAssignments`);
    expect(assigned.at('value')).toMatchObject([{ name: 'frozen', properties: { displayName: 'frozen', scope: '/' } }]);
    expect((await azure.send('PUT', '/simulator/policies', [{ name: 'nothing' }])).status).toBe(400);
  });

  test('strips tags, gives tags, and takes them from the group', async () => {
    const modify = (
      name: string,
      ...operations: Extract<Policy['does'], { effect: 'modify' }>['operations']
    ): Policy => ({
      name,
      does: { effect: 'modify', operations },
    });
    await world(
      modify('strip', { operation: 'remove', path: 'tags.marks' }),
      modify('inherit', { operation: 'add', path: 'tags.cost', from: 'resourceGroup' }),
      modify('enforce', { operation: 'addOrReplace', path: 'tags.owner', value: 'platform' }),
    );
    const tags = { marks: 'mine', owner: 'me', other: 'kept' };
    expect((await azure.put(vnet, { ...network, tags })).at('tags')).toEqual({
      other: 'kept',
      owner: 'platform',
      cost: '42',
    });
    const own = { ...premium, tags: { cost: '7' } };
    expect((await send('PUT', registry, own)).at('tags')).toEqual({ cost: '7', owner: 'platform' });
    // A subnet has no tags.
    await azure.put(`${vnet}/subnets/t`, { properties: { addressPrefix: '10.0.2.0/24' } });
  });

  test('keeps the network policies of subnets on', async () => {
    const path = 'properties.privateEndpointNetworkPolicies';
    await world({
      name: 'policies-on',
      type: 'Microsoft.Network/virtualNetworks/subnets',
      does: { effect: 'modify', operations: [{ operation: 'addOrReplace', path, value: 'Enabled' }] },
    });
    await azure.put(vnet, { ...network, properties: { ...network.properties, subnets: [] } });
    const off = { properties: { addressPrefix: '10.0.1.0/24', privateEndpointNetworkPolicies: 'Disabled' } };
    expect((await azure.put(`${vnet}/subnets/s`, off)).at(path)).toBe('Enabled');
  });

  test('writes the DNS records of an endpoint once it is made', async () => {
    const zoneGroup = '{id}/privateDnsZoneGroups/deployedByPolicy';
    const body = {
      properties: { privateDnsZoneConfigs: [{ name: '{name}', properties: { privateDnsZoneId: zone } }] },
    };
    await world({
      name: 'dns',
      type: 'Microsoft.Network/privateEndpoints',
      does: { effect: 'deployIfNotExists', deploys: [{ path: zoneGroup, body }] },
    });
    await azure.put(vnet, network);
    await azure.put(registry, premium);
    await azure.put(zone, { location: 'global' });
    await azure.put(endpointId, endpoint);
    expect((await azure.get(`${zone}/A/policies01`)).status).toBe(404);
    await azure.send('POST', '/simulator/clock', { advanceSeconds: 120 });
    expect((await azure.get(`${zone}/A/policies01`)).at('properties.aRecords')).toHaveLength(1);
    expect((await azure.get(`${endpointId}/privateDnsZoneGroups/deployedByPolicy`)).body).toMatchObject({
      properties: { privateDnsZoneConfigs: [{ name: 'e' }] },
    });
  });

  test('meets AKS where it makes its own registry: the creation fails late', async () => {
    await world({
      name: 'no-private-link-zones',
      type: 'Microsoft.Network/privateDnsZones',
      resource: '^privatelink\\.',
      does: { effect: 'deny' },
    });
    const poller = azure.aks.managedClusters.createOrUpdate('rg', 'c', isolatedCluster(), { updateIntervalInMs: 15 });
    await expect(poller).rejects.toThrow('RequestDisallowedByPolicy');
    expect((await azure.aks.managedClusters.get('rg', 'c')).provisioningState).toBe('Failed');
  });
});
