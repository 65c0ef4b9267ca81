import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, type Started, start, version, wireCluster } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.send('POST', '/simulator/reset', { clusterEtags: true });
  await azure.put(group('etags'), { location });
});
afterAll(() => azure.simulator.close());

test('guard writes of clusters and pools', async () => {
  const cluster = `${group('etags')}/providers/Microsoft.ContainerService/managedClusters/c`;
  const pool = `${cluster}/agentPools/more`;
  const poolBody = { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5' } };
  const send = (method: string, id: string, headers: Record<string, string>, body?: unknown) =>
    azure.send(method, `${id}?${version}`, body, headers);
  const failed = { status: 412 };
  const kinds = [
    { id: cluster, body: wireCluster(), etag: 'eTag' },
    { id: pool, body: poolBody, etag: 'properties.eTag' },
  ];
  for (const { id, body, etag } of kinds) {
    const refused = { status: 400, body: { code: 'BadRequest' } };
    expect(await send('PUT', id, { 'if-none-match': '"x"' }, body)).toMatchObject(refused);
    expect(await send('PUT', id, { 'if-none-match': '*', 'if-match': '"x"' }, body)).toMatchObject(refused);
    expect(await send('PUT', id, { 'if-match': '*' }, body)).toMatchObject(failed);
    await azure.answerAtEnd(await send('PUT', id, { 'if-none-match': '*' }, body));
    expect(await send('PUT', id, { 'if-none-match': '*' }, body)).toMatchObject(failed);
    const seen = await azure.get(id);
    expect(await send('PUT', id, { 'if-match': 'stale' }, seen.body)).toMatchObject(failed);
    await azure.answerAtEnd(await send('PUT', id, { 'if-match': String(seen.at(etag)) }, seen.body));
    expect(await send('PUT', id, { 'if-match': String(seen.at(etag)) }, seen.body)).toMatchObject(failed);
  }
  for (const id of [cluster, pool]) expect(await send('DELETE', id, { 'if-match': 'stale' })).toMatchObject(failed);
  await azure.answerAtEnd(await send('DELETE', pool, {}));
  expect((await send('DELETE', pool, { 'if-match': 'stale' })).status).toBe(204);
});
