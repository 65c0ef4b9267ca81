import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownRegistryBodies, ownRegistryIds } from '../support/ownRegistry.ts';
import { type Answer, group, location, type Started, start, subscription, versioned, wireCluster } from './support.ts';

/** Measures operations in simulated time, which stands still except when a test advances it. */
let azure: Started;
beforeAll(async () => {
  azure = await start({ speed: 0 });
  await azure.send('PUT', versioned(group('times')), { location });
});
afterAll(() => azure.simulator.close());

const at = (type: string, name: string) => `${group('times')}/providers/${type}/${name}`;
const vnet = at('Microsoft.Network/virtualNetworks', 'vnet');
const registry = at('Microsoft.ContainerRegistry/registries', 'timed01');
const endpoint = at('Microsoft.Network/privateEndpoints', 'pe');
const endpointBody = {
  location,
  properties: {
    subnet: { id: `${vnet}/subnets/a` },
    privateLinkServiceConnections: [
      { name: 'c', properties: { privateLinkServiceId: registry, groupIds: ['registry'] } },
    ],
  },
};
const zone = at('Microsoft.Network/privateDnsZones', 'privatelink.azurecr.io');
const cluster = (name: string) => at('Microsoft.ContainerService/managedClusters', name);
const advance = (advanceSeconds: number) => azure.send('POST', '/simulator/clock', { advanceSeconds });
const status = async (url: string | undefined) => (await azure.send('GET', String(url))).at('status');

/** Checks that the operation still runs a tenth of a second before the end, and has Succeeded at it. */
async function takes(answer: Answer, requestSeconds: number, operationSeconds: number): Promise<void> {
  expect(answer.status).toBeLessThan(300);
  const url = answer.headers['azure-asyncoperation'];
  await advance(requestSeconds + operationSeconds - 0.1);
  expect(await status(url)).not.toBe('Succeeded');
  await advance(0.1);
  const end = await azure.send('GET', String(url));
  // Private DNS ends without a body.
  expect(end).toMatchObject({ status: 200 });
  if (end.body !== undefined) expect(end.at('status')).toBe('Succeeded');
}

const send = (method: string, id: string, body?: unknown) => azure.send(method, versioned(id), body);

describe('it takes', () => {
  const bodies = ownRegistryBodies(ownRegistryIds('timed'));
  const managed = {
    bootstrapProfile: { artifactSource: 'Cache' },
    apiServerAccessProfile: { enablePrivateCluster: true },
    networkProfile: { outboundType: 'none' },
  };

  test('10 s to write a network, and a subnet', async () => {
    await takes(
      await send('PUT', vnet, { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } }),
      0.5,
      10,
    );
    await takes(await send('PUT', `${vnet}/subnets/a`, { properties: { addressPrefix: '10.0.1.0/24' } }), 0.5, 10);
  });

  test('8 s to answer a registry, and 10 s more to make it', async () => {
    await takes(await send('PUT', registry, bodies.registry), 8, 10);
  });

  test('60 s to make a private endpoint', async () => {
    await takes(await send('PUT', endpoint, endpointBody), 0.5, 60);
  });

  test('30 s to make a zone, and a link', async () => {
    await takes(await send('PUT', zone, { location: 'global' }), 1, 30);
    const link = { location: 'global', properties: { virtualNetwork: { id: vnet }, registrationEnabled: false } };
    await takes(await send('PUT', `${zone}/virtualNetworkLinks/l`, link), 1, 30);
  });

  test('569 s to create a cluster with the managed registry, 378 s without isolation', async () => {
    await takes(await send('PUT', cluster('managed'), wireCluster(managed)), 6, 569);
    await takes(await send('PUT', cluster('direct'), wireCluster()), 7, 378);
  });

  test('217 s to update a cluster, 30 s for its tags', async () => {
    const body = wireCluster({ bootstrapProfile: { artifactSource: 'Cache' } });
    await takes(await send('PUT', cluster('direct'), body), 6, 217);
    await takes(await send('PATCH', cluster('direct'), { tags: { a: 'b' } }), 2, 30);
  });

  test('165 s to add a node pool, 120 s to delete it', async () => {
    const pool = `${cluster('direct')}/agentPools/more`;
    await takes(await send('PUT', pool, { properties: { count: 1, mode: 'User' } }), 2, 165);
    await takes(await send('DELETE', pool), 0.5, 120);
  });

  test('120 s to stop or start a cluster, 240 s to delete it', async () => {
    await takes(await send('POST', `${cluster('direct')}/stop`), 0.5, 120);
    await takes(await send('POST', `${cluster('direct')}/start`), 0.5, 120);
    await takes(await send('DELETE', cluster('direct')), 1, 240);
  });

  test.each([
    [
      '3 minutes to register a feature',
      180,
      '/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/NetworkIsolatedClusterPreview',
      'properties.state',
    ],
    ['30 s to register a provider', 30, '/providers/Microsoft.ContainerService', 'registrationState'],
  ])('%s, with nothing to poll but itself', async (_what, seconds, path, state) => {
    const id = `/subscriptions/${subscription}${path}`;
    const url = (tail: string) => `${id}${tail}?api-version=${path.includes('Features') ? '2021-07-01' : '2024-11-01'}`;
    const answer = await azure.send('POST', url('/register'));
    expect(answer.status).toBe(200);
    expect(answer.at(state)).toBe('Registering');
    expect(answer.headers['azure-asyncoperation'] ?? answer.headers.location).toBeUndefined();
    await advance(seconds + 0.4);
    expect((await azure.send('GET', url(''))).at(state)).toBe('Registering');
    await advance(0.1);
    expect((await azure.send('GET', url(''))).at(state)).toBe('Registered');
  });
});

