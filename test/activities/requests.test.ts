import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import {
  type AzureUnderTest,
  activityFailure,
  attempt,
  marks,
  nothingElse,
  operationHeartbeat,
  runId,
  startAzure,
  subscriptionId,
} from './support.ts';

let azure: AzureUnderTest;
const logged: string[] = [];
const heartbeats: unknown[] = [];
const failures: unknown[] = [];

/** A whole life: created, refused once, read back, deleted. */
beforeAll(async () => {
  azure = await startAzure();
  const wanted = await azure.specification('life');
  const { activities } = azure;
  const watched = () => {
    const environment = attempt(1, undefined, (message, meta) => logged.push(JSON.stringify([message, meta])));
    environment.on('heartbeat', (details: unknown) => heartbeats.push(details));
    return environment;
  };
  const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
  await azure.fault({ method: 'PUT', path: 'managedClusters/life$', answer });
  await watched()
    .run(activities.createOrUpdateCluster, wanted)
    .catch((error: unknown) => failures.push(error));
  await watched().run(activities.createOrUpdateCluster, wanted);
  await watched().run(activities.readBack, { cluster: wanted.cluster, infrastructure: nothingElse });
  await watched().run(activities.deleteCluster, { cluster: wanted.cluster, marks });
});
afterAll(() => azure.close());

it("every request carries the workflow's run ID, so that Azure's activity log finds a run", async () => {
  const requests = await azure.recorded();
  expect(requests.length).toBeGreaterThan(8);
  expect(requests.filter(({ headers }) => headers['x-ms-correlation-request-id'] !== runId)).toEqual([]);
});

it('every request is logged, without the signatures of operation addresses', () => {
  const requests = logged.filter((line) => line.includes('ARM request'));
  expect(requests.some((line) => line.includes('/operations/'))).toBe(true);
  expect(logged.filter((line) => /[?&](s|c|h)=/.test(line))).toEqual([]);
});

it('no token is logged, heartbeated, recorded or thrown', async () => {
  const token = /eyJ[\w-]+\.|bearer/i;
  const { token: real } = (await azure.connection.credential.getToken(`${azure.connection.endpoint}/.default`)) ?? {};
  expect(real).toMatch(token);
  expect(failures).toHaveLength(1);
  expect(heartbeats).not.toEqual([]);
  const thrown = failures.map((error) => (error instanceof Error ? [error.stack, { ...error }, error.cause] : error));
  for (const seen of [logged, heartbeats, thrown, await azure.recorded()]) {
    expect(JSON.stringify(seen)).not.toMatch(token);
  }
});

describe('the token goes to Azure alone, although another host is named by', () => {
  const elsewhere = 'https://localhost:9/';

  it('a heartbeat', async () => {
    const wanted = await azure.specification('lured');
    const end = await azure.fault({ method: 'PUT', path: 'managedClusters/lured$', operation: { held: true } });
    const first = attempt();
    const [heartbeat] = await Promise.all([
      operationHeartbeat(first).then((details) => {
        first.cancel('WORKER_SHUTDOWN');
        return details as { poller: string };
      }),
      first.run(azure.activities.createOrUpdateCluster, wanted).catch(() => undefined),
    ]);
    const state = inflateRawSync(Buffer.from(heartbeat.poller, 'base64')).toString();
    expect(state).toContain(`${azure.connection.endpoint}/`);
    const poller = state.replaceAll(`${azure.connection.endpoint}/`, elsewhere);
    const forged = { ...heartbeat, poller: deflateRawSync(poller).toString('base64') };
    const failure = activityFailure(attempt(2, forged).run(azure.activities.createOrUpdateCluster, wanted));
    expect(await failure).toMatchObject({ type: 'ForeignAddress', nonRetryable: true });
    await end();
  });

  it('the link to a next page', async () => {
    const body = JSON.stringify({ value: [], nextLink: `${elsewhere}more` });
    const proxy = { status: 200, contentType: 'application/json', body };
    const end = await azure.fault({ method: 'GET', path: '/resources$', times: 100, proxy });
    const { cluster } = await azure.specification('paged');
    const failure = activityFailure(attempt().run(azure.activities.discoverDeletion, { cluster, marks }));
    expect(await failure).toMatchObject({ type: 'ForeignAddress' });
    await end();
  });
});

it('nothing changes Azure but a workflow that holds the lock on a cluster', async () => {
  const group = { subscriptionId, name: 'without-lock', location: 'westeurope', tags: marks };
  const environment = new MockActivityEnvironment(
    { workflowExecution: { workflowId: 'dry-run/1', runId } },
    { logger: new DefaultLogger('ERROR') },
  );
  const failure = activityFailure(environment.run(azure.activities.createResourceGroup, group));
  expect(await failure).toMatchObject({ type: 'ForeignCaller' });
  expect(await azure.sent('without-lock')).toEqual([]);
});
