import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, polling, type Started, start, subscription } from './support.ts';

let azure: Started;
let acr: ContainerRegistryManagementClient;
beforeAll(async () => {
  azure = await start();
  acr = new ContainerRegistryManagementClient(azure.credential, subscription, azure.client);
  await azure.resources.resourceGroups.createOrUpdate('acr', { location });
});
afterAll(() => azure.simulator.close());

const v = 'api-version=2025-11-01';
const registry = (name: string, tail = '') =>
  `${group('acr')}/providers/Microsoft.ContainerRegistry/registries/${name}${tail}?${v}`;
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
  const check = `/subscriptions/${subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability?${v}`;
  const type = 'Microsoft.ContainerRegistry/registries';
  expect((await azure.send('POST', check, { name: 'Demo03', type })).body).toMatchObject({
    nameAvailable: false,
    reason: 'AlreadyExists',
  });
  expect((await azure.send('POST', check, { name: 'demo04', type })).body).toMatchObject({ nameAvailable: true });
  const other = registry('demo03').replaceAll(subscription, subscription.replaceAll('1', '2'));
  const elsewhere = other.split('/providers/')[0];
  await azure.send('PUT', `${elsewhere}?${v}`, { location });
  expect(await azure.send('PUT', other, premium)).toMatchObject({
    status: 409,
    body: { error: { code: 'AlreadyInUse' } },
  });
});
