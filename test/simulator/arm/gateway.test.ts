import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { group, location, type Started, start, subscription, versioned } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.resources.resourceGroups.createOrUpdate('arm', { location });
});
afterAll(() => azure.simulator.close());

const sub = `/subscriptions/${subscription}`;

test.each<[string, string, string, number, string]>([
  ['no api-version', 'GET', group('arm'), 400, 'MissingApiVersionParameter'],
  ['an api-version that is no date', 'GET', `${group('arm')}?api-version=latest`, 400, 'InvalidApiVersionParameter'],
  [
    'an unknown subscription',
    'GET',
    versioned(`/subscriptions/${subscription.replaceAll('1', '9')}/resourceGroups`),
    404,
    'SubscriptionNotFound',
  ],
  [
    'an unknown group',
    'GET',
    versioned(`${group('none')}/providers/Microsoft.Network/virtualNetworks`),
    404,
    'ResourceGroupNotFound',
  ],
  [
    'an unknown namespace',
    'GET',
    versioned(`${group('arm')}/providers/Microsoft.Nothing/things/t`),
    404,
    'InvalidResourceNamespace',
  ],
  [
    'an unknown type',
    'GET',
    versioned(`${group('arm')}/providers/Microsoft.Network/wires/w`),
    404,
    'InvalidResourceType',
  ],
  [
    'an unknown action',
    'POST',
    versioned(`${group('arm')}/providers/Microsoft.Network/virtualNetworks/v/dance`),
    404,
    'InvalidResourceType',
  ],
  [
    'an unknown resource',
    'GET',
    versioned(`${group('arm')}/providers/Microsoft.Network/virtualNetworks/v`),
    404,
    'ResourceNotFound',
  ],
  [
    'a parent that is missing',
    'PUT',
    versioned(`${group('arm')}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`),
    404,
    'ParentResourceNotFound',
  ],
  [
    'a method the type lacks',
    'PATCH',
    versioned(`${group('arm')}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`),
    405,
    'MethodNotAllowed',
  ],
  [
    'no location',
    'PUT',
    versioned(`${group('arm')}/providers/Microsoft.Network/virtualNetworks/v`),
    400,
    'LocationRequired',
  ],
])('%s: %s %s', async (_what, method, path, status, code) => {
  const answer = await azure.send(method, path, method === 'GET' ? undefined : {});
  expect(answer).toMatchObject({ status, body: { error: { code, message: expect.any(String) } } });
  expect(answer.headers['x-ms-failure-cause']).toBe('gateway');
  expect(answer.headers['x-ms-ratelimit-remaining-subscription-reads']).toBeUndefined();
});

test('malformed JSON is refused', async () => {
  const answer = await azure.send('PUT', versioned(`${group('x')}`), '{"location":');
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'InvalidRequestContent' } } });
});

test('paths ignore case, doubled and trailing slashes', async () => {
  const answer = await azure.send('GET', versioned(`//SUBSCRIPTIONS/${subscription}/resourcegroups/ARM/`));
  expect(answer).toMatchObject({ status: 200, body: { name: 'arm', id: group('arm') } });
});

describe('tokens', () => {
  const path = versioned(`${sub}/resourceGroups`);
  const expired = `h.${Buffer.from('{"exp":1}').toString('base64url')}.s`;
  test.each([
    ['none', '', 'AuthenticationFailed'],
    ['garbage', 'Bearer garbage', 'InvalidAuthenticationToken'],
    ['expired', `Bearer ${expired}`, 'ExpiredAuthenticationToken'],
  ])('%s: 401', async (_what, authorization, code) => {
    const answer = await azure.send('GET', path, undefined, { authorization });
    expect(answer).toMatchObject({ status: 401, body: { error: { code } } });
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer authorization_uri=/);
  });

  test('over http ARM answers 403, whatever the token', async () => {
    const answer = await fetch(`http://127.0.0.1:${azure.simulator.port}${path}`);
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: 'HttpsRequired' } }]);
  });
});

test('answers carry the request IDs, and the remaining rate', async () => {
  const answer = await azure.send('GET', versioned(`${group('arm')}`), undefined, {
    'x-ms-correlation-request-id': 'c0',
    'x-ms-client-request-id': 'mine',
    'x-ms-return-client-request-id': 'true',
  });
  expect(answer.headers).toMatchObject({
    'x-ms-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'x-ms-correlation-request-id': 'c0',
    'x-ms-client-request-id': 'mine',
    'x-ms-routing-request-id': expect.stringMatching(/:\d{8}T\d{6}Z:c0$/),
    'x-ms-ratelimit-remaining-subscription-reads': expect.stringMatching(/^\d+$/),
    'x-ms-ratelimit-remaining-subscription-global-reads': expect.stringMatching(/^\d+$/),
    date: expect.any(String),
  });
});

test('ETags guard writes', async () => {
  const vnet = `${group('arm')}/providers/Microsoft.Network/virtualNetworks/tagged?api-version=2025-07-01`;
  const body = { location, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } } };
  const put = (headers: Record<string, string>) => azure.send('PUT', vnet, body, headers);
  const failed = { status: 412, body: { error: { code: 'PreconditionFailed' } } };
  expect(await put({ 'if-match': '"x"' })).toMatchObject(failed);
  await azure.answerAtEnd(await put({ 'if-none-match': '*' }));
  expect(await put({ 'if-none-match': '*' })).toMatchObject(failed);
  const { headers } = await azure.send('GET', vnet);
  expect(headers.etag).toMatch(/^W\/"[0-9a-f-]{36}"$/);
  const code = 'PreconditionFailedEtagMismatch';
  expect(await put({ 'if-match': 'W/"stale"' })).toMatchObject({
    status: 412,
    body: { error: { code: 'PreconditionFailed', details: [{ code, message: expect.stringContaining('W/"stale"') }] } },
  });
  const updated = await put({ 'if-match': String(headers.etag) });
  expect(updated.status).toBe(200);
  expect(await put({ 'if-match': String(headers.etag) })).toMatchObject(failed);
});

test('a caller in a hurry is throttled, by ARM and by AKS', async () => {
  // No token comes back while time stands still.
  const still = await start({ speed: 0 });
  try {
    const many = (count: number, path: string) =>
      Promise.all(Array.from({ length: count }, () => still.send('GET', path)));
    const cluster = `${group('x')}/providers/Microsoft.ContainerService/managedClusters/c?api-version=2026-06-01`;
    const [throttled] = (await many(70, cluster)).filter((answer) => answer.status === 429);
    expect(throttled?.body).toMatchObject({
      code: 'Throttled',
      message: expect.stringContaining('aka.ms/aks/throttling'),
    });
    const versions = `${sub}/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions`;
    const statuses = (await many(70, `${versions}?api-version=2026-06-01`)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
    const [refused] = (await many(300, versioned(`${sub}`))).filter((answer) => answer.status === 429);
    const message = expect.stringMatching(/try again after '1' seconds/);
    expect(refused?.body).toMatchObject({ error: { code: 'SubscriptionRequestsThrottled', message } });
    expect(refused?.headers['retry-after-ms']).toBe('10');
  } finally {
    await still.simulator.close();
  }
});
