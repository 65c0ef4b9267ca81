import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { execa } from 'execa';
import { problemsText } from '../../contract/problem.ts';
import { simulatedIdentity } from '../../scripts/local/simulatorClient.ts';
import { workerEnvironment } from '../../scripts/local/stack.ts';
import { startWorker } from '../../scripts/local/workerProcess.ts';
import { type Simulator, startSimulator } from '../../simulator/index.ts';
import { checkAzure } from '../../worker/azure.ts';
import { readConfiguration } from '../../worker/configuration.ts';
import { registerSearchAttributes, registration } from '../../worker/searchAttributes.ts';
import { connectToTemporal } from '../../worker/temporal.ts';
import { bundleFolder, temporalAddress } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { startRefusingProxy } from '../support/refusingProxy.ts';
import { makePair, type Pair, startTlsProxy } from '../support/tlsProxy.ts';

const main = join(import.meta.dirname, '..', '..', 'worker', 'main.ts');
const closedPort = '127.0.0.1:1';
const { INDEXED_VALUE_TYPE_INT } = proto.temporal.api.enums.v1.IndexedValueType;

it.each([
  ['--help', 0],
  ['--queue=x', 1],
])('a worker does not start with %s, but says where its settings are', async (argument, code) => {
  const { exitCode, stderr } = await execa(process.execPath, [main, argument], { reject: false });
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining('docs/how-to/run-a-worker.md')]);
});

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());

const environment = () => workerEnvironment({ address: temporalAddress() }, simulator);

/** Problems of each part of the start are told at once, and end the worker: it reads its settings, listens, and connects. */
it.each<[what: string, change: Record<string, string | undefined>, sentences: string[]]>([
  [
    'settings that do not go together, or name what is something else',
    {
      TEMPORAL_WORKER_BUILD_ID: '1',
      WORKER_MODE: 'read-only',
      TASK_QUEUE: 'aks-isolation',
      AZURE_RESOURCE_MANAGER_CA_FILE: main,
      POLICY_FILE: main,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_EXPORTER: 'zipkin',
    },
    [
      'TEMPORAL_DEPLOYMENT_NAME: missing beside TEMPORAL_WORKER_BUILD_ID',
      'TASK_QUEUE: the queue of workers that write',
      'AZURE_RESOURCE_MANAGER_CA_FILE',
      'holds no certificate in PEM',
      `POLICY_FILE ${main}`,
      'OTEL_EXPORTER_OTLP_ENDPOINT: not an http',
      'PROTOCOL: grpc is not spoken here',
      'there is no exporter zipkin',
    ],
  ],
  [
    'addresses that are not its own',
    { METRICS_ADDRESS: '192.0.2.1:9464', HEALTH_ADDRESS: '192.0.2.1:8080' },
    ['METRICS_ADDRESS: 192.0.2.1:9464 cannot', 'HEALTH_ADDRESS: 192.0.2.1:8080 cannot'],
  ],
  [
    'a Temporal service that is not there, and a certificate that it does not trust',
    { TEMPORAL_ADDRESS: closedPort, AZURE_RESOURCE_MANAGER_CA_FILE: undefined },
    [
      `Temporal service ${closedPort}`,
      'set TEMPORAL_ADDRESS',
      'https://127.0.0.1:',
      'cannot be reached',
      'certificate',
      'AZURE_RESOURCE_MANAGER_CA_FILE',
    ],
  ],
  [
    'credentials that all find nothing, each with its reason',
    { IDENTITY_ENDPOINT: undefined, IDENTITY_HEADER: undefined, AZURE_TOKEN_CREDENTIALS: 'dev', PATH: '/nowhere' },
    [
      'Azure credential: no token',
      ...['Azure CLI could not be found', 'PowerShell', 'Developer CLI'],
      'Give the worker an identity',
    ],
  ],
])('a worker that cannot work says so about %s', async (_, change, sentences) => {
  const env = { ...environment(), ...change };
  const { exitCode, stderr } = await execa(process.execPath, [main], { env, extendEnv: false, reject: false });
  for (const sentence of sentences) expect(stderr).toContain(sentence);
  expect(exitCode).toBe(1);
});

/** Why the Temporal service of an environment cannot be used. */
async function refusal(env: Record<string, string>): Promise<string> {
  const found = await connectToTemporal(env);
  return Array.isArray(found) ? problemsText(found) : 'connected';
}

it.each([
  [
    'a namespace that does not exist',
    { TEMPORAL_NAMESPACE: 'nowhere' },
    ['namespace nowhere cannot be reached', 'TEMPORAL_NAMESPACE'],
  ],
  ['a profile that does not exist', { TEMPORAL_PROFILE: 'nowhere' }, ['Temporal configuration', 'nowhere']],
])('Temporal with %s cannot be used', async (_, change, sentences) => {
  const said = await refusal({ TEMPORAL_ADDRESS: temporalAddress(), ...change });
  for (const sentence of sentences) expect(said).toContain(sentence);
});

