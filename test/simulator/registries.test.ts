import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  all,
  group,
  hold,
  location,
  polling,
  type Started,
  secondsOf,
  start,
  subscription,
  versioned,
} from './support.ts';

let azure: Started;
let acr: ContainerRegistryManagementClient;
beforeAll(async () => {
  azure = await start();
  acr = new ContainerRegistryManagementClient(azure.credential, subscription, azure.client);
  await azure.resources.resourceGroups.createOrUpdate('acr', { location });
});
afterAll(() => azure.simulator.close());

const registry = (name: string, tail = '') =>
  versioned(`${group('acr')}/providers/Microsoft.ContainerRegistry/registries/${name}${tail}`);
const premium = { location, sku: { name: 'Premium' } };

test('a registry and its cache rule are made, changed and deleted through the SDK', async () => {
  const made = await acr.registries.create('acr', 'demo01', { ...premium, publicNetworkAccess: 'Disabled' }, polling);
  expect(made).toMatchObject({
    provisioningState: 'Succeeded',
    loginServer: 'demo01.azurecr.io',
    publicNetworkAccess: 'Disabled',
    anonymousPullEnabled: false,
    sku: { name: 'Premium', tier: 'Premium' },
  });
  const updated = await acr.registries.update('acr', 'demo01', { anonymousPullEnabled: true }, polling);
  expect(updated.anonymousPullEnabled).toBe(true);
  const rule = { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' };
  expect(await acr.cacheRules.create('acr', 'demo01', 'aks-managed-mcr', rule, polling)).toMatchObject(rule);
  await acr.cacheRules.delete('acr', 'demo01', 'aks-managed-mcr', polling);
  expect((await azure.send('GET', registry('demo01', '/cacheRules/aks-managed-mcr'))).status).toBe(404);
  await acr.registries.delete('acr', 'demo01', polling);
  expect((await azure.send('GET', registry('demo01'))).status).toBe(404);
});

test('the operation lives below the resource, runs as Creating, and is re-signed on every poll', async () => {
  const created = await azure.send('PUT', registry('demo02'), premium);
  expect(created).toMatchObject({ status: 201, body: { properties: { provisioningState: 'Creating' } } });
  const url = String(created.headers['azure-asyncoperation']);
  expect(url).toContain('/registries/demo02/operationStatuses/registries-');
  const done = await azure.settled(created);
  expect(done.headers['azure-asyncoperation']).not.toBe(url);
  expect(done.headers['azure-asyncoperation']?.split('?')[0]).toBe(url.split('?')[0]);
  expect((await azure.send('PATCH', registry('demo02'), { properties: { anonymousPullEnabled: true } })).status).toBe(
    201,
  );
});

test('names are taken once for all subscriptions', async () => {
  await azure.settled(await azure.send('PUT', registry('demo03'), premium));
  const check = versioned(`/subscriptions/${subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability`);
  const type = 'Microsoft.ContainerRegistry/registries';
  expect((await azure.send('POST', check, { name: 'Demo03', type })).body).toMatchObject({
    nameAvailable: false,
    reason: 'AlreadyExists',
  });
  expect((await azure.send('POST', check, { name: 'demo04', type })).body).toMatchObject({ nameAvailable: true });
  const other = registry('demo03').replaceAll(subscription, subscription.replaceAll('1', '2'));
  const elsewhere = other.split('/providers/')[0];
  await azure.send('PUT', versioned(`${elsewhere}`), { location });
  expect(await azure.send('PUT', other, premium)).toMatchObject({
    status: 409,
    body: { error: { code: 'AlreadyInUse' } },
  });
});

const id = (name: string, tail = '') => registry(name, tail).split('?')[0] ?? '';
const put = (name: string, body: unknown, tail = '') => azure.send('PUT', registry(name, tail), body);
const patch = (name: string, properties: Record<string, unknown>) =>
  azure.send('PATCH', registry(name), { properties });
const refused = (status: number, code: string) => ({ status, body: { error: { code, message: expect.any(String) } } });
const mcr = { properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' } };

test('a registry is answered late, with its defaults, and settles ten seconds later', async () => {
  const properties = { networkRuleSet: { defaultAction: 'Deny' }, publicNetworkAccess: 'Disabled', encryption: null };
  const created = await put('defaults01', { ...premium, properties });
  expect(created).toMatchObject({
    status: 201,
    headers: { 'api-supported-versions': expect.any(String) },
    body: {
      sku: { name: 'Premium', tier: 'Premium' },
      tags: {},
      systemData: { createdByType: 'Application' },
      properties: {
        provisioningState: 'Creating',
        publicNetworkAccess: 'Disabled',
        networkRuleSet: { defaultAction: 'Deny', ipRules: [] },
        networkRuleBypassOptions: 'AzureServices',
        adminUserEnabled: false,
        dataEndpointEnabled: false,
        dataEndpointHostNames: [],
        privateEndpointConnections: [],
        encryption: { status: 'disabled' },
        zoneRedundancy: 'Disabled',
        roleAssignmentMode: 'LegacyRegistryPermissions',
      },
    },
  });
  expect(created.headers.location).toBeUndefined();
  expect((await azure.settled(created)).body).toEqual({ status: 'Succeeded' });
  expect(await secondsOf(azure, 'PUT', id('defaults01'))).toEqual([8, 10]);
  expect((await azure.send('GET', registry('defaults01'))).at('properties.provisioningState')).toBe('Succeeded');
  const changed = await patch('defaults01', { anonymousPullEnabled: true });
  expect(changed).toMatchObject({ status: 201, body: { properties: { provisioningState: 'Updating' } } });
  await azure.settled(changed);
  // A PUT keeps what it does not name.
  const again = await put('defaults01', premium);
  expect(again).toMatchObject({ status: 200, body: { properties: { anonymousPullEnabled: true } } });
});

test('a registry is gone as soon as its deletion is answered', async () => {
  await azure.put(id('gone01'), premium);
  await azure.put(id('gone01', '/cacheRules/aks-managed-mcr'), mcr);
  const deleted = await azure.send('DELETE', registry('gone01'));
  expect(deleted).toMatchObject({ status: 200, body: undefined });
  expect(deleted.headers.location).toBeUndefined();
  expect(Object.keys(await azure.state()).filter((key) => key.includes('gone01'))).toEqual([]);
  expect((await azure.send('DELETE', registry('gone01'))).status).toBe(204);
});

test('whether a name is free counts as a read', async () => {
  const check = versioned(`/subscriptions/${subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability`);
  const ask = (name: string) => azure.send('POST', check, { name, type: 'Microsoft.ContainerRegistry/registries' });
  const free = await ask('Demo05');
  expect(free.body).toEqual({ nameAvailable: true, availableLoginServerName: 'demo05.azurecr.io' });
  expect(free.headers).toHaveProperty('x-ms-ratelimit-remaining-subscription-reads');
  expect(free.headers).not.toHaveProperty('x-ms-ratelimit-remaining-subscription-writes');
  for (const name of ['four', 'with-dash', 'a'.repeat(51)]) {
    expect((await ask(name)).body).toMatchObject({ nameAvailable: false, reason: 'Invalid' });
    expect(await put(name, premium)).toMatchObject(refused(400, 'InvalidResourceName'));
  }
});

describe('by SKU', () => {
  const closed = { publicNetworkAccess: 'Disabled' };
  const anonymous = { anonymousPullEnabled: true };
  test.each<[string, Record<string, unknown>, number]>([
    ['Basic', closed, 400],
    ['Standard', closed, 400],
    ['Premium', closed, 201],
    ['Basic', anonymous, 400],
    ['Standard', anonymous, 201],
    ['Premium', anonymous, 201],
  ])('a %s registry with %j: %i', async (name, properties, status) => {
    const answer = await put(`tier${name}${Object.keys(properties)}`, { location, sku: { name }, properties });
    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.at('error.code')).toBe('FeatureNotSupportedForSku');
    const plain = `plain${name}${Object.keys(properties)}`;
    await azure.put(id(plain), { location, sku: { name } });
    expect((await patch(plain, properties)).status).toBe(status);
  });

  test('a registry with an endpoint or a replica stays Premium, as does one that is closed', async () => {
    const vnet = `${group('acr')}/providers/Microsoft.Network/virtualNetworks/v`;
    await azure.put(vnet, {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 's', properties: { addressPrefix: '10.0.0.0/24' } }],
      },
    });
    for (const name of ['downgrade01', 'downgrade02', 'downgrade03', 'downgrade04']) await azure.put(id(name), premium);
    const privateLinkServiceConnections = [
      { name: 'c', properties: { privateLinkServiceId: id('downgrade01'), groupIds: ['registry'] } },
    ];
    await azure.put(`${group('acr')}/providers/Microsoft.Network/privateEndpoints/e`, {
      location,
      properties: { subnet: { id: `${vnet}/subnets/s` }, privateLinkServiceConnections },
    });
    await azure.put(id('downgrade02', '/replications/eastus'), { location: 'eastus' });
    await azure.put(id('downgrade03'), { properties: closed }, 'PATCH');
    const sku = { name: 'Standard' };
    for (const name of ['downgrade01', 'downgrade02', 'downgrade03'])
      expect(await azure.send('PATCH', registry(name), { sku })).toMatchObject(
        refused(400, 'FeatureNotSupportedForSku'),
      );
    expect((await azure.send('PATCH', registry('downgrade04'), { sku })).body).toMatchObject({
      sku: { name: 'Standard', tier: 'Standard' },
    });
  });
});

