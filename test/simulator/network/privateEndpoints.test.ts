import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { NetworkManagementClient } from '@azure/arm-network';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  all,
  group,
  hold,
  location,
  polling,
  refused,
  type Started,
  secondsOf,
  start,
  subscription,
  versioned,
} from '../support.ts';
import {
  body,
  connection,
  connectionsOf,
  endpoint,
  networkBody,
  networkProvider,
  premium,
  prepareNetwork,
  registryId,
  rg,
  shownAddresses,
  subnet,
  vnet,
} from './endpoints.ts';

let azure: Started;
let client: NetworkManagementClient;
let acr: ContainerRegistryManagementClient;
beforeAll(async () => {
  azure = await start();
  client = new NetworkManagementClient(azure.credential, subscription, azure.client);
  acr = new ContainerRegistryManagementClient(azure.credential, subscription, azure.client);
  await prepareNetwork(azure);
});
afterAll(() => azure.simulator.close());

const send = (method: string, id: string, sent?: unknown) => azure.send(method, versioned(id), sent);
test('an endpoint made through the SDK has its interface, addresses and connection, and takes them along', async () => {
  const made = await client.privateEndpoints.createOrUpdate(
    rg,
    'sdk',
    {
      location,
      subnet: { id: subnet('sdk') },
      privateLinkServiceConnections: [
        { name: 'c', privateLinkServiceId: registryId('endpoints01'), groupIds: ['registry'] },
      ],
    },
    polling,
  );
  const state = { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };
  // The data endpoint has the lower address.
  expect(made).toMatchObject({
    provisioningState: 'Succeeded',
    customDnsConfigs: [
      { fqdn: `endpoints01.${location}.data.azurecr.io`, ipAddresses: ['192.168.2.4'] },
      { fqdn: 'endpoints01.azurecr.io', ipAddresses: ['192.168.2.5'] },
    ],
    privateLinkServiceConnections: [{ provisioningState: 'Succeeded', privateLinkServiceConnectionState: state }],
  });
  const nicName = made.networkInterfaces?.[0]?.id?.split('/').at(-1) ?? '';
  expect(nicName).toMatch(/^sdk\.nic\.[0-9a-f-]{36}$/);
  const member = (requiredMemberName: string, fqdn: string) => ({
    groupId: 'registry',
    requiredMemberName,
    fqdns: [fqdn],
  });
  expect(await client.networkInterfaces.get(rg, nicName)).toMatchObject({
    nicType: 'Standard',
    macAddress: '',
    privateEndpoint: { id: endpoint('sdk') },
    ipConfigurations: [
      {
        privateIPAddress: '192.168.2.4',
        privateIPAllocationMethod: 'Dynamic',
        primary: true,
        privateLinkConnectionProperties: member(`registry_data_${location}`, `endpoints01.${location}.data.azurecr.io`),
      },
      {
        privateIPAddress: '192.168.2.5',
        primary: false,
        privateLinkConnectionProperties: member('registry', 'endpoints01.azurecr.io'),
      },
    ],
  });
  expect(await client.subnets.get(rg, 'v', 'sdk')).toMatchObject({
    privateEndpoints: [{ id: endpoint('sdk') }],
    ipConfigurations: [{ id: expect.stringContaining(nicName) }, { id: expect.stringContaining(nicName) }],
  });
  const sides = await all(acr.privateEndpointConnections.list(rg, 'endpoints01'));
  expect(sides).toMatchObject([{ privateEndpoint: { id: endpoint('sdk') }, privateLinkServiceConnectionState: state }]);

  const nic = `${networkProvider}/networkInterfaces/${nicName}`;
  expect(await send('DELETE', nic)).toMatchObject(refused(400, 'NicWithPrivateEndpointReferenceCannotBeDeleted'));
  expect(await send('DELETE', subnet('sdk'))).toMatchObject(refused(400, 'InUseSubnetCannotBeDeleted'));
  await client.privateEndpoints.delete(rg, 'sdk', polling);
  expect(await secondsOf(azure, 'DELETE', endpoint('sdk'))).toEqual([0.5, 10]);
  expect((await send('GET', nic)).status).toBe(404);
  expect(await connectionsOf(azure, registryId('endpoints01'))).toEqual([]);
  await azure.remove(subnet('sdk'));
  expect((await send('DELETE', endpoint('sdk'))).status).toBe(204);
});

