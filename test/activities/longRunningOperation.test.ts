import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ActivityCancellationDetails } from '@temporalio/common';
import type { FaultRule } from '../../simulator/index.ts';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  attemptWithin,
  lastHeartbeatOf,
  marks,
  operationHeartbeat,
  readBack,
  startAzure,
} from './support.ts';

/** Faults on an operation's own address hit every cluster, so these tests run one after the other. */
describe('a long-running operation', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.close());
  beforeEach(() => azure.reset());

  const create = () => azure.activities.createOrUpdateCluster;
  const operations = '/locations/westeurope/operations/';
  const cluster = (name: string) => `managedClusters/${name}$`;

  it('leaves the last word to the resource when Azure has forgotten the operation', async () => {
    const wanted = await azure.specification('forgotten');
    const answer = { status: 404, code: 'NotFound', message: 'The entity was not found.' };
    await azure.fault({ method: 'GET', path: operations, after: 1, times: 1000, answer });
    await expect(attempt().run(create(), wanted)).resolves.toMatchObject({ provisioningState: 'Succeeded' });
    expect(await azure.sent('managedClusters/forgotten')).toEqual(['PUT 201']);
  });

  it.each<[string, Partial<FaultRule>]>([
    ['410', { answer: { status: 410, code: 'Gone', message: 'It has expired.' } }],
    ['412', { answer: { status: 412, code: 'PreconditionFailed', message: 'No.' } }],
    ['404 of a gateway', { proxy: { status: 404, contentType: 'text/plain', body: '404 page not found' } }],
  ])(
    'leaves the last word to the resource when the address of the operation is answered with %s',
    async (what, answer) => {
      const wanted = await azure.specification(`address-${what.slice(0, 3)}${what.length}`);
      await azure.fault({ method: 'GET', path: operations, after: 1, times: 1000, ...answer });
      await expect(attempt().run(create(), wanted)).resolves.toMatchObject({ provisioningState: 'Succeeded' });
      expect(await azure.sent(`managedClusters/${wanted.cluster.name}`)).toEqual(['PUT 201']);
    },
  );

  it('of many like it, of which none has ended yet, is not looked at before the first ones tell', async () => {
    const wanted = await Promise.all(Array.from({ length: 40 }, (_, index) => azure.specification(`many-${index}`)));
    await Promise.all(wanted.map((each) => attempt().run(create(), each)));
    const looks = async () => (await azure.recorded()).filter(({ url }) => url.includes(operations)).length;
    const before = await looks();
    await Promise.all(wanted.map(({ cluster }) => attempt().run(azure.activities.deleteCluster, { cluster, marks })));
    expect((await looks()) - before).toBeLessThan(1.5 * wanted.length);
  });

  it('that was cancelled without a word is told in words', async () => {
    const wanted = await azure.specification('silent');
    const operation = { status: 'Canceled', code: '', message: '' } as const;
    await azure.fault({ method: 'PUT', path: cluster('silent'), operation });
    expect(await activityFailure(attempt().run(create(), wanted))).toMatchObject({
      type: 'OperationFailed',
      message: expect.stringMatching(/cancel/),
    });
  });

  it('leaves the last word to the resource when it succeeded after its operation had failed', async () => {
    const wanted = await azure.specification('last-word');
    const first = attempt();
    const lastHeartbeat = lastHeartbeatOf(first);
    const operation = { status: 'Failed', code: 'InternalServerError', message: 'No.', afterSeconds: 200 } as const;
    await azure.fault({ method: 'PUT', path: cluster('last-word'), operation });
    await activityFailure(first.run(create(), wanted));
    // Azure goes on by itself: here, another PUT of the same cluster stands for that.
    await attempt().run(create(), wanted);
    await expect(attempt(2, lastHeartbeat()).run(create(), wanted)).resolves.toMatchObject({
      provisioningState: 'Succeeded',
    });
    expect(await azure.sent('managedClusters/last-word')).toEqual(['PUT 201', 'PUT 200']);
  });

  it('that ends with a subcode is told with it, and with its advice', async () => {
    const wanted = await azure.specification('subcode');
    const error = { code: 'OperationNotAllowed', message: 'No.', subcode: 'OperationBlockedByNodeDisruptionPolicy' };
    const body = JSON.stringify({ status: 'Failed', error });
    const proxy = { status: 200, contentType: 'application/json', body };
    await azure.fault({ method: 'GET', path: operations, times: 1000, proxy });
    expect(await activityFailure(attempt().run(create(), wanted))).toMatchObject({
      type: error.code,
      message: expect.stringMatching(/^No\. \[OperationBlockedByNodeDisruptionPolicy] \(/),
      details: { whatToDo: expect.stringContaining('node disruption policy') },
    });
  });

  it.each<[string, FaultRule, string]>([
    [
      'the server is down',
      { method: 'GET', path: operations, answer: { status: 503, code: 'ServerTimeout', message: 'Later.' } },
      'ServerTimeout',
    ],
    [
      'Azure throttles',
      {
        method: 'GET',
        path: operations,
        answer: { status: 429, code: 'Throttled', message: 'Later.', wrapped: false },
      },
      'Throttled',
    ],
    ['the connection breaks', { method: 'GET', path: operations, drop: 'after' }, 'Unreachable'],
  ])('is gone on with by the next attempt when %s', async (_what, fault, type) => {
    const name = `goes-on-${type.toLowerCase()}`;
    const wanted = await azure.specification(name);
    await azure.fault(fault);
    const first = attempt();
    const lastHeartbeat = lastHeartbeatOf(first);
    expect(await activityFailure(first.run(create(), wanted))).toMatchObject({ type, nonRetryable: false });
    await attempt(2, lastHeartbeat()).run(create(), wanted);
    expect(await azure.sent(`managedClusters/${name}`)).toEqual(['PUT 201']);
  });

  it('is cancelled while it is waited for', async () => {
    const wanted = await azure.specification('cancelled');
    await azure.fault({ method: 'PUT', path: cluster('cancelled'), operation: { held: true } });
    const environment = attempt();
    const work = environment.run(create(), wanted);
    await operationHeartbeat(environment);
    environment.cancel();
    // The worker reports an AbortError of a cancelled activity as its cancellation.
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('is cancelled while one is adopted', async () => {
    const wanted = await azure.specification('cancelled-early');
    await azure.fault({ method: 'PUT', path: cluster('cancelled-early'), drop: 'after', operation: { held: true } });
    await activityFailure(attempt().run(create(), wanted));
    const environment = attempt(2, { sent: true });
    const work = environment.run(create(), wanted);
    environment.cancel();
    // The worker reports an AbortError of a cancelled activity as its cancellation.
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each([
    ['PAUSED', { paused: true }],
    ['RESET', { reset: true }],
    ['WORKER_SHUTDOWN', { workerShutdown: true }],
  ] as const)('goes on elsewhere after %s, which is no cancellation', async (reason, details) => {
    const wanted = await azure.specification('interrupted');
    const environment = attempt();
    const work = environment.run(create(), wanted);
    const lastHeartbeat = await operationHeartbeat(environment);
    environment.cancel(reason, new ActivityCancellationDetails(details));
    expect(await activityFailure(work)).toMatchObject({ type: 'Interrupted', nonRetryable: false });
    await attempt(2, lastHeartbeat).run(create(), wanted);
  });

  it('is not begun by an attempt that has not heartbeated for as long as it takes to lose it', async () => {
    const wanted = await azure.specification('stalled');
    const stalled = attemptWithin(3_000);
    const lastHeartbeat = lastHeartbeatOf(stalled);
    expect(await activityFailure(stalled.run(create(), wanted))).toMatchObject({
      type: 'Interrupted',
      nonRetryable: false,
      details: { sent: false },
    });
    expect(lastHeartbeat()).toMatchObject({ sent: false, ended: true });
    expect(await azure.sent('managedClusters/stalled')).toEqual([]);
    await attempt(2, lastHeartbeat()).run(create(), wanted);
    expect(await azure.sent('managedClusters/stalled')).toEqual(['PUT 201']);
  });

  it('is waited for, however it ends, without being begun', async () => {
    const wanted = await azure.specification('awaited');
    const operation = { status: 'Failed', code: 'InternalServerError', message: 'No.' } as const;
    await azure.fault({ method: 'PUT', path: cluster('awaited'), drop: 'after', operation });
    await activityFailure(attempt().run(create(), wanted));
    await attempt().run(azure.activities.awaitCluster, wanted.cluster);
    await expect(readBack(azure, wanted.cluster)).resolves.toMatchObject({
      cluster: { provisioningState: 'Failed' },
    });
    await attempt().run(azure.activities.awaitCluster, { ...wanted.cluster, name: 'absent' });
  });
});
