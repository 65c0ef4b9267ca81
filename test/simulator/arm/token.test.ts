import { DefaultAzureCredential } from '@azure/identity';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Started, start } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  process.env.IDENTITY_ENDPOINT = azure.simulator.tokenEndpoint;
  process.env.IDENTITY_HEADER = 'any';
});
afterAll(() => azure.simulator.close());

const query = 'resource=https%3A%2F%2Fmanagement.azure.com&api-version=2019-08-01';

test.each(['https://management.azure.com/.default', 'https://127.0.0.1:9999/.default'])(
  'DefaultAzureCredential gets a token for %s',
  async (scope) => {
    const { token, expiresOnTimestamp } = await new DefaultAzureCredential().getToken(scope);
    expect(expiresOnTimestamp).toBeGreaterThan(Date.now());
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({
      aud: scope.replace('/.default', ''),
      tid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      oid: expect.any(String),
      appid: expect.any(String),
    });
    expect(claims.exp * 1000).toBeGreaterThan(Date.now());
  },
);

test('the endpoint answers over https as over http', async () => {
  const header = { 'x-identity-header': 'any' };
  const plain = await fetch(`${azure.simulator.tokenEndpoint}?${query}&client_id=mine`, { headers: header });
  expect(await plain.json()).toMatchObject({
    access_token: expect.any(String),
    expires_on: expect.stringMatching(/^\d+$/),
    resource: 'https://management.azure.com',
    token_type: 'Bearer',
    client_id: 'mine',
  });
  const secure = await azure.send('GET', `/msi/token?${query}`, undefined, header);
  expect(secure).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
});

test.each([
  ['the header', query, {}, 401],
  ['the resource', 'api-version=2019-08-01', { 'x-identity-header': 'any' }, 400],
  ['the api-version', 'resource=x', { 'x-identity-header': 'any' }, 400],
])('without %s it refuses', async (_what, search, headers, status) => {
  const answer = await fetch(`${azure.simulator.tokenEndpoint}?${search}`, { headers });
  expect(answer.status).toBe(status);
});

test('az finds the cloud described', async () => {
  const answer = await azure.send('GET', '/metadata/endpoints?api-version=2022-09-01', undefined, {
    authorization: '',
  });
  expect(answer.body).toMatchObject({
    resourceManager: azure.simulator.endpoint,
    authentication: { loginEndpoint: expect.any(String), audiences: [expect.any(String), expect.any(String)] },
    suffixes: { acrLoginServer: 'azurecr.io' },
  });
});
