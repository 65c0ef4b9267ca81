import { NetworkManagementClient } from '@azure/arm-network';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  group,
  hold,
  location,
  polling,
  release,
  type Started,
  secondsOf,
  start,
  subscription,
  versioned,
  wireCluster,
} from '../support.ts';

let azure: Started;
let network: NetworkManagementClient;
beforeAll(async () => {
  azure = await start();
  network = new NetworkManagementClient(azure.credential, subscription, azure.client);
  await azure.resources.resourceGroups.createOrUpdate('net', { location });
});
afterAll(() => azure.simulator.close());

const vnet = (name: string, tail = '') =>
  versioned(`${group('net')}/providers/Microsoft.Network/virtualNetworks/${name}${tail}`);
const body = (...subnets: [string, string][]) => ({
  location,
  properties: {
    addressSpace: { addressPrefixes: ['192.168.0.0/16'] },
    subnets: subnets.map(([name, addressPrefix]) => ({ name, properties: { addressPrefix } })),
  },
});

test('a network and its subnets are made through the SDK', async () => {
  const made = await network.virtualNetworks.createOrUpdate(
    'net',
    'sdk',
    { location, addressSpace: { addressPrefixes: ['192.168.0.0/16'] } },
    polling,
  );
  expect(made).toMatchObject({ provisioningState: 'Succeeded', subnets: [] });
  const subnet = await network.subnets.createOrUpdate(
    'net',
    'sdk',
    'aks',
    {
      addressPrefix: '192.168.1.0/24',
      defaultOutboundAccess: false,
      delegations: [{ name: 'd', serviceName: 'Microsoft.ContainerService/managedClusters' }],
    },
    polling,
  );
  expect(subnet).toMatchObject({
    provisioningState: 'Succeeded',
    defaultOutboundAccess: false,
    privateEndpointNetworkPolicies: 'Disabled',
    delegations: [
      { serviceName: 'Microsoft.ContainerService/managedClusters', actions: [expect.stringContaining('join/action')] },
    ],
  });
  expect((await network.virtualNetworks.get('net', 'sdk')).subnets).toHaveLength(1);
});

test('a PUT answers Updating with the async header, and drops enableVmProtection', async () => {
  const first = body();
  const sent = { ...first, properties: { ...first.properties, enableVmProtection: false } };
  const created = await azure.send('PUT', vnet('plain'), sent);
  expect(created).toMatchObject({
    status: 201,
    body: {
      properties: {
        provisioningState: 'Updating',
        subnets: [],
        virtualNetworkPeerings: [],
        privateEndpointVNetPolicies: 'Disabled',
      },
    },
  });
  expect(created.at('properties.enableVmProtection')).toBeUndefined();
  expect(created.headers['azure-asyncnotification']).toBe('Enabled');
  expect(created.headers.location).toBeUndefined();
  expect((await azure.answerAtEnd(created)).body).toEqual({ status: 'Succeeded' });
});

test('a subnet PUT replaces the subnet and changes every ETag of the network', async () => {
  await azure.answerAtEnd(
    await azure.send('PUT', vnet('replaced'), body(['a', '192.168.1.0/24'], ['b', '192.168.2.0/24'])),
  );
  const before = (await azure.send('GET', vnet('replaced', '/subnets/b'))).at('etag');
  const put = (properties: Record<string, unknown>) =>
    azure.send('PUT', vnet('replaced', '/subnets/a'), { properties });
  await azure.answerAtEnd(await put({ addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false }));
  expect((await azure.send('GET', vnet('replaced', '/subnets/a'))).at('properties.defaultOutboundAccess')).toBe(false);
  await azure.answerAtEnd(await put({ addressPrefix: '192.168.1.0/24' }));
  expect(
    (await azure.send('GET', vnet('replaced', '/subnets/a'))).at('properties.defaultOutboundAccess'),
  ).toBeUndefined();
  expect((await azure.send('GET', vnet('replaced', '/subnets/b'))).at('etag')).not.toBe(before);
});

