import { SubscriptionClient } from '@azure/arm-resources-subscriptions';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, type Started, start, subscription, versioned } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.resources.resourceGroups.createOrUpdate('arm', { location });
});
afterAll(() => azure.simulator.close());

const v = 'api-version=2024-11-01';
const sub = `/subscriptions/${subscription}`;

test('subscriptions, tenants, locations and filtered resources are listed', async () => {
  const client = new SubscriptionClient(azure.credential, azure.client);
  const ids: (string | undefined)[] = [];
  for await (const one of client.subscriptions.list()) ids.push(one.subscriptionId);
  expect(ids).toEqual([subscription, subscription.replaceAll('1', '2')]);
  const places: (string | undefined)[] = [];
  for await (const one of client.subscriptions.listLocations(subscription)) places.push(one.name);
  expect(places).toEqual(expect.arrayContaining([location, 'eastus2euap', 'westcentralus']));
  const tenants = await azure.send('GET', versioned(`/tenants`));
  expect(tenants.at('value.0.tenantId')).toMatch(/^[0-9a-f-]{36}$/);

  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  await azure.send('PUT', versioned(`${group('arm')}/providers/${type}/listed`), { location });
  const filter = encodeURIComponent(`resourceType eq '${type.toLowerCase()}' and name eq 'listed'`);
  expect((await azure.send('GET', `${sub}/resources?$filter=${filter}&${v}`)).at('value')).toMatchObject([
    { name: 'listed', type, location },
  ]);
  expect(await azure.send('GET', `${sub}/resources?$filter=tagName&${v}`)).toMatchObject({
    status: 400,
    body: { error: { code: 'InvalidFilterInQueryString' } },
  });
});
