import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Difference, Snapshot } from '../../simulator/index.ts';
import { all, group, location, polling, type Started, start, versioned, wireCluster } from './support.ts';

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
const identity = (name: string) => `${group('rg')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const put = (id: string, body: unknown = { location }) => azure.send('PUT', versioned(id), body);
const read = async (id: string, path: string) => (await azure.get(id)).at(path);
const now = async () => Date.parse(String((await azure.send('GET', '/simulator/state')).at('now')));
const advance = (advanceSeconds: number) => azure.send('POST', '/simulator/clock', { advanceSeconds });
const save = (name: string, body?: unknown) => azure.send('PUT', `/simulator/snapshots/${name}`, body);
const diff = async (query: string) => (await azure.send('GET', `/simulator/diff?${query}`)).body as Difference[];

test('a snapshot is saved, listed, compared, and restored with its time', async () => {
  await put(identity('kept'));
  await put(cluster('c'), wireCluster());
  await advance(400);
  const savedAt = await now();
  expect((await save('before')).status).toBe(201);
  expect((await azure.send('GET', '/simulator/snapshots')).body).toEqual([
    { name: 'before', savedAt: new Date(savedAt).toISOString(), running: [], resources: expect.any(Number) },
  ]);
  expect(await diff('from=before')).toEqual([]);

  await azure.send('PATCH', versioned(identity('kept')), { tags: { a: 'b' } });
  await put(identity('new'));
  await azure.send('DELETE', versioned(cluster('c')));
  await advance(300);
  await save('after');
  const changed = await diff('from=before&to=after');
  expect(changed).toEqual(await diff('from=before'));
  expect(changed).toContainEqual({
    id: identity('kept').replace('/resourceGroups/', '/resourcegroups/'),
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    change: 'changed',
    properties: [{ path: 'tags.a', after: 'b' }],
  });
  expect(changed.filter(({ change }) => change === 'added').map(({ id }) => id.split('/').at(-1))).toEqual(['new']);
  expect(changed.filter(({ change }) => change === 'removed').map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      'Microsoft.ContainerService/managedClusters',
      'Microsoft.ContainerService/managedClusters/agentPools',
    ]),
  );

  expect((await azure.send('POST', '/simulator/snapshots/before/restore')).status).toBe(204);
  expect(await now()).toBe(savedAt);
  expect(await diff('from=before')).toEqual([]);
  expect(await read(cluster('c'), 'properties.provisioningState')).toBe('Succeeded');
});

test('a snapshot goes into a file and to another simulator, which goes on from it', async () => {
  await put(cluster('c'), wireCluster());
  await advance(400);
  await save('file');
  const file = (await azure.send('GET', '/simulator/snapshots/file')).body as Snapshot;
  const other = await start();
  try {
    await other.send('PUT', '/simulator/snapshots/copy', file);
    await other.send('POST', '/simulator/snapshots/copy/restore');
    expect((await other.send('GET', '/simulator/diff?from=copy')).body).toEqual([]);
    const { bootstrapProfile } = await other.aks.managedClusters.createOrUpdate(
      'rg',
      'c',
      { ...(await other.aks.managedClusters.get('rg', 'c')), bootstrapProfile: { artifactSource: 'Cache' } },
      polling,
    );
    expect(bootstrapProfile?.artifactSource).toBe('Cache');
    expect((await all(other.aks.agentPools.list('rg', 'c'))).map(({ name }) => name)).toEqual(['nodepool1']);
  } finally {
    await other.simulator.close();
  }
});

test('a snapshot with running operations cannot be restored, and names them', async () => {
  await put(cluster('c'), wireCluster());
  expect((await save('early')).status).toBe(201);
  const refused = await azure.send('POST', '/simulator/snapshots/early/restore');
  expect(refused).toMatchObject({ status: 409, body: { problems: [expect.stringContaining('CREATE')] } });
});

test('unknown snapshots and malformed ones are refused', async () => {
  for (const [method, path, status] of [
    ['GET', '/simulator/snapshots/none', 404],
    ['DELETE', '/simulator/snapshots/none', 404],
    ['POST', '/simulator/snapshots/none/restore', 404],
    ['GET', '/simulator/diff?from=none', 404],
    ['GET', '/simulator/diff', 400],
  ] as const) {
    expect(await azure.send(method, path)).toMatchObject({ status, body: { problems: [expect.any(String)] } });
  }
  expect(await save('bad', { edition: 'next' })).toMatchObject({ status: 400, body: { problems: expect.any(Array) } });
});