test('writes under one network are serial', async () => {
  await hold(azure, 'PUT', '/virtualNetworks/busy$');
  const created = await azure.send('PUT', vnet('busy'), body());
  const subnet = { properties: { addressPrefix: '192.168.1.0/24' } };
  expect(await azure.send('PUT', vnet('busy', '/subnets/a'), subnet)).toMatchObject({
    status: 409,
    body: { error: { code: 'AnotherOperationInProgress' } },
  });
  await release(azure);
  await azure.answerAtEnd(created);
  expect((await azure.send('PUT', vnet('busy', '/subnets/a'), subnet)).status).toBe(201);
});

test.each([
  ['overlapping', '192.168.1.128/25', 'NetcfgInvalidSubnet'],
  ['outside', '10.0.0.0/24', 'NetcfgSubnetRangeOutsideVnet'],
  ['malformed', '192.168.300.0/24', 'InvalidCIDRNotation'],
])('an %s range is refused', async (_what, range, code) => {
  const answer = await azure.send('PUT', vnet(`ranges-${code}`), body(['a', '192.168.1.0/24'], ['b', range]));
  expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
});

test('a subnet in use stays, and keeps its delegation', async () => {
  await azure.answerAtEnd(
    await azure.send('PUT', vnet('used'), body(['nodes', '192.168.1.0/24'], ['api', '192.168.3.0/28'])),
  );
  const delegations = [{ name: 'aks', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }];
  const id = `${group('net')}/providers/Microsoft.Network/virtualNetworks/used/subnets`;
  const properties = {
    agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vnetSubnetID: `${id}/nodes` }],
    apiServerAccessProfile: { enablePrivateCluster: true, enableVnetIntegration: true, subnetId: `${id}/api` },
  };
  const cluster = `${group('net')}/providers/Microsoft.ContainerService/managedClusters/c?api-version=2026-06-01`;
  expect(await azure.send('PUT', cluster, wireCluster(properties))).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('must be delegated') },
  });
  await azure.answerAtEnd(
    await azure.send('PUT', vnet('used', '/subnets/api'), {
      properties: { addressPrefix: '192.168.3.0/28', delegations },
    }),
  );
  const created = await azure.send('PUT', cluster, wireCluster(properties));
  expect(created.status).toBe(201);

  const inUse = { status: 400, body: { error: { code: 'InUseSubnetCannotBeDeleted' } } };
  expect(await azure.send('DELETE', vnet('used', '/subnets/nodes'))).toMatchObject(inUse);
  expect(await azure.send('DELETE', vnet('used'))).toMatchObject(inUse);
  expect(await azure.send('PUT', vnet('used'), body(['nodes', '192.168.1.0/24']))).toMatchObject(inUse);
  const bare = { properties: { addressPrefix: '192.168.3.0/28' } };
  expect(await azure.send('PUT', vnet('used', '/subnets/api'), bare)).toMatchObject({
    status: 400,
    body: { error: { code: 'SubnetMissingRequiredDelegation' } },
  });
  await azure.answerAtEnd(created);
  await azure.aks.managedClusters.delete('net', 'c', polling);
  await network.subnets.delete('net', 'used', 'api', polling);
  expect(await azure.send('GET', vnet('used', '/subnets/api'))).toMatchObject({
    status: 404,
    body: { error: { code: 'NotFound' } },
  });
  await network.virtualNetworks.delete('net', 'used', polling);
  expect((await azure.send('GET', vnet('used'))).status).toBe(404);
});

const idOf = (name: string, tail = '') => vnet(name, tail).split('?')[0] ?? '';

