import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { group, location, type Started, start, versioned, wireCluster } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start({ speed: 0 });
});
beforeEach(async () => {
  await azure.send('POST', '/simulator/reset');
  await azure.send('PUT', versioned(group('rg')), { location });
});
afterAll(() => azure.simulator.close());

const cluster = (name: string) => `${group('rg')}/providers/Microsoft.ContainerService/managedClusters/${name}`;
const put = (id: string, body: unknown = { location }) => azure.send('PUT', versioned(id), body);
const read = async (id: string, path: string) => (await azure.get(id)).at(path);
const now = async () => Date.parse(String((await azure.send('GET', '/simulator/state')).at('now')));
const advance = (advanceSeconds: number) => azure.send('POST', '/simulator/clock', { advanceSeconds });

test('at speed 0 time stands still, answers come at once, and operations end when it is advanced', async () => {
  const start = await now();
  const created = await put(cluster('c'), wireCluster());
  expect(created).toMatchObject({ status: 201, headers: { 'retry-after-ms': '10' } });
  expect(await now()).toBe(start);
  expect(await read(cluster('c'), 'properties.provisioningState')).toBe('Creating');
  // 7 s for the request, 378 s for the operation.
  await advance(384);
  expect(await read(cluster('c'), 'properties.provisioningState')).toBe('Creating');
  expect(await advance(1)).toMatchObject({
    status: 200,
    body: { speed: 0, now: new Date(start + 385_000).toISOString() },
  });
  expect(await read(cluster('c'), 'properties.provisioningState')).toBe('Succeeded');
});

test('events that fall due while time is advanced happen in their order, each at its own time', async () => {
  const start = await now();
  const { headers } = await put(cluster('c'), wireCluster());
  await advance(12 * 3600);
  const ended = await azure.send('GET', String(headers['azure-asyncoperation']));
  expect(ended.at('status')).toBe('Succeeded');
  expect(Date.parse(String(ended.at('endTime')))).toBe(start + 385_000);
  expect(await now()).toBe(start + 12 * 3600 * 1000);
});

test('time that runs can be advanced too', async () => {
  const running = await start({ speed: 10 });
  try {
    await running.send('PUT', versioned(group('rg')), { location });
    await running.send('PUT', versioned(cluster('c')), wireCluster(), {});
    await running.send('POST', '/simulator/clock', { advanceSeconds: 400 });
    expect((await running.get(cluster('c'))).at('properties.provisioningState')).toBe('Succeeded');
  } finally {
    await running.simulator.close();
  }
});

test.each([{ advanceSeconds: -1 }, { advanceSeconds: 'x' }, {}, { advanceSeconds: 1, more: true }])(
  'the clock refuses %j',
  async (body) => expect(await azure.send('POST', '/simulator/clock', body)).toMatchObject({ status: 400 }),
);
