import { fork } from 'node:child_process';
import { once } from 'node:events';
import autocannon from 'autocannon';
import { Command } from 'commander';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import { controlApi, simulatedIdentity } from './local/simulatorClient.ts';

// `npm run load` measures how much the simulator bears: clusters in memory, and GETs a second from another process.
const { clusters, seconds } = new Command('npm run load --')
  .option('--clusters <count>', 'in memory', Number, 5000)
  .option('--seconds <count>', 'for each kind of GET', Number, 10)
  .parse()
  .opts<{ clusters: number; seconds: number }>();

const subscription = '/subscriptions/11111111-1111-1111-1111-111111111111';
const group = `${subscription}/resourceGroups/load`;
const aks = `${group}/providers/Microsoft.ContainerService/managedClusters`;

if (process.send) await serve();
else await measure();

/** Runs the simulator alone in a process, so that the core and the memory are its own. */
async function serve(): Promise<void> {
  // Requests are throttled by simulated time, so at this speed never: hours pass between two of them.
  const simulator = await startSimulator({ speed: 1_000_000 });
  const { endpoint, tokenEndpoint, port } = simulator;
  process.send?.({ endpoint, tokenEndpoint, port });
  process.on('message', () => {
    globalThis.gc?.();
    process.send?.(process.memoryUsage());
  });
}

async function measure(): Promise<void> {
  // Node's default depends on the machine; a fixed bound makes a leak fail the same way everywhere.
  const child = fork(import.meta.filename, { execArgv: ['--expose-gc', '--max-old-space-size=2048'] });
  const [simulator] = (await once(child, 'message')) as [Pick<Simulator, 'endpoint' | 'tokenEndpoint' | 'port'>];
  const { endpoint, tokenEndpoint } = simulator;
  // fetch has no option for the simulator's own CA. This process asks only the simulator.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const memory = async () => {
    child.send('memory');
    const [usage] = (await once(child, 'message')) as [NodeJS.MemoryUsage];
    return Math.round(usage.rss / 1024 / 1024);
  };
  const { token } = (await simulatedIdentity(tokenEndpoint).getToken('https://management.azure.com')) ?? {};
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const put = async (id: string, version: string, body: unknown) => {
    const answer = await fetch(`${endpoint}${id}?api-version=${version}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${id}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  const rate = async (what: string, path: string) => {
    const { requests, latency, non2xx, errors } = await autocannon({
      url: `${endpoint}${path}`,
      headers,
      // As many workers as write at the same time in this script: enough to keep one core busy.
      connections: 20,
      duration: seconds,
    });
    const bad = non2xx + errors;
    console.log(
      `${what}: ${Math.round(requests.average)} requests/s, median ${latency.p50} ms, 99 % ${latency.p99} ms${bad > 0 ? `, ${bad} FAILED` : ''}`,
    );
    if (bad > 0) process.exitCode = 1;
  };
  try {
    await controlApi(simulator, 'reset', 'POST', { quotas: { standardDDSv5Family: 1_000_000, cores: 1_000_000 } });
    await put(group, '2024-11-01', { location: 'westeurope' });
    console.log(`Empty: ${await memory()} MiB`);
    const began = Date.now();
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
    await Promise.all(Array.from({ length: 20 }, create));
    const took = (Date.now() - began) / 1000;
    const resources = await controlApi<{ id: string; type: string }[]>(simulator, 'resources');
    console.log(
      `${clusters} isolated clusters, ${resources.length} resources, in ${took.toFixed(0)} s: ${await memory()} MiB`,
    );
    await rate('GET a cluster', `${aks}/cluster1?api-version=2026-06-01`);
    await rate('GET a resource group', `${group}?api-version=2024-11-01`);
    const network = resources.find(({ type }) => type === 'Microsoft.Network/virtualNetworks');
    await rate('GET a virtual network', `${network?.id}?api-version=2025-07-01`);
    await rate('GET the page', '/?group=load');
  } finally {
    child.kill();
  }
}
