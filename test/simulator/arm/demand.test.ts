import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { assign } from '../../support/ownRegistry.ts';
import {
  group,
  hold,
  location,
  release,
  type Started,
  start,
  subscription,
  versioned,
  wireCluster,
} from '../support.ts';

/** Its time stands still, except when a client waits. */
let azure: Started;
let begun: number;
beforeAll(async () => {
  azure = await start();
});
beforeEach(async () => {
  await azure.send('POST', '/simulator/reset');
  await azure.send('PUT', versioned(group('rg')), { location });
  begun = azure.simulator.clock.now();
});
afterAll(() => azure.simulator.close());

const at = (type: string, name: string) => `${group('rg')}/providers/${type}/${name}`;
const cluster = (name: string) => at('Microsoft.ContainerService/managedClusters', name);
const identity = (name: string) => at('Microsoft.ManagedIdentity/userAssignedIdentities', name);
const put = (id: string, body: unknown = { location }) => azure.send('PUT', versioned(id), body);
const fault = (rule: object) => azure.send('POST', '/simulator/faults', rule);
const passed = () => (azure.simulator.clock.now() - begun) / 1000;

test('a request takes its latency, and others beside it take theirs meanwhile', async () => {
  await put(identity('one'));
  expect(passed()).toBe(2);
  await azure.get(identity('one'));
  expect(passed()).toBeCloseTo(2.1);
});

test('a poll that finds an operation running lets time pass to the next event', async () => {
  const { headers } = await put(cluster('c'), wireCluster());
  expect(passed()).toBe(7);
  const poll = () => azure.send('GET', String(headers['azure-asyncoperation']));
  const first = await poll();
  expect(first).toMatchObject({ body: { status: 'InProgress' }, headers: { 'retry-after-ms': '1' } });
  expect(first.headers).not.toHaveProperty('retry-after');
  // Each poll goes one event further: AKS checks the network after 30 s and the nodes after 240 s, then the creation ends.
  let last = first;
  for (let polls = 0; polls < 3 && last.at('status') === 'InProgress'; polls += 1) last = await poll();
  expect(last.at('status')).toBe('Succeeded');
  expect(Date.parse(String(last.at('endTime'))) - begun).toBe((7 + 378) * 1000);
});

test('events happen in their order, whichever of them a client waits for', async () => {
  const later = await put(cluster('c'), wireCluster());
  const sooner = await put(at('Microsoft.Network/virtualNetworks', 'v'), {
    location,
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } },
  });
  await azure.answerAtEnd(later);
  const state = async (id: string) => (await azure.get(id)).at('properties.provisioningState');
  expect(await state(at('Microsoft.Network/virtualNetworks', 'v'))).toBe('Succeeded');
  const end = await azure.send('GET', String(sooner.headers['azure-asyncoperation']));
  expect(end.at('status')).toBe('Succeeded');
});

test('a read of a resource that is being written lets time pass to the next event', async () => {
  await put(cluster('c'), wireCluster());
  const states = new Set<unknown>();
  for (let reads = 0; reads < 5; reads += 1)
    states.add((await azure.get(cluster('c'))).at('properties.provisioningState'));
  expect([...states]).toEqual(['Creating', 'Succeeded']);
  const before = passed();
  await azure.get(cluster('c'));
  expect(passed() - before).toBeCloseTo(0.1);
});

test('a feature is registered once it has been asked for again', async () => {
  const id = `/subscriptions/${subscription}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/NetworkIsolatedClusterPreview`;
  await azure.send('POST', `${id}/register?api-version=2021-07-01`);
  const state = async () => (await azure.send('GET', `${id}?api-version=2021-07-01`)).at('properties.state');
  expect([await state(), await state()]).toEqual(['Registering', 'Registered']);
  expect(passed()).toBeCloseTo(0.5 + 180 + 0.1);
});

test('a client that is refused because of a running operation finds it ended in the end', async () => {
  await put(cluster('c'), wireCluster());
  const statuses: number[] = [];
  while (statuses.at(-1) !== 200 && statuses.length < 9) statuses.push((await put(cluster('c'), wireCluster())).status);
  expect(statuses).toEqual([409, 409, 409, 200]);
});

test('a throttled client finds a token when it asks again', async () => {
  const wait = { seconds: 5, as: 'seconds' };
  await fault({ path: 'identities/one$', answer: { status: 429, code: 'No', message: 'no', retryAfter: wait } });
  expect(await azure.get(identity('one'))).toMatchObject({ status: 429, headers: { 'retry-after-ms': '25' } });
  expect(passed()).toBe(5);
});

