import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { azureClients } from '../../activities/arm/connection.ts';
import { azureList, parseErrorBody, parseRetryAfter, sectionOn } from '../../activities/arm/errors.ts';
import { createActivities } from '../../activities/index.ts';
import { activityErrors, errorPage, errorSections, errorTypes } from '../../contract/index.ts';
import { clusterId } from '../../resources/ids.ts';
import type { FaultRule } from '../../simulator/index.ts';
import { type AzureUnderTest, activityFailure, attempt, runId, startAzure, subscriptionId } from './support.ts';

type Answer = NonNullable<FaultRule['answer']>;

const permanent = true;
const passing = false;
const busy =
  "Operation is not allowed because there's an in progress create managed cluster operation on the managed cluster.";
const quota = 'Operation could not be completed as it results in exceeding approved Total Regional Cores quota.';
const stopped = 'Managed cluster is in stopped state.';

const answers: [status: number, code: string, nonRetryable: boolean, nextRetryDelay: unknown, more: Partial<Answer>][] =
  [
    [400, 'InvalidParameter', permanent, undefined, {}],
    [400, 'InvalidNetworkIsolatedClusterConfiguration', permanent, undefined, { wrapped: false }],
    [401, 'InvalidAuthenticationToken', passing, undefined, {}],
    [403, 'AuthorizationFailed', permanent, undefined, {}],
    [403, 'LinkedAuthorizationFailed', permanent, undefined, { wrapped: false }],
    [403, 'RequestDisallowedByPolicy', permanent, undefined, {}],
    [404, 'SubscriptionNotFound', permanent, undefined, {}],
    [408, 'RequestTimeout', passing, undefined, {}],
    [409, 'MissingSubscriptionRegistration', permanent, undefined, {}],
    [409, 'ResourceGroupBeingDeleted', passing, undefined, {}],
    [409, 'AnotherOperationInProgress', passing, undefined, {}],
    [409, 'OperationNotAllowed', passing, undefined, { wrapped: false, message: busy }],
    [409, 'OperationNotAllowed', permanent, undefined, { wrapped: false, message: quota }],
    [409, 'OperationNotAllowed', permanent, undefined, { wrapped: false, message: stopped }],
    [412, 'EtagMismatch', passing, undefined, {}],
    [429, 'Throttled', passing, 17_000, { wrapped: false, headers: { 'retry-after': '17' } }],
    [429, 'TooManyRequests', passing, 250, { headers: { 'retry-after': '1', 'retry-after-ms': '250' } }],
    [429, 'SubscriptionRequestsThrottled', passing, 600_000, { headers: { 'retry-after': '86400' } }],
    [429, 'TooManyRequests', passing, undefined, {}],
    [500, 'InternalServerError', passing, undefined, {}],
    [503, 'ServiceUnavailable', passing, 5000, { headers: { 'retry-after': '5' } }],
  ];

