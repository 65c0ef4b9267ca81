import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
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
  const done = await azure.answerAtEnd(created);
  expect(done.headers['azure-asyncoperation']).not.toBe(url);
  expect(done.headers['azure-asyncoperation']?.split('?')[0]).toBe(url.split('?')[0]);
  expect((await azure.send('PATCH', registry('demo02'), { properties: { anonymousPullEnabled: true } })).status).toBe(
    201,
  );
});

test('names are taken once for all subscriptions', async () => {
  await azure.answerAtEnd(await azure.send('PUT', registry('demo03'), premium));
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
  expect((await azure.answerAtEnd(created)).body).toEqual({ status: 'Succeeded' });
  expect(await secondsOf(azure, 'PUT', id('defaults01'))).toEqual([8, 10]);
  expect((await azure.send('GET', registry('defaults01'))).at('properties.provisioningState')).toBe('Succeeded');
  const changed = await patch('defaults01', { anonymousPullEnabled: true });
  expect(changed).toMatchObject({ status: 201, body: { properties: { provisioningState: 'Updating' } } });
  await azure.answerAtEnd(changed);
});

test('a PUT resets what it leaves out, a PATCH keeps it; policies change one by one', async () => {
  const policy = (found: { at(path: string): unknown }, name: string) => found.at(`properties.policies.${name}.status`);
  const tags = { team: 'a' };
  const made = await azure.put(id('reset01'), { ...premium, tags, properties: { anonymousPullEnabled: true } });
  const policies = { azureADAuthenticationAsArmPolicy: { status: 'disabled' } };
  const patched = await azure.put(id('reset01'), { properties: { policies } }, 'PATCH');
  expect(patched.at('properties.anonymousPullEnabled')).toBe(true);
  expect([policy(patched, 'azureADAuthenticationAsArmPolicy'), policy(patched, 'exportPolicy')]).toEqual([
    'disabled',
    'enabled',
  ]);
  const again = await azure.put(id('reset01'), premium);
  expect(again.body).toMatchObject({ tags: {}, properties: { anonymousPullEnabled: false } });
  expect(policy(again, 'azureADAuthenticationAsArmPolicy')).toBe('enabled');
  for (const kept of ['loginServer', 'creationDate'])
    expect(again.at(`properties.${kept}`)).toBe(made.at(`properties.${kept}`));
  const exporting = { properties: { policies: { exportPolicy: { status: 'disabled' } } } };
  expect(await patch('reset01', exporting.properties)).toMatchObject({ status: 400 });
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
