import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, openCluster, polling, refused, type Started, start, versioned } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.put(group('rg'), { location });
});
afterAll(() => azure.simulator.close());

const cluster = `${group('rg')}/providers/Microsoft.ContainerService/managedClusters/c`;
const extension = (name: string) => `${cluster}/providers/Microsoft.KubernetesConfiguration/extensions/${name}`;
const flux = { identity: { type: 'SystemAssigned' }, properties: { extensionType: 'microsoft.flux' } };

test('are made, listed and deleted below their cluster, and go with it', async () => {
  expect(await azure.send('PUT', versioned(extension('flux')), flux)).toMatchObject(refused(404, 'ResourceNotFound'));
  await azure.aks.managedClusters.createOrUpdate('rg', 'c', openCluster(), polling);
  const made = await azure.put(extension('flux'), flux);
  expect(made.body).toMatchObject({
    name: 'flux',
    type: 'Microsoft.KubernetesConfiguration/extensions',
    properties: { extensionType: 'microsoft.flux', provisioningState: 'Succeeded' },
  });
  await azure.put(extension('dapr'), { properties: { extensionType: 'microsoft.dapr' } });
  const list = () => azure.send('GET', versioned(extension('x').replace('/x', '')));
  expect((await list()).at('value')).toMatchObject([{ name: 'flux' }, { name: 'dapr' }]);
  await azure.remove(extension('flux'));
  expect((await list()).at('value')).toMatchObject([{ name: 'dapr' }]);
  await azure.remove(cluster);
  expect((await azure.get(extension('dapr'))).status).toBe(404);
});
