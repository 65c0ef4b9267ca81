import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, type Started, start, subscription, version, wireCluster } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start({ edition: '2024-preview' });
  await azure.resources.resourceGroups.createOrUpdate('preview', { location });
});
afterAll(() => azure.simulator.close());

const path = (name: string) =>
  `${group('preview')}/providers/Microsoft.ContainerService/managedClusters/${name}?${version}`;
const feature = (name: string, action = '') =>
  `/subscriptions/${subscription}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/${name}${action}?api-version=2021-07-01`;
const provider = (action = '') =>
  `/subscriptions/${subscription}/providers/Microsoft.ContainerService${action}?api-version=2024-11-01`;

async function becomes(url: string, at: string, wanted: string): Promise<void> {
  while ((await azure.send('GET', url)).at(at) !== wanted) await new Promise((resolve) => setTimeout(resolve, 5));
}

const isPrivate = { apiServerAccessProfile: { enablePrivateCluster: true } };
const isolated = wireCluster({
  ...isPrivate,
  kubernetesVersion: '1.30.3',
  bootstrapProfile: { artifactSource: 'Cache' },
  networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
});
const notRegistered = { status: 400, body: { code: 'PreviewFeatureNotRegistered' } };

test('isolation needs its flag, and the provider registered again after it', async () => {
  expect(await azure.send('PUT', path('first'), isolated)).toMatchObject(notRegistered);
  expect((await azure.send('GET', feature('NetworkIsolatedClusterPreview'))).at('properties.state')).toBe(
    'NotRegistered',
  );
  const registering = await azure.send('POST', feature('NetworkIsolatedClusterPreview', '/register'));
  expect(registering).toMatchObject({
    status: 200,
    body: {
      name: 'Microsoft.ContainerService/NetworkIsolatedClusterPreview',
      type: 'Microsoft.Features/providers/features',
      properties: { state: 'Registering' },
    },
  });
  await becomes(feature('NetworkIsolatedClusterPreview'), 'properties.state', 'Registered');
  expect(await azure.send('PUT', path('first'), isolated)).toMatchObject(notRegistered);

  const again = await azure.send('POST', provider('/register'));
  expect(again).toMatchObject({ status: 200, body: { registrationState: 'Registering' } });
  await becomes(provider(), 'registrationState', 'Registered');
  const created = await azure.send('PUT', path('first'), isolated);
  expect(created).toMatchObject({ status: 201, body: { properties: { currentKubernetesVersion: '1.30.3' } } });
  await azure.answerAtEnd(created);

  const integrated = { apiServerAccessProfile: { enableVnetIntegration: true } };
  expect(await azure.send('PUT', path('second'), wireCluster(integrated))).toMatchObject(notRegistered);
});

test('the managed registry still lets nodes pull anonymously, under the source names', async () => {
  const registry = (await azure.send('GET', path('first'))).at('properties.bootstrapProfile.containerRegistryId');
  expect((await azure.send('GET', `${registry}?api-version=2025-11-01`)).at('properties.anonymousPullEnabled')).toBe(
    true,
  );
  const rule = await azure.send('GET', `${registry}/cacheRules/aks-managed-mcr?api-version=2025-11-01`);
  expect(rule.at('properties.targetRepository')).toBe('*');
});

test('Cache and none are accepted in one update', async () => {
  await azure.answerAtEnd(
    await azure.send('PUT', path('open'), wireCluster({ kubernetesVersion: '1.30.3', ...isPrivate })),
  );
  const updated = await azure.send('PUT', path('open'), isolated);
  expect(updated.status).toBe(200);
  expect((await azure.answerAtEnd(updated)).at('status')).toBe('Succeeded');
});

test('block is accepted with the managed network and refused with one of your own', async () => {
  const blocked = { bootstrapProfile: { artifactSource: 'Cache' }, networkProfile: { outboundType: 'block' } };
  const vnet = `${group('preview')}/providers/Microsoft.Network/virtualNetworks/own`;
  await azure.answerAtEnd(
    await azure.send('PUT', `${vnet}?api-version=2025-07-01`, {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 'nodes', properties: { addressPrefix: '10.0.1.0/24' } }],
      },
    }),
  );
  const pool = { name: 'nodepool1', mode: 'System', count: 1, vnetSubnetID: `${vnet}/subnets/nodes` };
  const refused = await azure.send('PUT', path('blocked'), wireCluster({ ...blocked, agentPoolProfiles: [pool] }));
  expect(refused).toMatchObject({ status: 400, body: { code: 'InvalidNetworkIsolatedClusterConfiguration' } });
  expect((await azure.send('PUT', path('blocked'), wireCluster(blocked))).status).toBe(201);
});

test('versions before 1.30 are offered but not for isolation', async () => {
  const old = wireCluster({ kubernetesVersion: '1.29', bootstrapProfile: { artifactSource: 'Cache' } });
  expect(await azure.send('PUT', path('old'), old)).toMatchObject({
    status: 400,
    body: { code: 'InvalidNetworkIsolatedClusterConfiguration' },
  });
  expect((await azure.send('PUT', path('old'), wireCluster({ kubernetesVersion: '1.29' }))).status).toBe(201);
});