describe("Azure's errors", () => {
  let azure: AzureUnderTest;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.close());

  const failureTo = async (name: string, fault: Partial<FaultRule>) => {
    const wanted = await azure.specification(name);
    await azure.fault({ method: 'PUT', path: `managedClusters/${name}$`, ...fault });
    return activityFailure(attempt().run(azure.activities.createOrUpdateCluster, wanted));
  };

  it.concurrent.each(answers.map((answer, index) => [...answer, index] as const))(
    'are failures of their own type: %s %s, permanent: %p, next try after %p ms',
    async (status, code, nonRetryable, nextRetryDelay, more, index) => {
      const message = more.message ?? 'No.';
      const failure = await failureTo(`answer-${index}`, { answer: { status, code, ...more, message } });
      expect(failure).toEqual({
        type: code,
        message: expect.stringContaining(message),
        nonRetryable,
        nextRetryDelay,
        details: {
          resourceId: expect.stringMatching(new RegExp(`managedClusters/answer-${index}$`)),
          status,
          correlationId: runId,
          // Azure has refused the request, or may have acted upon it.
          sent: [408, 409, 429].includes(status) || status >= 500,
          whatToDo: expect.stringMatching(/\w.*\.$/),
          page: errorPage(message === quota ? 'QuotaExceeded' : code),
        },
      });
    },
  );

  it.concurrent.each(Object.keys(activityErrors).map((code) => [code]))(
    'say what the catalog says of %s',
    async (code) => {
      const name = `catalog-${code.toLowerCase().replace(/\W|_/g, '')}`;
      const failure = await failureTo(name, { answer: { status: 400, code, message: 'No.' } });
      expect(failure).toMatchObject({
        type: code,
        message: expect.stringMatching(new RegExp(`^No\\. \\(/.*/managedClusters/${name}\\)$`)),
        details: {
          correlationId: runId,
          whatToDo: activityErrors[code]?.whatToDo,
          page: `docs/errors.md#${code.toLowerCase()}`,
        },
      });
    },
  );

  it.concurrent('tell what does not speak as Azure does', async () => {
    expect(await failureTo('proxied', { proxy: { status: 200 } })).toMatchObject({
      type: 'UnreadableAnswer',
      message: expect.stringContaining('Answer 200 is not JSON (text/html): <html>'),
      nonRetryable: false,
    });
  });

  it.each(['', '{}', 'null', '{"value":null}', '{"value":{}}'])(
    'do not take an answer without a list for an empty list: %j',
    async (body) => {
      const { locks } = azureClients(azure.connection)(subscriptionId);
      const list = () => azureList('/scope', () => locks.managementLocks.listAtSubscriptionLevel());
      const end = await azure.fault({
        method: 'GET',
        path: '/Microsoft.Authorization/locks$',
        times: 100,
        proxy: { status: 200, contentType: 'application/json', body },
      });
      expect(await activityFailure(attempt().run(list))).toMatchObject({
        type: 'UnreadableAnswer',
        message: expect.stringContaining('neither a resource nor a list'),
        nonRetryable: false,
      });
      await end();
      expect(await attempt().run(list)).toEqual([]);
    },
  );

  it.concurrent.each([
    [429, false],
    [503, false],
    [403, true],
  ])('take the status of a gateway that answers %i in plain text', async (status, nonRetryable) => {
    const proxy = { status, contentType: 'text/plain', body: 'no' };
    expect(await failureTo(`gateway-${status}`, { proxy })).toMatchObject({ type: `HTTP ${status}`, nonRetryable });
  });

  it.concurrent.each([
    ['page', {}],
    // As gateways for APIs answer.
    ['route', { contentType: 'application/json', body: '{"statusCode":404,"message":"Resource not found"}' }],
  ])('do not take a %s that is not found for a resource that is not there', async (what, proxy) => {
    expect(await failureTo(`no-${what}`, { proxy: { status: 404, ...proxy } })).toMatchObject({
      type: 'UnreadableAnswer',
      nonRetryable: false,
    });
  });

  it.concurrent('advise on quota where the code alone would say busy', async () => {
    const answer = { status: 409, code: 'OperationNotAllowed', message: quota };
    expect((await failureTo('quota', { answer })).details.whatToDo).toMatch(/more quota/);
  });

  it.concurrent.each(['before', 'after'] as const)(
    'are not needed: the connection breaks %s the request',
    async (drop) => {
      expect(await failureTo(`drop-${drop}`, { drop })).toMatchObject({
        type: 'Unreachable',
        nonRetryable: false,
        details: { whatToDo: expect.stringContaining('network path') },
      });
    },
  );

  it.concurrent('are not needed: the policy of the worker forbids the address, whatever the arguments are', async () => {
    const wanted = await azure.specification('kept');
    const policy = { deletable: { resourceGroups: ['rg-other'] } };
    const { createOrUpdateCluster, deleteCluster } = createActivities({ ...azure.connection, policy });
    await attempt().run(createOrUpdateCluster, wanted);
    const { cluster } = wanted;
    expect(await activityFailure(attempt().run(deleteCluster, { cluster, marks: {} }))).toMatchObject({
      type: 'ForbiddenByPolicy',
      nonRetryable: true,
      details: { sent: false, problems: [{ where: clusterId(cluster) }] },
    });
    expect(await azure.sent('managedClusters/kept')).toEqual(['PUT 201']);
  });

  it.concurrent('are not needed: the worker only looks', async () => {
    const wanted = await azure.specification('looked-at');
    const { createOrUpdateCluster } = createActivities({ ...azure.connection, readOnly: true });
    expect(await activityFailure(attempt().run(createOrUpdateCluster, wanted))).toMatchObject({
      type: 'ReadOnlyWorker',
      nonRetryable: true,
      details: { sent: false },
    });
    expect(await azure.sent('managedClusters/looked-at')).toEqual([]);
  });

  it.concurrent('are not needed: no answer comes', async () => {
    const wanted = await azure.specification('silent');
    const { createOrUpdateCluster } = createActivities({ ...azure.connection, requestTimeoutMs: 200 });
    await azure.fault({ method: 'PUT', path: 'managedClusters/silent$', held: true });
    expect(await activityFailure(attempt().run(createOrUpdateCluster, wanted))).toMatchObject({
      type: 'Unreachable',
      message: expect.stringContaining('No answer within 0.2 s'),
      nonRetryable: false,
    });
  });
});

