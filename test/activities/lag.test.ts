import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/activity';
import type { MockActivityEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { IdentityFacts } from '../../resources/identities.ts';
import { type AzureUnderTest, activityFailure, attempt, marks, startAzure, subscriptionId } from './support.ts';

const location = 'westeurope';
let azure: AzureUnderTest;
beforeAll(async () => {
  azure = await startAzure();
  await azure.createGroup('rg-lag');
});
afterAll(() => azure.close());

/** Makes a group that readers do not find for so long. @returns how often it was looked for in vain, and for how long */
async function made(name: string, unseenSeconds: number) {
  await azure.fault({ method: 'PUT', path: `${name}$`, unseenSeconds });
  const from = azure.simulator.clock.now();
  const sent = attempt().run(azure.activities.createResourceGroup, { subscriptionId, name, location, tags: marks });
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
  expect(end).toMatchObject({ type: 'NotShown' });
  expect(seconds).toBeGreaterThan(120);
  expect(seconds).toBeLessThan(200);
});

const inGroup = (path: string) => `/subscriptions/${subscriptionId}/resourceGroups/rg-lag/providers/${path}`;
const scope = inGroup('Microsoft.ManagedIdentity/userAssignedIdentities/scope');

test('what Azure answers a write at once is its read-back: an identity that readers do not find yet is made', async () => {
  await azure.fault({ method: 'PUT', path: 'at-once$', unseenSeconds: 600 });
  const id = inGroup('Microsoft.ManagedIdentity/userAssignedIdentities/at-once');
  const { principalId }: IdentityFacts = await attempt().run(azure.activities.createIdentity, {
    id,
    location,
    tags: marks,
  });
  expect(principalId).not.toBe('');
  const asked = (await azure.recorded()).filter(({ url }) => url.includes('at-once')).map(({ method }) => method);
  expect(asked).toEqual(['GET', 'PUT']);
});

test.each<[what: string, path: string, act: (by: MockActivityEnvironment, activities: Activities) => Promise<unknown>]>(
  [
    [
      'resource group',
      '/resourceGroups/rg-lost$',
      (by, { createResourceGroup }) =>
        by.run(createResourceGroup, { subscriptionId, name: 'rg-lost', location, tags: marks }),
    ],
    [
      'identity',
      '/userAssignedIdentities/lost$',
      (by, { createIdentity }) =>
        by.run(createIdentity, {
          id: inGroup('Microsoft.ManagedIdentity/userAssignedIdentities/lost'),
          location,
          tags: marks,
        }),
    ],
    [
      'network',
      '/virtualNetworks/lost$',
      (by, { createVirtualNetwork }) =>
        by.run(createVirtualNetwork, {
          id: inGroup('Microsoft.Network/virtualNetworks/lost'),
          name: 'lost',
          location,
          tags: marks,
          addressPrefixes: ['10.0.0.0/16'],
          subnets: [],
        }),
    ],
    [
      'role assignment',
      '/roleAssignments/[^/]+$',
      async (by, { assignRole, createIdentity }) => {
        const { principalId }: IdentityFacts = await attempt().run(createIdentity, {
          id: scope,
          location,
          tags: marks,
        });
        return by.run(assignRole, { scope, role: 'acrPull' as const, principalId, marks });
      },
    ],
  ],
)('a 404 after a lost answer is not believed: a %s is sent once', async (_what, path, act) => {
  await azure.fault({ method: 'PUT', path, unseenSeconds: 110, drop: 'after' });
  expect(await activityFailure(act(attempt(), azure.activities))).toMatchObject({
    type: 'Unreachable',
    nonRetryable: false,
  });
  await act(attempt(2, { sent: true }), azure.activities);
  const puts = (await azure.recorded()).filter(
    ({ method, url }) => method === 'PUT' && new RegExp(path, 'i').test(new URL(url).pathname),
  );
  expect(puts).toHaveLength(1);
});
