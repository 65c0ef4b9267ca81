import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { execa } from 'execa';
import { problemsText } from '../../contract/problem.ts';
import { type Stack, startStack } from '../../scripts/local/stack.ts';
import { startTemporalServer, type TemporalServer } from '../../scripts/local/temporal/server.ts';
import { startWorker } from '../../scripts/local/workerProcess.ts';
import { readConfiguration } from '../../worker/configuration.ts';
import { registerSearchAttributes, registration } from '../../worker/searchAttributes.ts';
import { connectToTemporal } from '../../worker/temporal.ts';
import { startRefusingProxy } from '../support/refusingProxy.ts';
import { sampled } from '../support/sampled.ts';
import { makePair, type Pair, startTlsProxy } from '../support/tlsProxy.ts';

const main = join(import.meta.dirname, '..', '..', 'worker', 'main.ts');
const closedPort = '127.0.0.1:1';

it.each([
  ['--help', 0],
  ['--queue=x', 1],
])('a worker does not start with %s, but says where its settings are', async (argument, code) => {
  const { exitCode, stderr } = await execa(process.execPath, [main, argument], { reject: false });
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining('docs/how-to/run-a-worker.md')]);
});

describe('a worker that cannot work', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ onProgress: () => undefined });
  });
  afterAll(() => stack.stop());

  /** Output of the worker, and its exit code. */
  const end = async (change: Record<string, string | undefined>) => {
    const env = { ...stack.workerEnvironment, ...change };
    const { exitCode, stderr } = await execa(process.execPath, [main], { env, extendEnv: false, reject: false });
    return { exitCode, stderr };
  };

  it.concurrent.each(
    sampled<[string, Record<string, string | undefined>, string[]]>(
      [
        [
          'a Temporal service that is not there',
          { TEMPORAL_ADDRESS: closedPort },
          [`Temporal service ${closedPort}`, 'set TEMPORAL_ADDRESS'],
        ],
        [
          'a namespace that does not exist',
          { TEMPORAL_NAMESPACE: 'nowhere' },
          ['namespace nowhere cannot be reached', 'TEMPORAL_NAMESPACE'],
        ],
        ['a profile that does not exist', { TEMPORAL_PROFILE: 'nowhere' }, ['Temporal configuration', 'nowhere']],
        [
          'an Azure Resource Manager that is not there',
          { AZURE_RESOURCE_MANAGER_ENDPOINT: `https://${closedPort}` },
          [`https://${closedPort}: cannot be reached`, 'AZURE_RESOURCE_MANAGER_ENDPOINT'],
        ],
        [
          'a certificate that it does not trust',
          { AZURE_RESOURCE_MANAGER_CA_FILE: undefined },
          ['cannot be reached', 'certificate', 'AZURE_RESOURCE_MANAGER_CA_FILE'],
        ],
        [
          'no credential',
          {
            IDENTITY_ENDPOINT: undefined,
            IDENTITY_HEADER: undefined,
            AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
          },
          ['Azure credential: no token', 'Give the worker an identity'],
        ],
        [
          'credentials that all find nothing, each with its reason',
          {
            IDENTITY_ENDPOINT: undefined,
            IDENTITY_HEADER: undefined,
            AZURE_TOKEN_CREDENTIALS: 'dev',
            PATH: '/nowhere',
          },
          ['Azure CLI could not be found', 'PowerShell', 'Developer CLI'],
        ],
        [
          'settings that do not go together, or name what is something else',
          {
            TEMPORAL_WORKER_BUILD_ID: '1',
            WORKER_MODE: 'read-only',
            TASK_QUEUE: 'aks-isolation',
            AZURE_RESOURCE_MANAGER_CA_FILE: main,
            POLICY_FILE: main,
          },
          [
            'TEMPORAL_DEPLOYMENT_NAME: missing beside TEMPORAL_WORKER_BUILD_ID',
            'TASK_QUEUE: the queue of workers that write',
            'AZURE_RESOURCE_MANAGER_CA_FILE',
            'holds no certificate in PEM',
            `POLICY_FILE ${main}`,
          ],
        ],
        [
          'an address for metrics that is not its own',
          { METRICS_ADDRESS: '192.0.2.1:9464' },
          ['METRICS_ADDRESS: 192.0.2.1:9464 cannot'],
        ],
        [
          'traces that it cannot send',
          {
            OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
            OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
            OTEL_TRACES_EXPORTER: 'zipkin',
          },
          [
            'OTEL_EXPORTER_OTLP_ENDPOINT: not an http',
            'PROTOCOL: grpc is not spoken here',
            'there is no exporter zipkin',
          ],
        ],
      ],
      2,
      1,
    ),
  )('says so about %s', async (_, change, sentences) => {
    const { exitCode, stderr } = await end(change);
    for (const sentence of sentences) expect(stderr).toContain(sentence);
    expect(exitCode).toBe(1);
  });
});

