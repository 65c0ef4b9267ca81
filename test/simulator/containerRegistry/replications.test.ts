import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
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

const id = (name: string, tail = '') => registry(name, tail).split('?')[0] ?? '';
const put = (name: string, body: unknown, tail = '') => azure.send('PUT', registry(name, tail), body);

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
    // Members keep their addresses.
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