describe('docs/errors.md', () => {
  it.each([...new Set([...Object.values(errorTypes), ...Object.keys(errorSections)])])(
    'has a section on %s',
    async (heading) => {
      const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
      expect(page.split('\n')).toContain(`### ${heading}`);
    },
  );

  it('has one for codes that nobody has foreseen', () => {
    expect(errorPage('SomethingNew')).toBe('docs/errors.md#other-azure-codes');
  });
});

describe('the body of an error', () => {
  it.each([
    ['wrapped, as ARM does', '{"error":{"code":"C","message":"M"}}', { code: 'C', message: 'M' }],
    ['bare, with a closer word', '{"code":"C","message":"M","subcode":"S"}', { code: 'C', message: 'M', subcode: 'S' }],
    ['bare, as AKS does', '{"code":"C","details":null,"message":"M","subcode":""}', { code: 'C', message: 'M' }],
    ['of an operation', '{"status":"Failed","error":{"code":"C","message":"M"}}', { code: 'C', message: 'M' }],
    ['without a message', '{"error":{"code":"C"}}', { code: 'C', message: 'C' }],
    ['without a code', '{"error":{"message":"M"}}', undefined],
    ['of a running operation', '{"status":"InProgress"}', undefined],
    ['of a proxy', '<html>Bad gateway</html>', undefined],
    ['null', 'null', undefined],
    ['a list', '[]', undefined],
    ['empty', '', undefined],
    ['absent', undefined, undefined],
  ])('is read when it is %s', (_what, text, expected) => {
    expect(parseErrorBody(text)).toEqual(expected);
  });
});

describe('Retry-After', () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '30' }, 30_000],
    [{ 'retry-after': '0.015' }, 15],
    [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    [{ 'retry-after-ms': 'soon', 'retry-after': '1' }, 1000],
    [{ 'retry-after': '0' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, undefined],
  ])('is, in milliseconds, of %p: %p', (headers, expected) => {
    expect(parseRetryAfter(new Map(Object.entries(headers)))).toBe(expected);
  });

  it('can be a date', () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const milliseconds = parseRetryAfter(new Map([['retry-after', date]]));
    expect(milliseconds).toBeGreaterThan(3_000_000);
    expect(milliseconds).toBeLessThanOrEqual(3_600_000);
  });

  it('is counted from the date of the answer, whatever the clock of the worker shows', () => {
    const headers = { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:28:30 GMT' };
    expect(parseRetryAfter(new Map(Object.entries(headers)))).toBe(30_000);
  });
});

it("AKS's closer word for a refusal has advice of its own, as that of a node disruption policy", () => {
  const refusal = {
    code: 'OperationNotAllowed',
    message: 'not now',
    subcode: 'OperationBlockedByNodeDisruptionPolicy',
  };
  expect(sectionOn(refusal)).toBe(refusal.subcode);
  expect(sectionOn({ code: 'OperationNotAllowed', message: 'not now' })).toBe('OperationNotAllowed');
});

it.each([
  ['Exit status 211', 'command terminated with exit status=211: no route', undefined],
  ['Exit status 212', 'command terminated with exit status=212', undefined],
  [
    'Overlapping namespaces',
    'A virtual network cannot be linked to multiple zones with overlapping namespaces.',
    /onFailure hold, delete that link once the run holds, then decide retry/,
  ],
])(
  'a cause that Azure tells in words has a section of its own, whatever the code: %s',
  (section, message, whatToDo = /./) => {
    for (const code of ['Conflict', 'VMExtensionProvisioningError']) expect(sectionOn({ code, message })).toBe(section);
    expect(errorSections[section]?.whatToDo).toMatch(whatToDo);
    expect(sectionOn({ code: 'Conflict', message: 'exit status=2110' })).toBe('Conflict');
  },
);
