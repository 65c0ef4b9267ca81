import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AzureUnderTest, activityFailure, attempt, killOnceSent, runId, startAzure } from './support.ts';

describe('createOrUpdateCluster', () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.close());

  const cluster = (name: string) => `managedClusters/${name}$`;
  const create = () => azure.activities.createOrUpdateCluster;

  it.concurrent('sends one request, waits for its end, and returns what Azure shows then', async () => {
    const wanted = await azure.specification('happy');
    await expect(attempt().run(create(), wanted)).resolves.toMatchObject({
      provisioningState: 'Succeeded',
      tags: { 'aks-isolation-run': runId },
      artifactSource: 'Cache',
      outboundType: 'none',
      enablePrivateCluster: true,
      agentPoolProfiles: [{ name: 'nodepool1', count: 1, provisioningState: 'Succeeded' }],
    });
    expect(await azure.sent('managedClusters/happy')).toEqual(['PUT 201']);
  });

  it.concurrent('goes on with the operation of a killed worker', async () => {
    const wanted = await azure.specification('killed');
    const first = attempt();
    const lastHeartbeat = await killOnceSent(first, first.run(create(), wanted));
    expect(lastHeartbeat).toMatchObject({ sent: true, poller: expect.any(String) });
    // People read heartbeats, and Azure signs the addresses of operations.
    expect(JSON.stringify(lastHeartbeat)).not.toMatch(/https|operations/);
    await expect(attempt(2, lastHeartbeat).run(create(), wanted)).resolves.toMatchObject({
      provisioningState: 'Succeeded',
    });
    expect(await azure.sent('managedClusters/killed')).toEqual(['PUT 201']);
  });

  it.concurrent('goes on with the operation that a worker of version 0.1 has left, as JSON', async () => {
    const wanted = await azure.specification('older');
    const first = attempt();
    const lastHeartbeat = (await killOnceSent(first, first.run(create(), wanted))) as { poller: string };
    const poller = inflateRawSync(Buffer.from(lastHeartbeat.poller, 'base64')).toString();
    expect(JSON.parse(poller)).toMatchObject({ state: { status: 'running' } });
    await expect(attempt(2, { ...lastHeartbeat, poller }).run(create(), wanted)).resolves.toMatchObject({
      provisioningState: 'Succeeded',
    });
    expect(await azure.sent('managedClusters/older')).toEqual(['PUT 201']);
  });

  it.concurrent('hears how the operation of a killed worker ended', async () => {
    const wanted = await azure.specification('doomed');
    const operation = { status: 'Failed', code: 'QuotaExceeded', message: 'No.' } as const;
    await azure.fault({ method: 'PUT', path: cluster('doomed'), operation });
    const first = attempt();
    const lastHeartbeat = await killOnceSent(first, first.run(create(), wanted));
    expect(await activityFailure(attempt(2, lastHeartbeat).run(create(), wanted))).toMatchObject({
      type: 'QuotaExceeded',
    });
    expect(await azure.sent('managedClusters/doomed')).toEqual(['PUT 201']);
  });

  it.concurrent.each([
    ['a heartbeat without it', { sent: true }],
    ['no heartbeat at all', undefined],
  ])('adopts the operation whose answer was lost, after %s', async (_what, lastHeartbeat) => {
    const name = lastHeartbeat ? 'lost-reply' : 'lost-everything';
    const wanted = await azure.specification(name);
    await azure.fault({ method: 'PUT', path: cluster(name), drop: 'after' });
    expect(await activityFailure(attempt().run(create(), wanted))).toMatchObject({
      type: 'Unreachable',
      nonRetryable: false,
    });
    await expect(attempt(2, lastHeartbeat).run(create(), wanted)).resolves.toMatchObject({
      provisioningState: 'Succeeded',
    });
    expect(await azure.sent(`managedClusters/${name}`)).toEqual(['PUT 201']);
  });

  it.concurrent('sends the request again where the first one never arrived', async () => {
    const wanted = await azure.specification('not-arrived');
    await azure.fault({ method: 'PUT', path: cluster('not-arrived'), drop: 'before' });
    expect(await activityFailure(attempt().run(create(), wanted))).toMatchObject({
      type: 'Unreachable',
      nonRetryable: false,
    });
    await attempt(2, { sent: true }).run(create(), wanted);
    expect(await azure.sent('managedClusters/not-arrived')).toEqual(['PUT null', 'PUT 201']);
  });

  it.concurrent('does not adopt the cluster of another run', async () => {
    const wanted = await azure.specification('foreign');
    await attempt().run(create(), { ...wanted, tags: { 'aks-isolation-run': 'another' } });
    expect(await activityFailure(attempt(2, { sent: true }).run(create(), wanted))).toMatchObject({
      type: 'NotOwned',
      nonRetryable: true,
    });
    expect(await azure.sent('managedClusters/foreign')).toEqual(['PUT 201']);
  });

  it.concurrent.each([
    ['Failed', 'QuotaExceeded', /quota/],
    ['Failed', 'SomethingNew', /correlation ID/],
    ['Canceled', 'AKSOperationPreempted', /one writer/],
  ] as const)('fails for good with the code of an operation that ended %s: %s', async (status, code, whatToDo) => {
    const name = `ends-${code.toLowerCase()}`;
    const wanted = await azure.specification(name);
    const operation = { status, code, message: 'It went wrong.', afterSeconds: 10 };
    await azure.fault({ method: 'PUT', path: cluster(name), operation });
    const failure = await activityFailure(attempt().run(create(), wanted));
    expect(failure).toMatchObject({
      type: code,
      message: expect.stringMatching(/^It went wrong\. \(\/subscriptions/),
      nonRetryable: true,
      details: {
        resourceId: expect.stringMatching(new RegExp(cluster(name))),
        correlationId: runId,
        whatToDo: expect.stringMatching(whatToDo),
      },
    });
    expect(await azure.sent(`managedClusters/${name}`)).toEqual(['PUT 201']);
  });

  it.concurrent('reconciles a cluster that an earlier attempt left failed', async () => {
    const wanted = await azure.specification('reconciled');
    const operation = { status: 'Failed', code: 'InternalServerError', message: 'Try again.' } as const;
    await azure.fault({ method: 'PUT', path: cluster('reconciled'), operation });
    await activityFailure(attempt().run(create(), wanted));
    await expect(attempt(2, { sent: true }).run(create(), wanted)).resolves.toMatchObject({
      provisioningState: 'Succeeded',
    });
    expect(await azure.sent('managedClusters/reconciled')).toEqual(['PUT 201', 'PUT 200']);
  });

  it.concurrent.each<[property: string, said: RegExp]>([
    ['properties.networkProfile.outboundType', /outboundType: asked none, got loadBalancer/],
    ['properties.nodeResourceGroup', /nodeResourceGroup: asked nodes-.*, got MC_/],
    ['properties.kubernetesVersion', /kubernetesVersion: asked 1.35, got/],
    ['properties.apiServerAccessProfile.enableVnetIntegration', /enableVnetIntegration: asked true, got false/],
  ])('fails where Azure silently ignores %s', async (property, said) => {
    const name = `ignored-${property.split('.').at(-1)?.toLowerCase()}`;
    const wanted = await azure.specification(name, {
      nodeResourceGroup: `nodes-${name}`,
      kubernetesVersion: '1.35',
      enableVnetIntegration: true,
    });
    await azure.fault({ method: 'PUT', path: cluster(name), ignore: { path: property } });
    const failure = await activityFailure(attempt().run(create(), wanted));
    expect(failure).toMatchObject({
      type: 'ReadBackMismatch',
      nonRetryable: true,
      message: expect.stringMatching(said),
    });
  });
});
