import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { group, location, type Started, secondsOf, start, subscription, versioned } from '../support.ts';

const rg = 'identities';
const identity = (name: string) => `${group(rg)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

let azure: Started;
let client: ManagedServiceIdentityClient;
beforeAll(async () => {
  azure = await start();
  client = new ManagedServiceIdentityClient(azure.credential, subscription, azure.client);
  await azure.put(group(rg), { location });
});
afterAll(() => azure.simulator.close());

const send = (method: string, id: string, body?: unknown) => azure.send(method, versioned(id), body);

test('identities are made in one answer, whose location is a path', async () => {
  const created = await send('PUT', identity('synchronous'), { location });
  const id = identity('synchronous').replace('/resourceGroups/', '/resourcegroups/');
  const guid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(created).toMatchObject({
    status: 201,
    headers: { location: id },
    body: { id, location, tags: {}, properties: { principalId: guid, clientId: guid, tenantId: guid } },
  });
  expect(created.headers['azure-asyncoperation']).toBeUndefined();
  expect(await secondsOf(azure, 'PUT', identity('synchronous'))).toEqual([2, 0]);
  expect((await send('GET', identity('synchronous'))).body).toEqual(created.body);
});

test('identities keep their principal when they are written again, and are gone when deleted', async () => {
  const made = await client.userAssignedIdentities.createOrUpdate(rg, 'sdk', { location });
  const again = await send('PUT', identity('sdk'), { location, tags: { a: 'b' } });
  expect(again).toMatchObject({
    status: 200,
    body: { tags: { a: 'b' }, properties: { principalId: made.principalId, clientId: made.clientId } },
  });
  expect(await client.userAssignedIdentities.update(rg, 'sdk', { tags: {} })).toMatchObject({ tags: {} });
  expect((await send('DELETE', identity('sdk'))).status).toBe(200);
  expect((await send('DELETE', identity('sdk'))).status).toBe(204);
  expect((await send('GET', identity('sdk'))).status).toBe(404);
});

test('a federated credential goes with its identity', async () => {
  await client.userAssignedIdentities.createOrUpdate(rg, 'federated', { location });
  const properties = { issuer: 'https://issuer', subject: 'system:serviceaccount:ns:sa', audiences: ['aud'] };
  const credential = `${identity('federated')}/federatedIdentityCredentials/workload`;
  expect((await send('PUT', credential, { properties })).status).toBe(201);
  expect((await send('PUT', credential, { properties })).status).toBe(200);
  const { value } = await client.federatedIdentityCredentials.list(rg, 'federated').byPage().next();
  expect(value).toMatchObject([{ name: 'workload', subject: properties.subject }]);
  await client.userAssignedIdentities.delete(rg, 'federated');
  expect((await send('GET', credential)).status).toBe(404);
});