test('a client that does not find a new resource looks again within seconds, until the lag is over', async () => {
  await fault({ method: 'PUT', path: 'identities/one$', unseenSeconds: 120 });
  await put(identity('one'));
  let misses = 0;
  while ((await azure.get(identity('one'))).status === 404) misses += 1;
  expect(misses).toBe(24);
  expect(passed()).toBeCloseTo(120.1);
});

test('a client that lacks a new role has it when it asks again, even if only the operation noticed', async () => {
  await azure.send('POST', '/simulator/reset', { roleDelaySeconds: 600 });
  await azure.put(group('rg'), { location });
  const vnet = at('Microsoft.Network/virtualNetworks', 'v');
  const subnets = [{ name: 's', properties: { addressPrefix: '10.0.0.0/24' } }];
  await azure.put(vnet, { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets } });
  const principalId = (await azure.put(identity('plane'), { location })).at('properties.principalId');
  const assigned = await assign(azure, `${vnet}/subnets/s`, 'networkContributor', principalId);
  const body = wireCluster(
    { agentPoolProfiles: [{ name: 'one', mode: 'System', count: 1, vnetSubnetID: `${vnet}/subnets/s` }] },
    { identity: { type: 'UserAssigned', userAssignedIdentities: { [identity('plane')]: {} } } },
  );
  const failed = await azure.answerAtEnd(await put(cluster('c'), body));
  expect(failed.at('error.code')).toBe('LinkedAuthorizationFailed');
  expect(azure.simulator.clock.now()).toBe(Date.parse(String(assigned.at('properties.createdOn'))) + 600_000);
  expect((await azure.answerAtEnd(await put(cluster('c'), body))).at('status')).toBe('Succeeded');
});

describe('held', () => {
  test('an operation runs until it is released, while time passes as its client is told to wait', async () => {
    await hold(azure, 'PUT', '/managedClusters/c$');
    const { headers } = await put(cluster('c'), wireCluster());
    const poll = () => azure.send('GET', String(headers['azure-asyncoperation']));
    for (let polls = 0; polls < 30; polls += 1) expect((await poll()).at('status')).toBe('InProgress');
    expect((await poll()).headers['retry-after-ms']).toBe('25');
    expect(passed()).toBeGreaterThan(7 + 378 + 20 * 30);
    await release(azure);
    expect((await poll()).at('status')).toBe('Succeeded');
  });

  test('an operation ends as it would have ended', async () => {
    const operation = { held: true, status: 'Failed', code: 'TooLate', message: 'No.', afterSeconds: 10 };
    await fault({ method: 'PUT', path: '/managedClusters/c$', operation });
    const created = await put(cluster('c'), wireCluster());
    for (let reads = 0; reads < 9; reads += 1) await azure.get(cluster('c'));
    expect((await azure.get(cluster('c'))).at('properties.provisioningState')).toBe('Creating');
    await release(azure);
    expect((await azure.answerAtEnd(created)).at('error.code')).toBe('TooLate');
  });

  test('a request takes effect and is not answered', async () => {
    const { body } = await fault({ method: 'PUT', path: 'identities/one$', held: true });
    const answer = put(identity('one'));
    const hits = async () => (await azure.send('GET', '/simulator/faults')).at('0.hits');
    while ((await hits()) !== 1);
    expect((await azure.get(identity('one'))).status).toBe(200);
    await azure.send('DELETE', `/simulator/faults/${(body as { id: string }).id}`);
    expect((await answer).status).toBe(201);
  });
});

describe('clients in the same process', () => {
  test('wait in simulated time', async () => {
    await put(cluster('c'), wireCluster());
    await azure.simulator.clock.sleep(377_900);
    expect(passed()).toBeCloseTo(384.9);
    await azure.simulator.clock.sleep(200);
    expect((await azure.get(cluster('c'))).at('properties.provisioningState')).toBe('Succeeded');
    await expect(azure.simulator.clock.sleep(1, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('are told what time it was', async () => {
    const { clock } = azure.simulator;
    const real = Date.now();
    const simulated = clock.now();
    await delay(5);
    await clock.sleep(3_600_000);
    expect(clock.at(real) - simulated).toBeLessThan(3_600_000);
    expect(clock.at(Date.now())).toBe(clock.now());
    expect(clock.at(real - 60_000)).toBeLessThanOrEqual(simulated - 30_000);
  });
});