test('clients are told to come back after 10, 20 and 40 s for an endpoint, 30 s for AKS and private DNS, 10 s for the rest', async () => {
  // At speed 1, Retry-After is in whole seconds.
  const real = await start({ speed: 1 });
  const later = (advanceSeconds: number) => real.send('POST', '/simulator/clock', { advanceSeconds });
  /** Advances the time by the latency, so that the answer comes. */
  const put = async (id: string, body: unknown) => {
    const answered = real.send('PUT', versioned(id), body);
    let answer: Answer | undefined;
    void answered.then((one) => {
      answer = one;
    });
    while (answer === undefined) await later(1);
    return answer;
  };
  const waits = async (answer: Answer, polls: number) => {
    const told = [answer.headers['retry-after']];
    for (let poll = 0; poll < polls; poll += 1)
      told.push((await real.send('GET', String(answer.headers['azure-asyncoperation']))).headers['retry-after']);
    await later(600);
    return told.map(Number);
  };
  try {
    await put(group('times'), { location });
    const network = {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 'a', properties: { addressPrefix: '10.0.1.0/24' } }],
      },
    };
    expect(await waits(await put(vnet, network), 1)).toEqual([10, 10]);
    const body = { location, sku: { name: 'Premium' }, properties: {} };
    expect(await waits(await put(registry, body), 1)).toEqual([10, 10]);
    expect(await waits(await put(zone, { location: 'global' }), 1)).toEqual([30, 30]);
    expect(await waits(await put(cluster('direct'), wireCluster()), 1)).toEqual([30, 30]);
    expect(await waits(await put(endpoint, endpointBody), 3)).toEqual([10, 10, 20, 40]);
  } finally {
    await real.simulator.close();
  }
});

test('clients are told to come back in simulated seconds where their clock is as fast as simulated time', async () => {
  const fast = await start({ speed: 1000 });
  try {
    await fast.send('POST', '/simulator/reset', { clientsClock: 'simulated' });
    await fast.send('PUT', versioned(group('times')), { location });
    const { headers } = await fast.send('PUT', versioned(cluster('fast')), wireCluster());
    expect(headers['retry-after']).toBe('30');
    expect(headers).not.toHaveProperty('retry-after-ms');
  } finally {
    await fast.simulator.close();
  }
});
