import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import { controlApi, simulatedIdentity } from '../scripts/local/simulatorClient.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import type { Figure } from './figures.ts';
import type { Item } from './item.ts';

const subscription = '/subscriptions/11111111-1111-1111-1111-111111111111';
const group = `${subscription}/resourceGroups/load`;
const aks = `${group}/providers/Microsoft.ContainerService/managedClusters`;

type Address = Pick<Simulator, 'endpoint' | 'tokenEndpoint' | 'port'>;

/** How much the simulator bears: clusters in memory, and GETs a second from another process. */
export const simulator: Item = async ({ full, onProgress }) => {
  const [clusters, seconds] = full ? [5000, 10] : [2000, 3];
  // Node's default depends on the machine; a fixed bound makes a leak fail the same way everywhere.
  const child = fork(import.meta.filename, {
    execArgv: ['--expose-gc', '--max-old-space-size=2048'],
    env: { ...process.env, BENCH_SIMULATOR: '1' },
  });
  try {
    const [address]: Address[] = await once(child, 'message');
    if (!address) throw new Error('The simulator did not start');
    const memory = async () => {
      child.send('memory');
      const [usage]: NodeJS.MemoryUsage[] = await once(child, 'message');
      return (usage?.rss ?? Number.NaN) / 1024 / 1024;
    };
    onProgress(`Fills a simulator with ${clusters} isolated clusters.`);
    const send = await client(address);
    await controlApi(address, 'reset', 'POST', { quotas: { standardDDSv5Family: 1_000_000, cores: 1_000_000 } });
    await send.put(group, '2024-11-01', { location: 'westeurope' });
    const empty = await memory();
    await fill(send.put, clusters);
    const resources = await controlApi<{ id: string; type: string }[]>(address, 'resources');
    const network = resources.find(({ type }) => type === 'Microsoft.Network/virtualNetworks');
    const rate = async (what: string, path: string): Promise<Figure> => ({
      name: `GET ${what}`,
      unit: 'a second',
      better: 'higher',
      values: [await requestsASecond(`${address.endpoint}${path}`, send.headers, seconds)],
    });
    return [
      {
        name: 'memory of a cluster',
        unit: 'kB',
        better: 'lower',
        values: [(((await memory()) - empty) * 1024) / clusters],
      },
      await rate('a cluster', `${aks}/cluster1?api-version=2026-06-01`),
      await rate('a resource group', `${group}?api-version=2024-11-01`),
      await rate('a virtual network', `${network?.id}?api-version=2025-07-01`),
      await rate('the page', '/?group=load'),
    ];
  } finally {
    child.kill();
  }
};

type Put = (id: string, version: string, body: unknown) => Promise<void>;

async function client({ endpoint, tokenEndpoint }: Address): Promise<{ headers: Record<string, string>; put: Put }> {
  // fetch has no option for the simulator's own CA. This process asks only simulators.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const { token } = (await simulatedIdentity(tokenEndpoint).getToken('https://management.azure.com')) ?? {};
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return {
    headers,
    async put(id, version, body) {
      const url = `${endpoint}${id}?api-version=${version}`;
      const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${id}: ${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
    },
  };
}

/** As many write at the same time as ask later: enough to keep one core busy. */
const connections = 20;

async function fill(put: Put, clusters: number): Promise<void> {
  const next = Array.from({ length: clusters }, (_, index) => index).values();
  const create = async () => {
    for (const index of next)
      await put(`${aks}/cluster${index}`, '2026-06-01', {
        location: 'westeurope',
        identity: { type: 'SystemAssigned' },
        properties: {
          dnsPrefix: `cluster${index}`,
          agentPoolProfiles: [{ name: 'nodepool1', mode: 'System', count: 1 }],
          networkProfile: { outboundType: 'none' },
          bootstrapProfile: { artifactSource: 'Cache' },
          apiServerAccessProfile: { enablePrivateCluster: true },
        },
      });
  };
  await Promise.all(Array.from({ length: connections }, create));
}

/** @throws where a request fails */
async function requestsASecond(url: string, headers: Record<string, string>, duration: number): Promise<number> {
  const { requests, non2xx, errors } = await autocannon({ url, headers, connections, duration });
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests to ${url} failed`);
  return requests.average;
}

/** Runs the simulator alone in a process, so that the core and the memory are its own. */
async function serve(): Promise<void> {
  // Requests are throttled by simulated time, so at this speed never: hours pass between two of them.
  const { endpoint, tokenEndpoint, port } = await startSimulator({ speed: 1_000_000 });
  process.send?.({ endpoint, tokenEndpoint, port });
  process.on('message', () => {
    globalThis.gc?.();
    process.send?.(process.memoryUsage());
  });
}

if (import.meta.main && process.env.BENCH_SIMULATOR) await serve();
