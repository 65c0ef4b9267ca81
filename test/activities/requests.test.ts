import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type AzureUnderTest, attempt, marks, nothingElse, runId, startAzure } from './support.ts';

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