it('names all settings at once that make no sense', () => {
  const problems = readConfiguration({
    AZURE_RESOURCE_MANAGER_ENDPOINT: 'http://localhost',
    AZURE_RESOURCE_MANAGER_CA_FILE: '/nowhere.pem',
    LOG_LEVEL: 'loud',
    HEALTH_ADDRESS: 'localhost',
    WORKFLOW_BUNDLE: '/nowhere',
    WORKER_MODE: 'careful',
    METRICS_ADDRESS: 'localhost',
    PAYLOAD_KEYS: 'no key',
    WEBHOOK_URL: 'hooks.example.com',
    WEBHOOK_EVENTS: 'failed,everything',
    WEBHOOK_SECRET: 'too short',
    WEBHOOK_TOKEN_FILE: '/nowhere.token',
  });
  if (!Array.isArray(problems)) throw new Error('They were taken');
  const text = problemsText(problems);
  for (const sentence of [
    'AZURE_RESOURCE_MANAGER_ENDPOINT: not an https address',
    'AZURE_RESOURCE_MANAGER_CA_FILE: cannot read',
    'LOG_LEVEL: not an allowed value',
    'HEALTH_ADDRESS: not an address',
    'WORKFLOW_BUNDLE: holds no bundle',
    'WORKER_MODE: not an allowed value',
    'METRICS_ADDRESS: not an address',
    'PAYLOAD_KEYS: not a list of keys',
    'WEBHOOK_URL: not an address',
    'WEBHOOK_EVENTS[1]: not an allowed value',
    'WEBHOOK_SECRET: not a secret',
    'WEBHOOK_TOKEN_FILE: cannot read /nowhere.token (ENOENT)',
  ])
    expect(text).toContain(sentence);
});