test('the first answer names the interface; addresses come at the end', async () => {
  await hold(azure, 'PUT', '/privateEndpoints/held$');
  const created = await send('PUT', endpoint('held'), body('first'));
  const running = {
    properties: {
      provisioningState: 'Updating',
      networkInterfaces: [{ id: expect.stringContaining('/networkInterfaces/held.nic.') }],
      customNetworkInterfaceName: '',
      ipConfigurations: [],
      customDnsConfigs: [],
      manualPrivateLinkServiceConnections: [],
      privateLinkServiceConnections: [
        {
          properties: {
            provisioningState: 'Succeeded',
            privateLinkServiceConnectionState: { status: 'Approved', description: 'Auto Approved' },
          },
        },
      ],
    },
  };
  expect(created).toMatchObject({ status: 201, body: running });
  expect(created.headers['azure-asyncnotification']).toBe('Enabled');
  expect(created.headers.location).toBeUndefined();
  expect((await azure.get(endpoint('held'))).body).toMatchObject(running);
  const poll = await azure.send('GET', String(created.headers['azure-asyncoperation']));
  expect(poll).toMatchObject({ status: 200, body: { status: 'InProgress' } });

  const first = await send('PUT', endpoint('first'), body('first'));
  await azure.answerAtEnd(first);
  expect(await secondsOf(azure, 'PUT', endpoint('first'))).toEqual([0.5, 60]);
  const done = await azure.get(endpoint('first'));
  expect(done.at('properties.networkInterfaces')).toEqual(first.at('properties.networkInterfaces'));
  expect(done.at('properties.customDnsConfigs')).toHaveLength(2);
  expect(done.headers.etag).toBe(done.at('etag'));
});

test('endpoints in one subnet share its addresses, and give them back', async () => {
  await azure.put(endpoint('one'), body('shared'));
  await azure.put(endpoint('two'), body('shared', registryId('endpoints02')));
  expect(await shownAddresses(azure, endpoint('one'))).toEqual(['192.168.6.4', '192.168.6.5']);
  expect(await shownAddresses(azure, endpoint('two'))).toEqual(['192.168.6.6', '192.168.6.7']);
  // Written again, an endpoint keeps its own.
  const again = await send('PUT', endpoint('two'), body('shared', registryId('endpoints02')));
  expect(again.status).toBe(200);
  await azure.answerAtEnd(again);
  expect(await shownAddresses(azure, endpoint('two'))).toEqual(['192.168.6.6', '192.168.6.7']);
  await azure.remove(endpoint('one'));
  await azure.put(endpoint('three'), body('shared'));
  expect(await shownAddresses(azure, endpoint('three'))).toEqual(['192.168.6.4', '192.168.6.5']);
});

test('every member needs an address', async () => {
  await azure.put(endpoint('narrow'), body('narrow'));
  expect(await send('PUT', endpoint('wide'), body('narrow'))).toMatchObject(refused(400, 'SubnetIsFull'));
  const again = await send('PUT', endpoint('narrow'), body('narrow'));
  expect(again.status).toBe(200);
  await azure.answerAtEnd(again);
  expect(await shownAddresses(azure, endpoint('narrow'))).toEqual(['192.168.20.4', '192.168.20.5']);
});

describe('impossible endpoints', () => {
  beforeAll(async () => {
    for (const sku of ['Basic', 'Standard'])
      await azure.put(registryId(`endpoints${sku}`), { location, sku: { name: sku } });
    await azure.put(endpoint('fixed'), body('first'));
  });

  const to = (id: string) => ({ ...body('first', id) });
  const withConnections = (given: unknown) => ({
    location,
    properties: { subnet: { id: subnet('first') }, privateLinkServiceConnections: given },
  });
  test.each<[string, unknown, string]>([
    ['a Basic registry', to(registryId('endpointsBasic')), 'PrivateEndpointFeatureNotSupportedForSku'],
    ['a Standard registry', to(registryId('endpointsStandard')), 'PrivateEndpointFeatureNotSupportedForSku'],
    ['a registry that is not there', to(registryId('endpoints99')), 'InvalidResourceReference'],
    ['something else than a registry', to(vnet), 'InvalidResourceReference'],
    ['an unknown group ID', withConnections(connection(registryId('endpoints01'), ['blob'])), 'InvalidGroupId'],
    ['no group ID', withConnections(connection(registryId('endpoints01'), [])), 'InvalidGroupId'],
    ['no connection', withConnections([]), 'InvalidRequestFormat'],
    ['a subnet that is not there', body('nowhere'), 'InvalidResourceReference'],
    ['a network in another region', { ...body('first'), location: 'eastus' }, 'InvalidResourceReference'],
    ['a delegated subnet', body('delegated'), 'PrivateEndpointCannotBeCreatedInDelegatedSubnet'],
  ])('%s is refused', async (_what, sent, code) => {
    expect(await send('PUT', endpoint('refused'), sent)).toMatchObject(refused(400, code));
    expect((await send('GET', endpoint('refused'))).status).toBe(404);
  });

  test.each([
    ['subnet', body('moved')],
    ['registry', body('first', registryId('endpoints02'))],
  ])('another %s for an endpoint is refused', async (_what, sent) => {
    expect(await send('PUT', endpoint('fixed'), sent)).toMatchObject(refused(400, 'PropertyChangeNotAllowed'));
  });
});

