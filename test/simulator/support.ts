import { request } from 'node:https';
import { ContainerServiceClient, type ManagedCluster } from '@azure/arm-containerservice';
import { ResourceManagementClient } from '@azure/arm-resources';
import { DefaultAzureCredential } from '@azure/identity';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../simulator/index.ts';

export const subscription = '11111111-1111-1111-1111-111111111111';
export const location = 'westeurope';
/** How often an SDK poller asks, in real milliseconds. */
export const polling = { updateIntervalInMs: 15 };

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The value in the body at a dotted path; array items by their index. */
  at(path: string): unknown;
}

/** A started simulator, with the real SDK clients and plain requests for what the SDKs hide. */
export async function start(options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ speed: 2000, ...options });
  process.env.IDENTITY_ENDPOINT = simulator.tokenEndpoint;
  process.env.IDENTITY_HEADER = 'any';
  const credential = new DefaultAzureCredential();
  const client = { endpoint: simulator.endpoint, tlsOptions: { ca: simulator.ca } };
  const { token } = await credential.getToken('https://management.azure.com/.default');
  return {
    simulator,
    credential,
    client,
    aks: new ContainerServiceClient(credential, subscription, client),
    resources: new ResourceManagementClient(credential, subscription, client),
    /** A raw ARM request; the path may be relative to the subscription. */
    send: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      send(simulator, method, path, body, { authorization: `Bearer ${token}`, ...headers }),
    /** Polls the operation of an answer to its end and gives the last status document. */
    async settled(answer: Answer): Promise<Answer> {
      const url = answer.headers['azure-asyncoperation'];
      if (url === undefined) throw new Error(`no operation: ${answer.status} ${JSON.stringify(answer.body)}`);
      for (;;) {
        const poll = await send(simulator, 'GET', url, undefined, { authorization: `Bearer ${token}` });
        if (['Succeeded', 'Failed', 'Canceled'].includes(String(poll.at('status')))) return poll;
        await new Promise((resolve) => setTimeout(resolve, Number(poll.headers['retry-after-ms'] ?? 10)));
      }
    },
  };
}

export type Started = Awaited<ReturnType<typeof start>>;

export function group(name: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${name}`;
}

export const version = 'api-version=2026-06-01';

/** A private cluster with the managed registry and no egress, as the SDK sends it. */
export function isolatedCluster(overrides: Partial<ManagedCluster> = {}): ManagedCluster {
  return {
    location,
    identity: { type: 'SystemAssigned' },
    dnsPrefix: 'demo',
    agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
    networkProfile: { networkPlugin: 'azure', outboundType: 'none' },
    apiServerAccessProfile: { enablePrivateCluster: true },
    bootstrapProfile: { artifactSource: 'Cache' },
    ...overrides,
  };
}

/** The wire form of a cluster with egress; `properties` are merged in. */
export function wireCluster(properties: Record<string, unknown> = {}, top: Record<string, unknown> = {}) {
  return {
    location,
    identity: { type: 'SystemAssigned' },
    properties: {
      dnsPrefix: 'demo',
      agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1, vmSize: 'Standard_D4ds_v5' }],
      networkProfile: { networkPlugin: 'azure', outboundType: 'loadBalancer' },
      ...properties,
    },
    ...top,
  };
}

function send(
  simulator: Simulator,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const url = path.startsWith('http') ? path : `${simulator.endpoint}${path}`;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        ca: simulator.ca,
        headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString();
          const parsed: unknown = answer === '' ? undefined : JSON.parse(answer);
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
            body: parsed,
            at: (path) => path.split('.').reduce(child, parsed),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

function child(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}
