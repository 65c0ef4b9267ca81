import { NetworkManagementClient } from '@azure/arm-network';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, polling, type Started, start, subscription, wireCluster } from './support.ts';

let azure: Started;
let network: NetworkManagementClient;
beforeAll(async () => {
  azure = await start();
  network = new NetworkManagementClient(azure.credential, subscription, azure.client);
  await azure.resources.resourceGroups.createOrUpdate('net', { location });
});
afterAll(() => azure.simulator.close());

const v = 'api-version=2025-07-01';
const vnet = (name: string, tail = '') =>
  `${group('net')}/providers/Microsoft.Network/virtualNetworks/${name}${tail}?${v}`;
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
  expect((await azure.settled(created)).body).toEqual({ status: 'Succeeded' });
});

test('a subnet PUT replaces the subnet and changes every ETag of the network', async () => {
  await azure.settled(
    await azure.send('PUT', vnet('replaced'), body(['a', '192.168.1.0/24'], ['b', '192.168.2.0/24'])),
  );
  const before = (await azure.send('GET', vnet('replaced', '/subnets/b'))).at('etag');
  const put = (properties: Record<string, unknown>) =>
    azure.send('PUT', vnet('replaced', '/subnets/a'), { properties });
  await azure.settled(await put({ addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false }));
  expect((await azure.send('GET', vnet('replaced', '/subnets/a'))).at('properties.defaultOutboundAccess')).toBe(false);
  await azure.settled(await put({ addressPrefix: '192.168.1.0/24' }));
  expect(
    (await azure.send('GET', vnet('replaced', '/subnets/a'))).at('properties.defaultOutboundAccess'),
  ).toBeUndefined();
  expect((await azure.send('GET', vnet('replaced', '/subnets/b'))).at('etag')).not.toBe(before);
});

test('writes under one network are serial', async () => {
  const slow = await start({ speed: 50 });
  try {
    await slow.resources.resourceGroups.createOrUpdate('net', { location });
    const created = await slow.send('PUT', vnet('busy'), body());
    const subnet = { properties: { addressPrefix: '192.168.1.0/24' } };
    expect(await slow.send('PUT', vnet('busy', '/subnets/a'), subnet)).toMatchObject({
      status: 409,
      body: { error: { code: 'AnotherOperationInProgress' } },
    });
    await slow.settled(created);
    expect((await slow.send('PUT', vnet('busy', '/subnets/a'), subnet)).status).toBe(201);
  } finally {
    await slow.simulator.close();
  }
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
  await azure.settled(
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
  await azure.settled(
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
  await azure.settled(created);
  await azure.aks.managedClusters.delete('net', 'c', polling);
  await network.subnets.delete('net', 'used', 'api', polling);
  expect(await azure.send('GET', vnet('used', '/subnets/api'))).toMatchObject({
    status: 404,
    body: { error: { code: 'NotFound' } },
  });
  await network.virtualNetworks.delete('net', 'used', polling);
  expect((await azure.send('GET', vnet('used'))).status).toBe(404);
});
