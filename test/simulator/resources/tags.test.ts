import { ResourceManagementClient } from '@azure/arm-resources';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, type Started, start, subscription, versioned } from '../support.ts';

const vnet = `${group('tags')}/providers/Microsoft.Network/virtualNetworks/v`;
let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.put(group('tags'), { location, tags: { cost: '42' } });
  await azure.put(vnet, { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } });
});
afterAll(() => azure.simulator.close());

test('tags are merged and deleted, and nothing else changes', async () => {
  const client = new ResourceManagementClient(azure.credential, subscription, azure.client);
  const { properties } = (await azure.get(vnet)).body as { properties: { addressSpace: object } };
  const change = (operation: 'Merge' | 'Delete', tags: Record<string, string>, scope = vnet) =>
    client.tagsOperations.updateAtScope(scope.slice(1), { operation, properties: { tags } });
  expect(await change('Merge', { a: '1', b: '2' })).toMatchObject({ properties: { tags: { a: '1', b: '2' } } });
  await change('Merge', { b: '3' });
  // Another value is another tag.
  await change('Delete', { a: '1', b: '2' });
  expect((await azure.get(vnet)).body).toMatchObject({
    tags: { b: '3' },
    properties: { addressSpace: properties.addressSpace },
  });
  await change('Merge', { a: '1' }, group('tags'));
  expect((await azure.get(group('tags'))).at('tags')).toEqual({ cost: '42', a: '1' });
  const absent = `${vnet}2/providers/Microsoft.Resources/tags/default`;
  expect((await azure.send('GET', versioned(absent))).status).toBe(404);
});