test('an update answers 200, Updating until its end ten seconds later; a deletion both headers', async () => {
  await azure.put(idOf('updated'), body(['a', '192.168.1.0/24']));
  expect(await secondsOf(azure, 'PUT', idOf('updated'))).toEqual([0.5, 10]);
  await hold(azure, 'PUT', '/virtualNetworks/updated$');
  const sent = { ...body(['a', '192.168.1.0/24'], ['b', '192.168.2.0/24']), tags: { a: 'b' } };
  const updated = await azure.send('PUT', vnet('updated'), sent);
  const updating = { properties: { provisioningState: 'Updating' } };
  expect(updated).toMatchObject({
    status: 200,
    body: { ...updating, tags: { a: 'b' } },
  });
  expect(updated.at('properties.subnets')).toMatchObject([updating, updating]);
  expect((await azure.send('GET', String(updated.headers['azure-asyncoperation']))).body).toEqual({
    status: 'InProgress',
  });

  const { status } = await azure.send('PUT', vnet('sub', '/subnets/a'), { properties: {} });
  expect(status).toBe(404);
  await azure.put(idOf('sub'), body());
  const subnet = { properties: { addressPrefix: '192.168.1.0/24' } };
  const statuses: number[] = [];
  for (let times = 0; times < 2; times += 1) {
    const answer = await azure.send('PUT', vnet('sub', '/subnets/a'), subnet);
    expect(answer.body).toMatchObject(updating);
    await azure.answerAtEnd(answer);
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([201, 200]);
  const patched = await azure.send('PATCH', vnet('sub'), { tags: { c: 'd' } });
  expect(patched).toMatchObject({ status: 200, body: { tags: { c: 'd' } } });
  expect(patched.at('properties.subnets')).toHaveLength(1);
  const deleted = await azure.send('DELETE', vnet('sub', '/subnets/a'));
  expect(deleted).toMatchObject({ status: 202, headers: { location: expect.stringContaining('/operationResults/') } });
  await azure.answerAtEnd(deleted);
  expect((await azure.send('DELETE', vnet('sub', '/subnets/a'))).status).toBe(204);
});

test('a network PUT is the whole truth about its subnets', async () => {
  await azure.put(idOf('whole'), body(['a', '192.168.1.0/24'], ['b', '192.168.2.0/24']));
  const etag = (await azure.get(idOf('whole', '/subnets/a'))).at('etag');
  await azure.put(idOf('whole'), body(['a', '192.168.3.0/24']));
  const read = await azure.get(idOf('whole'));
  expect(read.at('properties.subnets')).toMatchObject([{ name: 'a', properties: { addressPrefix: '192.168.3.0/24' } }]);
  expect((await azure.get(idOf('whole', '/subnets/b'))).status).toBe(404);
  expect((await azure.get(idOf('whole', '/subnets/a'))).at('etag')).not.toBe(etag);
  expect(read.headers.etag).toBe(read.at('etag'));
});

test('a network that is read and put again keeps nothing that was only shown', async () => {
  const registry = `${group('net')}/providers/Microsoft.ContainerRegistry/registries/readback01`;
  const endpoint = `${group('net')}/providers/Microsoft.Network/privateEndpoints/readback`;
  await azure.put(registry, { location, sku: { name: 'Premium' } });
  await azure.put(idOf('read'), body(['a', '192.168.1.0/24']));
  const before = (await azure.get(idOf('read'))).at('properties.subnets.0.properties');
  const privateLinkServiceConnections = [
    { name: 'c', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
  ];
  await azure.put(endpoint, {
    location,
    properties: { subnet: { id: idOf('read', '/subnets/a') }, privateLinkServiceConnections },
  });
  const shown = await azure.get(idOf('read'));
  expect(shown.at('properties.subnets.0.properties.privateEndpoints')).toEqual([{ id: endpoint }]);
  await azure.put(idOf('read'), shown.body);
  await azure.remove(endpoint);
  expect((await azure.get(idOf('read'))).at('properties.subnets.0.properties')).toEqual(before);
});

test('neither does a network PUT take the delegation of a subnet in use', async () => {
  const delegations = [{ name: 'aks', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } }];
  const [nodes, api] = [idOf('held', '/subnets/nodes'), idOf('held', '/subnets/api')];
  const bare = body(['nodes', '192.168.1.0/24'], ['api', '192.168.3.0/28']);
  await azure.put(idOf('held'), bare);
  await azure.put(api, { properties: { addressPrefix: '192.168.3.0/28', delegations } });
  const cluster = `${group('net')}/providers/Microsoft.ContainerService/managedClusters/delegated`;
  const created = await azure.send(
    'PUT',
    `${cluster}?api-version=2026-06-01`,
    wireCluster({
      agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vnetSubnetID: nodes }],
      apiServerAccessProfile: { enablePrivateCluster: true, enableVnetIntegration: true, subnetId: api },
    }),
  );
  expect(created.status).toBe(201);
  expect(await azure.send('PUT', vnet('held'), bare)).toMatchObject({
    status: 400,
    body: { error: { code: 'SubnetMissingRequiredDelegation' } },
  });
});