describe('one after the other', () => {
  let busy: Started;
  beforeAll(async () => {
    busy = await start();
  });
  afterAll(() => busy.simulator.close());

  const first = { properties: { addressPrefix: '192.168.1.0/24', defaultOutboundAccess: false } };
  const anonymous = { properties: { anonymousPullEnabled: true } };
  const retryable = { code: 'RetryableError', details: [{ code: 'ReferencedResourceNotProvisioned' }] };
  const running = { code: 'RetryableErrorDueToAnotherOperation' };
  type Write = [string, string, unknown?];
  const putFirst: Write = ['PUT', endpoint('a'), body('first')];
  const putSubnet: Write = ['PUT', subnet('first'), first];
  test.each<[string, Write, Write, object]>([
    ['an endpoint waits for its subnet', putSubnet, putFirst, retryable],
    ['an endpoint waits for its network', ['PUT', vnet, networkBody], putFirst, retryable],
    ['an endpoint waits for its registry', ['PATCH', registryId('endpoints01'), anonymous], putFirst, retryable],
    ['a subnet waits for its endpoint', putFirst, putSubnet, retryable],
    ['a network waits for its endpoint', putFirst, ['DELETE', vnet], retryable],
    ['an endpoint waits for itself', putFirst, putFirst, running],
    ['the deletion of an endpoint waits for itself', putFirst, ['DELETE', endpoint('a')], running],
  ])('%s', async (_what, [method, id, sent], [nextMethod, next, nextSent], error) => {
    await busy.send('POST', '/simulator/reset');
    await busy.put(group(rg), { location });
    await busy.put(vnet, networkBody);
    await busy.put(registryId('endpoints01'), premium);
    await hold(busy, method, `${id}$`);
    expect((await busy.send(method, versioned(id), sent)).status).toBeLessThan(300);
    const answer = await busy.send(nextMethod, versioned(next), nextSent);
    expect(answer).toMatchObject({ status: 429, body: { error } });
    // Other endpoints in the subnet need not wait for an endpoint.
    const other = await busy.send('PUT', `${endpoint('b')}?api-version=2025-07-01`, body('first'));
    expect(other.status).toBe(id === endpoint('a') ? 201 : 429);
  });
});

test('a private DNS zone group writes the records, hides the addresses, and takes the records away again', async () => {
  const id = endpoint('grouped');
  const zone = `${networkProvider}/privateDnsZones/privatelink.azurecr.io`;
  const zoneGroup = `${id}/privateDnsZoneGroups/default`;
  const configs = { privateDnsZoneConfigs: [{ name: 'registry', properties: { privateDnsZoneId: zone } }] };
  await azure.put(zone, { location: 'global' });
  await azure.put(id, body('grouped', registryId('endpoints02')));
  const addresses = (await azure.get(id)).at('properties.customDnsConfigs');
  expect(addresses).toHaveLength(2);

  const made = await azure.put(zoneGroup, { properties: configs });
  const recordSets = made.at('properties.privateDnsZoneConfigs.0.properties.recordSets');
  expect(recordSets).toEqual([
    expect.objectContaining({ recordSetName: 'endpoints02.westeurope.data', ipAddresses: ['192.168.8.4'] }),
    expect.objectContaining({ recordSetName: 'endpoints02', ipAddresses: ['192.168.8.5'] }),
  ]);
  expect((await azure.get(id)).at('properties.customDnsConfigs')).toEqual([]);
  expect((await azure.get(`${zone}/A/endpoints02`)).at('properties.aRecords.0.ipv4Address')).toBe('192.168.8.5');
  const second = await azure.send('PUT', `${id}/privateDnsZoneGroups/second?api-version=2025-07-01`, {
    properties: configs,
  });
  expect(second).toMatchObject({ status: 400, body: { error: { code: 'PrivateDnsZoneGroupLimitExceeded' } } });

  await azure.remove(zoneGroup);
  expect((await azure.get(id)).at('properties.customDnsConfigs')).toEqual(addresses);
  expect((await azure.get(`${zone}/A/endpoints02`)).status).toBe(404);
  await azure.put(zoneGroup, { properties: configs });
  await azure.remove(id);
  expect((await azure.get(`${zone}/A/endpoints02`)).status).toBe(404);
});

test('an endpoint of another service has an address for each of its groups, and its subnet shows it', async () => {
  const storage = `${group(rg)}/providers/Microsoft.Storage/storageAccounts/theirs`;
  await azure.put(endpoint('storage'), {
    location,
    properties: { subnet: { id: subnet('shared') }, privateLinkServiceConnections: connection(storage, ['blob']) },
  });
  const made = await azure.get(endpoint('storage'));
  expect(made.at('properties.customDnsConfigs')).toEqual([
    { fqdn: 'theirs.blob.core.windows.net', ipAddresses: [expect.stringMatching(/^192\.168\./)] },
  ]);
  const shared = await azure.get(subnet('shared'));
  expect(shared.at('properties.privateEndpoints')).toContainEqual({ id: endpoint('storage') });
  const zone = `${networkProvider}/privateDnsZones/privatelink.blob.core.windows.net`;
  await azure.put(zone, { location: 'global' });
  await azure.put(`${endpoint('storage')}/privateDnsZoneGroups/default`, {
    properties: { privateDnsZoneConfigs: [{ name: 'blob', properties: { privateDnsZoneId: zone } }] },
  });
  expect((await azure.get(`${zone}/A/theirs`)).at('properties.aRecords')).toHaveLength(1);
});
