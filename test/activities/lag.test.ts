import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import { type AzureUnderTest, attempt, marks, startAzure, subscriptionId } from './support.ts';

let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.createGroup('rg-lag');
});
afterAll(() => azure.close());

/** Makes an identity that readers do not find for so long. @returns how often it was looked for in vain, and for how long */
async function made(name: string, unseenSeconds: number) {
  await azure.fault({ method: 'PUT', path: `${name}$`, unseenSeconds });
  const id = `/subscriptions/${subscriptionId}/resourceGroups/rg-lag/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const from = azure.simulator.clock.now();
  const sent = attempt().run(azure.activities.createIdentity, { id, location: 'westeurope', tags: marks });
  const end = await sent.then(
    () => 'made' as const,
    (error: unknown) => error,
  );
  const requests = (await azure.recorded()).filter(({ url }) => url.includes(name));
  const wasSent = requests.findIndex(({ method }) => method === 'PUT');
  const misses = requests.slice(wasSent).filter(({ status }) => status === 404).length;
  return { end, misses, seconds: (azure.simulator.clock.now() - from) / 1000 };
}

test('a lag of two minutes is two minutes to the product: it looks many times, and finds what it has made', async () => {
  const { end, misses, seconds } = await made('late', 120);
  expect(end).toBe('made');
  expect(misses).toBeGreaterThan(5);
  expect(seconds).toBeGreaterThan(120);
  expect(seconds).toBeLessThan(140);
});

test('a lag beyond its patience is told', async () => {
  const { end, seconds } = await made('too-late', 600);
  expect(end).toBeInstanceOf(ApplicationFailure);
  expect(end).toMatchObject({ type: 'ReadBackMismatch' });
  expect(seconds).toBeGreaterThan(120);
  expect(seconds).toBeLessThan(200);
});
