import { mkdtempSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Duration,
  type FaultRule,
  type RecordedRequest,
  type ResetRequest,
  startSimulator,
} from '../../simulator/index.ts';
import {
  group,
  isolatedCluster,
  location,
  polling,
  type Started,
  start,
  subscription,
  version,
  wireCluster,
} from './support.ts';

const recordFile = join(mkdtempSync(join(tmpdir(), 'simulator-test-')), 'requests.jsonl');
let azure: Started;
beforeAll(async () => {
  azure = await start({ recordFile });
});
beforeEach(async () => {
  await azure.send('POST', '/simulator/reset');
  await azure.resources.resourceGroups.createOrUpdate('rg', { location });
});
afterAll(() => azure.simulator.close());

const identity = (name: string) =>
  `${group('rg')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}?api-version=2024-11-30`;
const cluster = `${group('rg')}/providers/Microsoft.ContainerService/managedClusters/c?${version}`;
const fault = (rule: FaultRule) => azure.send('POST', '/simulator/faults', rule);
const recorded = (): RecordedRequest[] =>
  readFileSync(recordFile, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

test('the state tells edition, speed and simulated time', async () => {
  const first = await azure.send('GET', '/simulator/state');
  expect(first.body).toMatchObject({ edition: 'current', speed: 'demand' });
  await azure.send('PUT', identity('one'), { location });
  const second = await azure.send('GET', '/simulator/state');
  // Creating the identity takes two simulated seconds.
  expect(Date.parse(String(second.at('now'))) - Date.parse(String(first.at('now')))).toBe(2000);
});

describe('reset', () => {
  test('forgets everything and seeds as asked, over http too', async () => {
    await azure.send('PUT', identity('one'), { location });
    await fault({ method: 'GET', path: '.', drop: 'before' });
    const seed: ResetRequest = {
      providers: { 'Microsoft.ContainerRegistry': 'NotRegistered' },
      features: { 'Microsoft.ContainerService/NetworkIsolatedClusterPreview': 'Registered' },
    };
    const reset = await fetch(`http://127.0.0.1:${azure.simulator.port}/simulator/reset`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(seed),
    });
    expect(reset.status).toBe(204);
    expect((await azure.send('GET', '/simulator/faults')).body).toEqual([]);
    expect((await azure.send('GET', '/simulator/durations')).body).toEqual([]);
    expect((await azure.send('GET', identity('one'))).at('error.code')).toBe('ResourceGroupNotFound');
    await azure.resources.resourceGroups.createOrUpdate('rg', { location });
    const registry = `${group('rg')}/providers/Microsoft.ContainerRegistry/registries/demo01?api-version=2025-11-01`;
    expect(await azure.send('PUT', registry, { location, sku: { name: 'Premium' } })).toMatchObject({
      status: 409,
      body: {
        error: { code: 'MissingSubscriptionRegistration', details: [{ target: 'Microsoft.ContainerRegistry' }] },
      },
    });
    const blocked = { bootstrapProfile: { artifactSource: 'Cache' }, networkProfile: { outboundType: 'block' } };
    expect((await azure.send('PUT', cluster, wireCluster(blocked))).status).toBe(201);
  });

  test('hangs up on requests that are waiting', async () => {
    await fault({ method: 'GET', path: 'resourceGroups/rg$', held: true });
    const waiting = azure.send('GET', `${group('rg')}?api-version=2024-11-01`);
    const outcome = expect(waiting).rejects.toThrow('socket hang up');
    while ((await azure.send('GET', '/simulator/faults')).at('0.hits') !== 1);
    await azure.send('POST', '/simulator/reset');
    await outcome;
  });

  test('names what is wrong with the request', async () => {
    expect(
      await azure.send('POST', '/simulator/reset', { features: { nonsense: 'Registered' }, color: 'red' }),
    ).toMatchObject({
      status: 400,
      body: { problems: expect.arrayContaining([expect.stringContaining('nonsense')]) },
    });
  });
});