describe('a worker that starts', () => {
  let stack: Stack;
  let bare: TemporalServer;
  beforeAll(async () => {
    stack = await startStack({ onProgress: () => undefined });
    bare = await startTemporalServer({ searchAttributes: { AksPhase: 'Int' } });
  });
  afterAll(async () => {
    await Promise.all([stack.stop(), bare.stop()]);
  });

  /** Starts the worker, and stops it once it has logged a text. @returns what it logs */
  async function logOf(change: Record<string, string>, until = 'Worker is ready'): Promise<string[]> {
    const log: string[] = [];
    const logged = Promise.withResolvers<void>();
    const worker = startWorker({ ...stack.workerEnvironment, ...change }, (line) => {
      log.push(line);
      if (line.includes(until)) logged.resolve();
    });
    await Promise.all([worker.ready, logged.promise]);
    await worker.stop();
    expect(await worker.exited).toContain('code 0');
    return log;
  }

  it('says what is wrong with search attributes, and starts where it may not know', async () => {
    const connection = await NativeConnection.connect({ address: bare.address });
    const namespace = 'default';
    expect(await registerSearchAttributes({ connection, address: bare.address, namespace })).toMatchObject({
      problems: [{ problem: 'search attributes of another type than Keyword: AksPhase' }],
    });
    await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['AksPhase'] });
    await connection.close();

    const methods = ['AddSearchAttributes', 'ListSearchAttributes'];
    const proxies = await Promise.all(
      [methods.slice(0, 1), methods].map((each) => startRefusingProxy(bare.address, each)),
    );
    const [noAdd, neither] = await Promise.all(
      proxies.map(async ({ address }) => (await logOf({ TEMPORAL_ADDRESS: address })).join('\n')),
    );
    await Promise.all(proxies.map((proxy) => proxy.close()));
    expect(noAdd).toContain('search attributes are missing and could not be registered (Request unauthorized.)');
    expect(neither).toContain('its search attributes may not be listed (Request unauthorized.)');
    for (const log of [noAdd, neither])
      expect(log).toContain(
        'temporal operator search-attribute create --namespace default --name AksCluster --type Keyword',
      );
  });

  it('speaks TLS with a certificate of its own, and says why not with files that do not fit', async () => {
    const authority = await makePair('authority');
    const [own, client, stranger] = await Promise.all([
      makePair('service', { authority }),
      makePair('worker', { authority }),
      makePair('stranger'),
    ]);
    const proxy = await startTlsProxy(stack.temporal.address, own, authority.cert);
    const tls = (ca: string, pair?: Pair) => ({
      TEMPORAL_ADDRESS: proxy.address,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: ca,
      ...(pair && { TEMPORAL_TLS_CLIENT_CERT_DATA: pair.cert, TEMPORAL_TLS_CLIENT_KEY_DATA: pair.key }),
    });
    const refusal = async (env: Record<string, string>) => {
      const found = await connectToTemporal(env);
      return Array.isArray(found) ? problemsText(found) : 'connected';
    };
    const plain = { TEMPORAL_ADDRESS: proxy.address };
    const toPlain = { ...tls(authority.cert, client), TEMPORAL_ADDRESS: stack.temporal.address };
    const refusals: [change: Record<string, string>, advice: string][] = [
      [tls(stranger.cert, client), 'give that one as TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
      [
        { ...tls(authority.cert, client), TEMPORAL_TLS_SERVER_NAME: 'temporal.example.com' },
        'as TEMPORAL_TLS_SERVER_NAME',
      ],
      [tls(authority.cert), 'give one that it trusts (TEMPORAL_TLS_CLIENT_CERT_PATH'],
      [tls(authority.cert, stranger), 'give one that it trusts (TEMPORAL_TLS_CLIENT_CERT_PATH'],
      [plain, 'where it speaks TLS, set TEMPORAL_TLS'],
      [toPlain, 'It speaks no TLS'],
      [tls('no certificate', client), 'TEMPORAL_TLS_SERVER_CA_CERT_DATA: holds no certificate in PEM'],
    ];
    const [log, ...said] = await Promise.all([
      logOf(tls(authority.cert, client)),
      ...refusals.map(([change]) => refusal(change)),
    ]);
    await proxy.close();
    expect(log.join('\n')).toContain('Worker is ready');
    refusals.forEach(([, advice], index) => {
      expect(said[index]).toContain(advice);
    });
  });

  it('registers the search attributes that are missing, logs in JSON without secrets, warns of a webhook that is not there, and shuts down gracefully', async () => {
    const webhook = { WEBHOOK_URL: `http://${closedPort}/hook/secret-path` };
    const change = { ...webhook, TEMPORAL_ADDRESS: bare.address, LOG_LEVEL: 'trace' };
    const log = await logOf(change, `"webhook":"http://${closedPort}"`);
    for (const line of log) expect(() => JSON.parse(line)).not.toThrow();
    expect(log.join('\n')).not.toMatch(/bearer|access_token|eyJ|secret-path/i);
    const connection = await Connection.connect({ address: bare.address });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    await connection.close();
    expect(Object.keys(customAttributes)).toEqual(
      expect.arrayContaining(['AksCluster', 'AksPhase', 'AksRegistryMode', 'AksResourceGroup', 'AksScenario']),
    );
  });

  it("names Temporal Cloud's own tool where the service is there", () => {
    const cloud = { address: 'prod.a1b2c.tmprl.cloud:7233', namespace: 'prod.a1b2c' };
    const command = 'tcld namespace search-attributes add --namespace prod.a1b2c --sa "AksPhase=Keyword"';
    expect(registration(cloud, ['AksPhase'])).toBe(command);
    expect(registration({ ...cloud, address: 'westeurope.azure.api.temporal.io:7233' }, ['AksPhase'])).toBe(command);
  });
});
