import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callerObjectId, somebodyElse } from '../../../simulator/arm/token.ts';
import { group, hold, location, refused, release, type Started, start, subscription } from '../support.ts';

let azure: Started;
beforeAll(async () => {
  azure = await start();
  await azure.put(group('rg'), { location });
});
afterAll(() => azure.simulator.close());

const log = `/subscriptions/${subscription}/providers/Microsoft.Insights/eventtypes/management/values`;
const since = (seconds: number) => `eventTimestamp ge '${new Date(Date.now() - seconds * 1000).toISOString()}'`;
const network = (name: string, inGroup = 'rg') =>
  `${group(inGroup)}/providers/Microsoft.Network/virtualNetworks/${name}`;
const wanted = { location, properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] } } };

interface Event {
  caller: string;
  correlationId: string;
  eventTimestamp: string;
  operationName: { value: string };
  properties: { statusCode?: string; statusMessage?: string };
  resourceId: string;
  status: { value: string };
  subStatus: { value: string };
}
const read = (filter: string, more = '') =>
  azure.send('GET', `${log}?api-version=2015-04-01&$filter=${encodeURIComponent(filter)}${more}`);
const events = async (filter: string): Promise<Event[]> => (await read(filter)).at('value') as Event[];
const about = (id: string) => events(`${since(3600)} and resourceUri eq '${id}'`);
/** Oldest first. */
const storyOf = async (id: string) =>
  (await about(id)).reverse().map(({ status, subStatus }) => [status.value, subStatus.value]);

test('has what was asked, what was answered and how an operation ended', async () => {
  const id = network('told');
  await hold(azure, 'PUT', '/told$');
  const begun = await azure.send('PUT', `${id}?api-version=2024-07-01`, wanted);
  expect(await storyOf(id)).toEqual([
    ['Started', ''],
    ['Accepted', 'Created'],
  ]);
  await release(azure);
  await azure.answerAtEnd(begun);
  await azure.put(id, wanted);
  expect(await storyOf(id)).toEqual([
    ['Started', ''],
    ['Accepted', 'Created'],
    ['Succeeded', ''],
    ['Started', ''],
    ['Accepted', 'OK'],
    ['Succeeded', ''],
  ]);
  await azure.send('PUT', `${network('refused')}?api-version=2024-07-01`, { ...wanted, location: 'nowhere' });
  const [answer] = await about(network('refused'));
  expect(answer).toMatchObject({
    caller: callerObjectId,
    level: 'Error',
    operationName: { value: 'Microsoft.Network/virtualNetworks/write' },
    resourceGroupName: 'rg',
    status: { value: 'Failed' },
    subStatus: { value: 'BadRequest', localizedValue: 'Bad Request (HTTP Status Code: 400)' },
  });
  expect(answer?.properties.statusMessage).toContain('LocationNotAvailableForResourceType');
});

test('finds what was done under a correlation ID', async () => {
  const given = '77777777-7777-4777-8777-777777777777';
  await azure.send('PUT', `${network('mine')}?api-version=2024-07-01`, wanted, {
    'x-ms-correlation-request-id': given,
  });
  const theirs = await azure.send('PUT', `${network('theirs')}?api-version=2024-07-01`, wanted);
  const under = async (id: string | undefined) =>
    new Set((await events(`${since(60)} and correlationId eq '${id}'`)).map(({ resourceId }) => resourceId));
  expect(await under(given)).toEqual(new Set([network('mine')]));
  expect(await under(theirs.headers['x-ms-correlation-request-id'])).toEqual(new Set([network('theirs')]));
});

test.each([
  ['a resource group', () => `resourceGroupName eq 'Other'`],
  ['a resource', () => `resourceUri eq '${network('n', 'other')}'`],
  ['a caller, as azure-cli does', () => `caller eq '${somebodyElse}'`],
])('finds what was done with %s, by others too', async (_, clause) => {
  const body = { location };
  const doing = { method: 'PUT', path: group('other'), body, atOnce: true };
  const does = [doing, { ...doing, path: network('n', 'other'), body: wanted }];
  await azure.send('POST', '/simulator/requests', { does });
  const found = await events(`${since(60)} and eventChannels eq 'Admin, Operation' and ${clause()}`);
  expect(found.length).toBeGreaterThan(0);
  for (const { resourceId, caller } of found) {
    expect(resourceId).toContain(group('other'));
    expect(caller).toBe(somebodyElse);
  }
});

test('times are those of its readers', async () => {
  const before = Date.now();
  await azure.put(network('timed'), wanted);
  await azure.send('POST', '/simulator/clock', { advanceSeconds: 86_400 });
  for (const { eventTimestamp } of await about(network('timed'))) {
    expect(Date.parse(eventTimestamp)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(eventTimestamp)).toBeLessThanOrEqual(Date.now());
  }
  // Without a zone, as azure-cli writes them.
  const until = new Date(before - 1).toISOString().replace('Z', '');
  expect(
    await events(`${since(60)} and eventTimestamp le '${until}' and resourceUri eq '${network('timed')}'`),
  ).toEqual([]);
});

test('has nothing of what was throttled', async () => {
  const answer = { status: 429, code: 'TooManyRequests', message: 'Wait.', wrapped: true };
  await azure.send('POST', '/simulator/faults', { method: 'PUT', path: '/throttled$', answer });
  await azure.send('PUT', `${network('throttled')}?api-version=2024-07-01`, wanted);
  expect(await about(network('throttled'))).toEqual([]);
});

test.each([
  ['no start', ''],
  ['a start too long ago', since(91 * 24 * 3600)],
  ['another property', `${since(60)} and level eq 'Error'`],
  ['another comparison', `${since(60)} and correlationId ne 'x'`],
  ['two subjects', `${since(60)} and resourceGroupName eq 'rg' and correlationId eq 'x'`],
])('refuses %s', async (_, filter) => {
  expect(await read(filter)).toMatchObject(refused(400, 'BadRequest'));
});

test('pages are followed, with the properties that were asked for', async () => {
  for (let made = 0; made < 70; made += 1) await azure.put(network(`many-${made}`), wanted);
  const first = await read(since(60), '&$select=correlationId , status');
  expect(first.at('value.0')).toEqual({ correlationId: expect.any(String), status: expect.anything() });
  expect(first.at('value')).toHaveLength(200);
  const next = new URL(String(first.at('nextLink')));
  const rest = await azure.send('GET', `${next.pathname}${next.search}`);
  expect((rest.at('value') as Event[]).length).toBeGreaterThan(0);
});
