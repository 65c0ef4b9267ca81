import { ManagementLockClient } from '@azure/arm-locks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { assign } from '../../support/ownRegistry.ts';
import { all, group, location, type Started, start, subscription, versioned } from '../support.ts';

const sub = `/subscriptions/${subscription}`;
const rg = 'locked';
const vnet = (name: string) => `${group(rg)}/providers/Microsoft.Network/virtualNetworks/${name}`;
const [mine, other] = [vnet('mine'), vnet('other')];
const subnet = (of: string) => `${of}/subnets/s`;
const lock = (scope: string, name = 'l') => `${scope}/providers/Microsoft.Authorization/locks/${name}`;
const subnetBody = { properties: { addressPrefix: '10.0.1.0/24' } };
const networkBody = {
  location,
  properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets: [{ name: 's', ...subnetBody }] },
};

let azure: Started;
let client: ManagementLockClient;
beforeAll(async () => {
  azure = await start();
  client = new ManagementLockClient(azure.credential, subscription, azure.client);
});
beforeEach(async () => {
  await azure.send('POST', '/simulator/reset');
  await azure.put(group(rg), { location });
  for (const id of [mine, other]) await azure.put(id, networkBody);
});
afterAll(() => azure.simulator.close());

const send = (method: string, id: string, body?: unknown) => azure.send(method, versioned(id), body);
const put = (scope: string, level: string, name?: string) => send('PUT', lock(scope, name), { properties: { level } });

test('locks are made, listed from above and below, and removed through the SDK', async () => {
  const made = await client.managementLocks.createOrUpdateAtResourceGroupLevel(rg, 'keep', {
    level: 'CanNotDelete',
    notes: 'ours',
  });
  expect(made).toMatchObject({ name: 'keep', level: 'CanNotDelete', notes: 'ours', id: lock(group(rg), 'keep') });
  await put(mine, 'ReadOnly', 'frozen');
  const { managementLocks } = client;
  const at = ['Microsoft.Network', '', 'virtualNetworks'] as const;
  const names = async (locks: AsyncIterable<{ name?: string }>) => (await all(locks)).map(({ name }) => name);
  expect(await names(managementLocks.listAtSubscriptionLevel())).toEqual(['keep', 'frozen']);
  expect(await names(managementLocks.listAtResourceGroupLevel(rg))).toEqual(['keep', 'frozen']);
  expect(await names(managementLocks.listAtResourceLevel(rg, ...at, 'mine'))).toEqual(['keep', 'frozen']);
  expect(await names(managementLocks.listAtResourceLevel(rg, ...at, 'other'))).toEqual(['keep']);

  await managementLocks.deleteAtResourceGroupLevel(rg, 'keep');
  expect(await names(managementLocks.listAtSubscriptionLevel())).toEqual(['frozen']);
  await managementLocks.deleteAtResourceLevel(rg, ...at, 'mine', 'frozen');
  await azure.remove(group(rg));
  expect((await azure.get(group(rg))).status).toBe(404);
});

test('a lock answers 201, 200 on update, and 204 once it is gone', async () => {
  expect(await put(mine, 'CanNotDelete')).toMatchObject({ status: 201, body: { id: lock(mine), name: 'l' } });
  // A ReadOnly lock does not protect itself.
  expect(await put(mine, 'ReadOnly')).toMatchObject({ status: 200, body: { properties: { level: 'ReadOnly' } } });
  expect((await send('DELETE', lock(mine))).status).toBe(200);
  expect((await send('DELETE', lock(mine))).status).toBe(204);
  expect(await put(`${mine}9`, 'ReadOnly')).toMatchObject({
    status: 404,
    body: { error: { code: 'ResourceNotFound' } },
  });
  expect((await put(mine, 'Open')).status).toBe(400);
});

const tags = { tags: { a: 'b' } };
const reimage = `${group(rg)}/providers/Microsoft.ContainerService/managedClusters/c/agentPools/p/upgradeNodeImageVersion`;
type Request = [method: string, id: string, body?: unknown];
const reads: Request[] = [
  ['GET', mine],
  ['GET', subnet(mine)],
  ['HEAD', group(rg)],
];
const deletions: Request[] = [
  ['DELETE', subnet(mine)],
  ['DELETE', mine],
  ['DELETE', group(rg)],
];
const writes: Request[] = [
  ['PUT', subnet(mine), subnetBody],
  ['PATCH', mine, tags],
];
const writesAround: Request[] = [
  ['PATCH', group(rg), tags],
  ['PATCH', other, tags],
];
const actions: Request[] = [['POST', reimage]];
const beside: Request[] = [['DELETE', subnet(other)]];

describe.each<[string, string, string, { refused: Request[]; allowed: Request[] }]>([
  ['CanNotDelete', 'a resource', mine, { refused: deletions, allowed: [...reads, ...writesAround, ...writes] }],
  ['CanNotDelete', 'a child', subnet(mine), { refused: deletions, allowed: [...reads, ...writesAround, ...writes] }],
  ['CanNotDelete', 'a group', group(rg), { refused: [...deletions, ...beside], allowed: [...reads, ...writesAround] }],
  ['CanNotDelete', 'a subscription', sub, { refused: [...deletions, ...beside], allowed: [...reads, ...writes] }],
  ['ReadOnly', 'a resource', mine, { refused: [...deletions, ...writes], allowed: [...reads, ...writesAround] }],
  [
    'ReadOnly',
    'a child',
    subnet(mine),
    { refused: [...deletions, ['PUT', subnet(mine), subnetBody]], allowed: [...reads, ['PATCH', mine, tags]] },
  ],
  [
    'ReadOnly',
    'a group',
    group(rg),
    { refused: [...deletions, ...writes, ...writesAround, ...actions, ...beside], allowed: reads },
  ],
])('%s on %s', (level, _what, scope, { refused, allowed }) => {
  beforeEach(async () => {
    expect((await put(scope, level)).status).toBe(201);
  });

  test('refuses what it should, and changes nothing', async () => {
    const before = await azure.state();
    for (const [method, id, body] of refused) {
      const verb = method === 'DELETE' ? 'delete' : 'write';
      expect(await send(method, id, body)).toMatchObject({
        status: 409,
        headers: { 'x-ms-failure-cause': 'gateway' },
        body: {
          error: {
            code: 'ScopeLocked',
            message: expect.stringMatching(
              new RegExp(`cannot perform ${verb} operation because following scope\\(s\\) are locked: '${scope}'`),
            ),
          },
        },
      });
    }
    expect(await azure.state()).toEqual(before);
  });

  test('allows the rest', async () => {
    for (const [method, id, body] of allowed) {
      const answer = await send(method, id, body);
      expect([method, id, answer.status]).toEqual([method, id, method === 'HEAD' ? 204 : 200]);
      if (answer.headers['azure-asyncoperation'] !== undefined) await azure.answerAtEnd(answer);
    }
    if (scope !== group(rg) && scope !== sub) expect((await send('DELETE', other)).status).toBe(202);
  });
});

test('a lock holds the role assignments below it, too', async () => {
  const identity = `${group(rg)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one`;
  const principal = (await azure.put(identity, { location })).at('properties.principalId');
  const assigned = await assign(azure, mine, 'networkContributor', principal);
  await put(group(rg), 'CanNotDelete');
  expect((await send('DELETE', String(assigned.at('id')))).at('error.code')).toBe('ScopeLocked');
  await put(group(rg), 'ReadOnly');
  expect((await assign(azure, mine, 'acrPull', principal)).at('error.code')).toBe('ScopeLocked');
});