describe('one operation at a time', () => {
  test.each<[string, string, unknown]>([
    ['registry', '', premium],
    ['cache rule', '/cacheRules/rule1', mcr],
  ])('a %s refuses every other write meanwhile', async (_what, tail, body) => {
    const name = `busy0${tail.length}`;
    await azure.put(id(name), premium);
    await azure.put(id(name, tail), body);
    await hold(azure, 'PUT', `${id(name, tail)}$`);
    expect((await put(name, body, tail)).status).toBe(200);
    const conflict = refused(409, 'Conflict');
    expect(await put(name, body, tail)).toMatchObject(conflict);
    expect(await azure.send('PATCH', registry(name, tail), { properties: {} })).toMatchObject(conflict);
    expect(await azure.send('DELETE', registry(name, tail))).toMatchObject(conflict);
  });
});

describe('cache rules', () => {
  const rule = (name: string) => registry('rules01', `/cacheRules/${name}`);
  const of = (sourceRepository: string, targetRepository: string, credentialSetResourceId: string | null = null) => ({
    properties: { sourceRepository, targetRepository, credentialSetResourceId },
  });
  beforeAll(() => azure.put(id('rules01'), { location, sku: { name: 'Standard' } }));

  test('are Creating at first, on Standard as well, and leave out nulls', async () => {
    const created = await azure.send('PUT', rule('first'), of('mcr.microsoft.com/*', 'first/*'));
    expect(created).toMatchObject({
      status: 201,
      body: { properties: { provisioningState: 'Creating', creationDate: expect.stringMatching(/Z$/) } },
    });
    expect(created.body).not.toHaveProperty('properties.credentialSetResourceId');
    const url = String(created.headers['azure-asyncoperation']);
    expect(url).toContain(`${id('rules01', '/cacheRules/first')}/operationStatuses/cacherules-`);
    expect((await azure.settled(created)).body).toEqual({ status: 'Succeeded' });
    expect(await secondsOf(azure, 'PUT', id('rules01', '/cacheRules/first'))).toEqual([0.5, 10]);
    const again = await azure.send('PUT', rule('first'), of('mcr.microsoft.com/*', 'first/*'));
    expect(again).toMatchObject({
      status: 200,
      body: { properties: { provisioningState: 'Updating', creationDate: created.at('properties.creationDate') } },
    });
    await azure.settled(again);
    const credentialSetResourceId = id('rules01', '/credentialSets/c');
    const changed = await azure.send('PATCH', rule('first'), { properties: { credentialSetResourceId } });
    expect(changed).toMatchObject({ status: 201, body: { properties: { credentialSetResourceId } } });
  });

  test('run as Creating, whatever else the first poll may say', async () => {
    await hold(azure, 'PUT', '/cacheRules/held-up$');
    const { headers } = await azure.send('PUT', rule('held-up'), of('mcr.microsoft.com/*', 'held/*'));
    expect((await azure.send('GET', String(headers['azure-asyncoperation']))).body).toEqual({ status: 'Creating' });
  });

  test('are deleted with the body null and Location alone', async () => {
    await azure.put(id('rules01', '/cacheRules/is-gone'), of('mcr.microsoft.com/*', 'gone/*'));
    await hold(azure, 'DELETE', '/cacheRules/is-gone$');
    const held = await azure.send('DELETE', rule('is-gone'));
    expect(held).toMatchObject({ status: 202, body: null });
    expect(held.headers['azure-asyncoperation']).toBeUndefined();
    expect(held.headers.location).toContain(
      `/providers/Microsoft.ContainerRegistry/locations/${location.toUpperCase()}/operationResults/cacherules-`,
    );
    expect((await azure.send('GET', String(held.headers.location))).status).toBe(202);
    expect((await azure.send('GET', rule('is-gone'))).at('properties.provisioningState')).toBe('Deleting');

    await azure.put(id('rules01', '/cacheRules/quick'), of('mcr.microsoft.com/*', 'quick/*'));
    const deleted = await azure.send('DELETE', rule('quick'));
    const poll = () => azure.send('GET', String(deleted.headers.location));
    let end = await poll();
    while (end.status === 202) end = await poll();
    expect(end).toMatchObject({ status: 200, body: undefined });
    expect(await secondsOf(azure, 'DELETE', id('rules01', '/cacheRules/quick'))).toEqual([0.5, 10]);
    expect(await azure.send('GET', rule('quick'))).toMatchObject(refused(404, 'CacheRuleNotFound'));
    expect((await azure.send('DELETE', rule('quick'))).status).toBe(204);
  });

  const credentials = '/subscriptions/s/credentialSets/c';
  test.each<[string, string, string, unknown, number, string | undefined]>([
    [
      'docker.io without credentials',
      'PUT',
      'brand-new',
      of('docker.io/*', 'docker/*'),
      400,
      'EnforceDockerAuthentication',
    ],
    ['docker.io with credentials', 'PUT', 'docker', of('docker.io/*', 'docker/*', credentials), 201, undefined],
    ['another source than before', 'PUT', 'fixed', of('quay.io/*', 'fixed/*'), 400, 'CacheRuleUpdateNotAllowed'],
    ['another target than before', 'PUT', 'fixed', of('ghcr.io/*', 'other/*'), 400, 'CacheRuleUpdateNotAllowed'],
    ['a changed source', 'PATCH', 'fixed', { properties: { sourceRepository: 'q' } }, 400, 'InvalidRequestContent'],
    ['the target of another rule', 'PUT', 'a-twin', of('quay.io/*', 'fixed/*'), 409, 'CacheRuleConflict'],
    ['no target', 'PUT', 'brand-new', of('quay.io/*', ''), 400, 'InvalidRequestContent'],
  ])('with %s', async (_what, method, name, body, status, code) => {
    if (name === 'fixed' || name === 'a-twin')
      await azure.put(id('rules01', '/cacheRules/fixed'), of('ghcr.io/*', 'fixed/*'));
    const answer = await azure.send(method, rule(name), body);
    expect(answer).toMatchObject({ status });
    expect(answer.at('error.code')).toBe(code);
  });
});