test('durations tell every write in simulated seconds', async () => {
  await azure.aks.managedClusters.createOrUpdate('rg', 'c', isolatedCluster(), polling);
  await azure.aks.agentPools.upgradeNodeImageVersion('rg', 'c', 'nodepool1', polling);
  await azure.aks.managedClusters.delete('rg', 'c', polling);
  const { body } = await azure.send('GET', '/simulator/durations');
  const id = `${group('rg')}/providers/Microsoft.ContainerService/managedClusters/c`;
  const succeeded = { startedAt: expect.any(String), status: 'Succeeded', pollingSeconds: 0 };
  const expected: readonly Record<keyof Duration, unknown>[] = [
    { ...succeeded, resourceId: group('rg'), operation: 'PUT', requestSeconds: 0.5, operationSeconds: 0 },
    { ...succeeded, resourceId: id, operation: 'PUT', requestSeconds: 6, operationSeconds: 569, pollingSeconds: 1 },
    {
      ...succeeded,
      resourceId: `${id}/agentPools/nodepool1`,
      operation: 'POST upgradeNodeImageVersion',
      requestSeconds: 2,
      operationSeconds: 5,
      pollingSeconds: 25,
    },
    { ...succeeded, resourceId: id, operation: 'DELETE', requestSeconds: 1, operationSeconds: 240 },
  ];
  expect(body).toEqual(expected);
});

test('a page of somebody else cannot ask the control API, whatever name it has for it', async () => {
  const { endpoint } = azure.simulator;
  const { port } = new URL(endpoint);
  const ask = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = http.request({ host: '127.0.0.1', port, path: '/simulator/state', headers }, ({ statusCode }) =>
        resolve(statusCode),
      );
      asked.on('error', reject).end();
    });
  const host = `127.0.0.1:${port}`;
  expect(await ask({ host })).toBe(200);
  expect(await ask({ host, origin: `http://${host}` })).toBe(200);
  expect(await ask({ host, origin: 'https://evil.example' })).toBe(403);
  expect(await ask({ host, origin: 'null' })).toBe(403);
  expect(await ask({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` })).toBe(403);
});

describe('the recording', () => {
  test('has a line per ARM request, without the token, the moment it is taken', async () => {
    const before = recorded().length;
    await fault({ method: 'PUT', path: 'recorded', held: true });
    const waiting = azure.send('PUT', identity('recorded'), { location });
    const outcome = expect(waiting).rejects.toThrow();
    while (recorded().length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    const [line] = recorded().slice(before);
    expect(line).toMatchObject({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      method: 'PUT',
      url: `${azure.simulator.endpoint}${identity('recorded')}`,
      body: { location },
      status: 201,
    });
    expect(line?.headers).not.toHaveProperty('authorization');
    await azure.send('POST', '/simulator/reset');
    await outcome;
  });

  test('holds no secret of a body', async () => {
    const password = 'keep-this';
    const windowsProfile = { adminUsername: 'azure', adminPassword: password };
    await azure.send('PUT', cluster, { location, properties: { windowsProfile } });
    await azure.send('POST', cluster.replace('?', '/runCommand?'), {
      command: 'kubectl get nodes',
      clusterToken: password,
    });
    expect(recorded().map(({ body }) => JSON.stringify(body))).toContainEqual(
      expect.stringContaining('"clusterToken"'),
    );
    expect(readFileSync(recordFile, 'utf8')).not.toContain(password);
  });

  test('leaves out tokens and control requests', () => {
    expect(recorded().filter((one) => /\/(msi|simulator)\//.test(one.url))).toEqual([]);
    expect(recorded().some((one) => one.body === null && one.method === 'GET' && one.url.includes(subscription))).toBe(
      true,
    );
  });

  test('needs a folder that exists', async () => {
    await expect(startSimulator({ recordFile: '/nowhere/requests.jsonl' })).rejects.toThrow(
      'cannot write the recording /nowhere/requests.jsonl',
    );
  });
});
