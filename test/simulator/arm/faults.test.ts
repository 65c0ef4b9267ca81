import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FaultRule, RecordedRequest } from '../../../simulator/index.ts';
import { waitFor } from '../../support/waitFor.ts';
import { group, location, type Started, start, version, wireCluster } from '../support.ts';

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

describe('faults', () => {
  test('answer instead of Azure, after some and for a number of times', async () => {
    const made = await fault({
      method: 'PUT',
      path: 'userAssignedIdentities/',
      after: 1,
      times: 2,
      answer: { status: 429, code: 'TooManyRequests', message: 'slow down', headers: { 'retry-after': '7' } },
    });
    expect(made).toMatchObject({ status: 201, body: { id: expect.any(String), hits: 0 } });
    const statuses: number[] = [];
    for (const name of ['one', 'two', 'three', 'four']) {
      const answer = await azure.send('PUT', identity(name), { location });
      statuses.push(answer.status);
      if (answer.status === 429) {
        expect(answer).toMatchObject({ headers: { 'retry-after': '7' }, body: { error: { code: 'TooManyRequests' } } });
      }
    }
    expect(statuses).toEqual([201, 429, 429, 201]);
    expect((await azure.send('GET', '/simulator/faults')).at('0.hits')).toBe(2);
    await azure.send('DELETE', '/simulator/faults');
    expect((await azure.send('GET', '/simulator/faults')).body).toEqual([]);
  });

  test('answer bare, as AKS does', async () => {
    await fault({
      method: '*',
      path: 'managedclusters',
      answer: { status: 400, code: 'QuotaExceeded', message: 'no', wrapped: false },
    });
    expect((await azure.send('PUT', cluster, wireCluster())).body).toEqual({
      code: 'QuotaExceeded',
      details: null,
      message: 'no',
      subcode: '',
    });
  });

  test('let an operation fail', async () => {
    await fault({
      method: 'PUT',
      path: 'managedClusters/c$',
      operation: { status: 'Failed', code: 'SubnetIsFull', message: 'full', afterSeconds: 60 },
    });
    const created = await azure.send('PUT', cluster, wireCluster());
    expect(created.status).toBe(201);
    expect((await azure.answerAtEnd(created)).body).toMatchObject({
      status: 'Failed',
      error: { code: 'SubnetIsFull', message: 'full' },
    });
    expect((await azure.send('GET', cluster)).at('properties.provisioningState')).toBe('Failed');
    expect((await azure.send('GET', '/simulator/durations')).at('1.status')).toBe('Failed');
    const repaired = await azure.send('PUT', cluster, wireCluster());
    expect((await azure.answerAtEnd(repaired)).at('status')).toBe('Succeeded');
  });

  test('drop the connection before or after the effect', async () => {
    await fault({ method: 'PUT', path: 'before', drop: 'before' });
    await fault({ method: 'PUT', path: 'after', drop: 'after' });
    await expect(azure.send('PUT', identity('before'), { location })).rejects.toThrow('socket hang up');
    await expect(azure.send('PUT', identity('after'), { location })).rejects.toThrow('socket hang up');
    expect((await azure.send('GET', identity('before'))).status).toBe(404);
    expect((await azure.send('GET', identity('after'))).status).toBe(200);
    const puts = recorded().filter((one) => one.method === 'PUT' && /\/(before|after)\?/.test(one.url));
    expect(puts.slice(-2).map((one) => one.status)).toEqual([null, 201]);
  });

  test('ignore a property silently', async () => {
    await fault({
      method: 'PUT',
      path: 'managedClusters/c$',
      after: 1,
      ignore: { path: 'properties.bootstrapProfile.artifactSource' },
    });
    await azure.answerAtEnd(await azure.send('PUT', cluster, wireCluster()));
    const updated = await azure.send('PUT', cluster, wireCluster({ bootstrapProfile: { artifactSource: 'Cache' } }));
    expect(updated.status).toBe(200);
    await azure.answerAtEnd(updated);
    expect((await azure.send('GET', cluster)).at('properties.bootstrapProfile')).toEqual({ artifactSource: 'Direct' });
  });

  test('are picked by resource type, and by chance that a seed repeats', async () => {
    const answer = { status: 500, code: 'InternalServerError', message: 'no' };
    const picked = async (seed: number): Promise<boolean[]> => {
      const made = await fault({
        type: 'microsoft.managedidentity/USERASSIGNEDIDENTITIES',
        times: 100,
        probability: 0.5,
        seed,
        answer,
      });
      const statuses: boolean[] = [];
      for (let index = 0; index < 20; index += 1)
        statuses.push((await azure.send('GET', identity('chance'))).status === 500);
      expect((await azure.send('GET', '/subscriptions?api-version=2022-12-01')).status).toBe(200);
      await azure.send('DELETE', `/simulator/faults/${made.at('id')}`);
      return statuses;
    };
    const first = await picked(7);
    expect(first).toEqual(expect.arrayContaining([true, false]));
    expect(await picked(7)).toEqual(first);
    expect(await picked(8)).not.toEqual(first);
  });

  test.each(['seconds', 'date'] as const)('say when to come back in %s', async (as) => {
    const running = await start({ speed: 2000 });
    try {
      const retryAfter = { seconds: 60_000, as };
      const answer = { status: 429, code: 'No', message: 'no', retryAfter };
      await running.send('POST', '/simulator/faults', { path: 'userAssignedIdentities/', answer });
      // A date has no fractions of a second.
      const earliest = Math.floor(Date.now() / 1000);
      const value = String((await running.send('GET', identity('one'))).headers['retry-after']);
      const latest = Math.floor(Date.now() / 1000);
      const seconds = as === 'date' ? Date.parse(value) / 1000 : Number(value) + earliest;
      expect(seconds).toBeGreaterThanOrEqual(earliest + 30);
      expect(seconds).toBeLessThanOrEqual((as === 'date' ? latest : earliest) + 30);
    } finally {
      await running.simulator.close();
    }
  });

  test.each(['before', 'after'] as const)(
    'leave the connection open without an answer, %s the effect',
    async (hang) => {
      const name = `hang-${hang}`;
      await fault({ method: 'PUT', path: name, hang });
      const waiting = azure.send('PUT', identity(name), { location }).catch(() => 'closed');
      const isHung = async () => (await azure.send('GET', '/simulator/faults')).at('0.hits') === 1;
      await waitFor(isHung, 'The request did not arrive');
      const isThere = async () => (await azure.send('GET', identity(name))).status === 200;
      if (hang === 'after') await waitFor(isThere, 'The request had no effect');
      expect(await isThere()).toBe(hang === 'after');
      expect(await Promise.race([waiting, 'silent'])).toBe('silent');
    },
  );

  test('let a proxy answer', async () => {
    await fault({ method: 'PUT', path: 'proxied', proxy: { status: 200, when: 'after' } });
    const answer = await azure.send('PUT', identity('proxied'), { location });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    expect((await azure.send('GET', identity('proxied'))).status).toBe(200);
  });

  test('let an operation run on, under a word of their own', async () => {
    const operation = { stuckSeconds: 1000, runningStatus: 'ProvisionNetworkResources' };
    await fault({ method: 'PUT', path: 'managedClusters/c$', operation });
    const created = await azure.send('PUT', cluster, wireCluster());
    const url = String(created.headers['azure-asyncoperation']);
    expect((await azure.send('GET', url)).at('status')).toBe('ProvisionNetworkResources');
    expect((await azure.answerAtEnd(created)).at('status')).toBe('Succeeded');
    const { body } = await azure.send('GET', url);
    const { startTime, endTime } = body as { startTime: string; endTime: string };
    expect((Date.parse(endTime) - Date.parse(startTime)) / 1000).toBeGreaterThan(1370);
  });

  test('hide a written resource from readers for a while', async () => {
    await fault({ method: 'PUT', path: 'hidden$', unseenSeconds: 600 });
    expect((await azure.send('PUT', identity('hidden'), { location })).status).toBe(201);
    expect((await azure.send('GET', identity('hidden'))).status).toBe(404);
    while ((await azure.send('GET', identity('hidden'))).status === 404);
  });

  test.each([
    ['refused', 400],
    ['expired', 200],
  ] as const)('let a token be %s', async (token, status) => {
    await fault({ token });
    const response = await fetch(`${azure.simulator.tokenEndpoint}?resource=https://x&api-version=2019-08-01`, {
      headers: { 'x-identity-header': 'x' },
    });
    expect(response.status).toBe(status);
    if (token !== 'expired') return;
    const { access_token } = (await response.json()) as { access_token: string };
    const answer = await azure.send('GET', identity('one'), undefined, { authorization: `Bearer ${access_token}` });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'ExpiredAuthenticationToken' } } });
  });

  test('are checked', async () => {
    expect(await azure.send('POST', '/simulator/faults', { method: 'PUT', path: '(' })).toMatchObject({
      status: 400,
      body: { problems: expect.arrayContaining(['path: is not a regular expression']) },
    });
    expect(await azure.send('POST', '/simulator/faults', { method: 'PUT', path: 'x' })).toMatchObject({
      status: 400,
      body: { problems: [expect.stringContaining('needs an effect')] },
    });
  });
});