it('an Azure Resource Manager that is not there cannot be used', async () => {
  const endpoint = `https://${closedPort}`;
  const found = await checkAzure({ credential: simulatedIdentity(simulator.tokenEndpoint), endpoint });
  const said = problemsText(found);
  for (const sentence of [`${endpoint}: cannot be reached`, 'AZURE_RESOURCE_MANAGER_ENDPOINT'])
    expect(said).toContain(sentence);
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
  /** In a namespace of its own, which has no search attributes yet. */
  const namespace = `start-${randomUUID()}`;
  let connection: NativeConnection;
  beforeAll(async () => {
    connection = await NativeConnection.connect({ address: temporalAddress() });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
  });
  afterAll(() => connection.close());

  /** Starts the worker, and stops it once it has logged a text. @returns what it logs */
  async function logOf(change: Record<string, string>, until: string): Promise<string[]> {
    const log: string[] = [];
    const logged = Promise.withResolvers<void>();
    const worker = startWorker({ ...environment(), WORKFLOW_BUNDLE: bundleFolder(), ...change }, (line) => {
      log.push(line);
      if (line.includes(until)) logged.resolve();
    });
    await Promise.all([worker.ready, logged.promise]);
    await worker.stop();
    expect(await worker.exited).toContain('code 0');
    return log;
  }

  it('says what is wrong with search attributes, and what is missing where it may not know', async () => {
    const temporal = { connection, address: temporalAddress(), namespace };
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { AksPhase: INDEXED_VALUE_TYPE_INT },
    });
    expect(await registerSearchAttributes(temporal)).toMatchObject({
      problems: [{ problem: 'search attributes of another type than Keyword: AksPhase' }],
    });
    await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['AksPhase'] });

    const proxy = await startRefusingProxy(temporalAddress(), ['AddSearchAttributes']);
    const refused = await NativeConnection.connect({ address: proxy.address });
    const { problems, warnings } = await registerSearchAttributes({ ...temporal, connection: refused });
    await refused.close();
    await proxy.close();
    expect(problems).toEqual([]);
    const said = problemsText(warnings);
    expect(said).toContain('search attributes are missing and could not be registered (Request unauthorized.)');
    expect(said).toContain(
      `temporal operator search-attribute create --namespace ${namespace} --name AksCluster --type Keyword`,
    );
  });

  /** A service that speaks TLS, and the settings of a worker for it. */
  async function startTls(server: string) {
    const authority = await makePair('authority');
    const [own, client] = await Promise.all([makePair('service', { authority }), makePair('worker', { authority })]);
    const proxy = await startTlsProxy(server, own, authority.cert);
    const tls = (ca = authority.cert, pair: Pair | undefined = client) => ({
      TEMPORAL_ADDRESS: proxy.address,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: ca,
      ...(pair && { TEMPORAL_TLS_CLIENT_CERT_DATA: pair.cert, TEMPORAL_TLS_CLIENT_KEY_DATA: pair.key }),
    });
    return { proxy, tls };
  }

  it('says why a service that speaks TLS cannot be used with files that do not fit', async () => {
    const { proxy, tls } = await startTls(temporalAddress());
    const stranger = await makePair('stranger');
    const { TEMPORAL_TLS_CLIENT_CERT_DATA: _cert, TEMPORAL_TLS_CLIENT_KEY_DATA: _key, ...nobody } = tls();
    const refusals: [change: Record<string, string>, advice: string][] = [
      [tls(stranger.cert), 'give that one as TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
      [{ ...tls(), TEMPORAL_TLS_SERVER_NAME: 'temporal.example.com' }, 'as TEMPORAL_TLS_SERVER_NAME'],
      [nobody, 'give one that it trusts (TEMPORAL_TLS_CLIENT_CERT_PATH'],
      [tls(undefined, stranger), 'give one that it trusts (TEMPORAL_TLS_CLIENT_CERT_PATH'],
      [{ TEMPORAL_ADDRESS: proxy.address }, 'where it speaks TLS, set TEMPORAL_TLS'],
      [{ ...tls(), TEMPORAL_ADDRESS: temporalAddress() }, 'It speaks no TLS'],
      [tls('no certificate'), 'TEMPORAL_TLS_SERVER_CA_CERT_DATA: holds no certificate in PEM'],
    ];
    const said = await Promise.all(refusals.map(([env]) => refusal(env)));
    await proxy.close();
    refusals.forEach(([, advice], index) => {
      expect(said[index]).toContain(advice);
    });
  });

  it('speaks TLS with a certificate of its own, says what it may not know, logs in JSON without secrets, warns of a webhook that is not there, and shuts down gracefully', async () => {
    const closed = await startRefusingProxy(temporalAddress(), ['AddSearchAttributes', 'ListSearchAttributes']);
    const { proxy, tls } = await startTls(closed.address);
    const webhook = { WEBHOOK_URL: `http://${closedPort}/hook/secret-path` };
    const change = { ...tls(), ...webhook, TEMPORAL_NAMESPACE: namespace, LOG_LEVEL: 'trace' };
    const log = await logOf(change, `"webhook":"http://${closedPort}"`);
    await Promise.all([proxy.close(), closed.close()]);
    for (const line of log) expect(() => JSON.parse(line)).not.toThrow();
    const logged = log.join('\n');
    expect(logged).toContain('Worker is ready');
    expect(logged).toContain('its search attributes may not be listed (Request unauthorized.)');
    expect(logged).toContain(
      `temporal operator search-attribute create --namespace ${namespace} --name AksCluster --type Keyword`,
    );
    expect(logged).not.toMatch(/bearer|access_token|eyJ|secret-path/i);
  });

  inFull.it('bundles the workflows where no folder has a bundle', async () => {
    const change = { TASK_QUEUE: namespace, WORKFLOW_BUNDLE: '' };
    expect(await logOf(change, 'Worker is ready')).toContainEqual(
      expect.stringContaining(`"taskQueue":"${namespace}"`),
    );
  });

  it('registers the search attributes that are missing', async () => {
    const found = await registerSearchAttributes({ connection, address: temporalAddress(), namespace });
    expect(found).toEqual({ problems: [], warnings: [] });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
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