describe('replicas', () => {
  const home = `${location}.data.azurecr.io`;
  const endpoint = `${group('acr')}/providers/Microsoft.Network/privateEndpoints/replicated`;
  beforeAll(async () => {
    const vnet = `${group('acr')}/providers/Microsoft.Network/virtualNetworks/replicated`;
    await azure.put(id('replicas01'), premium);
    await azure.put(vnet, {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 's', properties: { addressPrefix: '10.0.0.0/24' } }],
      },
    });
    await azure.put(endpoint, {
      location,
      properties: {
        subnet: { id: `${vnet}/subnets/s` },
        privateLinkServiceConnections: [
          { name: 'c', properties: { privateLinkServiceId: id('replicas01'), groupIds: ['registry'] } },
        ],
      },
    });
  });
  const served = async () =>
    ((await azure.get(endpoint)).at('properties.customDnsConfigs') as { fqdn: string; ipAddresses: string[] }[]).map(
      ({ fqdn, ipAddresses }) => [fqdn, ...ipAddresses],
    );
  const regions = async () => (await all(acr.replications.list('acr', 'replicas01'))).map((one) => one.location);

  test('add a member to the endpoints, and take it with them', async () => {
    const before = [
      [`replicas01.${home}`, '10.0.0.4'],
      ['replicas01.azurecr.io', '10.0.0.5'],
    ];
    expect(await served()).toEqual(before);
    expect(await regions()).toEqual([location]);
    await hold(azure, 'PUT', '/replications/northeurope$');
    await put('replicas01', { location: 'northeurope' }, '/replications/northeurope');
    expect(await served()).toEqual(before);

    const made = await acr.replications.create('acr', 'replicas01', 'eastus', { location: 'eastus' }, polling);
    expect(made).toMatchObject({ location: 'eastus', provisioningState: 'Succeeded', zoneRedundancy: 'Disabled' });
    expect((await secondsOf(azure, 'PUT', id('replicas01', '/replications/eastus')))[1]).toBe(60);
    expect(await regions()).toEqual([location, 'northeurope', 'eastus']);
    const [data, registryItself] = before;
    // Addresses stay with their member.
    expect(await served()).toEqual([data, ['replicas01.eastus.data.azurecr.io', '10.0.0.6'], registryItself]);
    await acr.replications.delete('acr', 'replicas01', 'eastus', polling);
    expect(await served()).toEqual(before);
  });

  test.each([
    ['in the own region', 'replicas01', location, 409, 'ReplicationConflict'],
    ['in a region that has one', 'replicas01', 'northeurope', 409, 'ReplicationConflict'],
    ['on Standard', 'replicas02', 'eastus', 400, 'FeatureNotSupportedForSku'],
  ])('%s are refused', async (_what, name, where, status, code) => {
    if (name === 'replicas02') await azure.put(id(name), { location, sku: { name: 'Standard' } });
    expect(await put(name, { location: where }, '/replications/another')).toMatchObject(refused(status, code));
  });
});
