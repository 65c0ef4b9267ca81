import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { AksIsolationClient } from '../../client/index.ts';
import { type Progress, taskQueue } from '../../contract/index.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import { type Stack, startStack } from '../../scripts/local/stack.ts';
import { startWorker, type WorkerProcess } from '../../scripts/local/workerProcess.ts';
import { waitUntil } from '../scenarios/existingCluster.ts';
import { replayAll } from '../support/harness.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';

/** The worker is killed without warning in each phase of a scenario, and another one takes over. */
describe('isolateCluster while its worker is killed', () => {
  let folder: string;
  let record: string;
  let stack: Stack;
  let worker: WorkerProcess;
  let connection: Connection;
  let aks: AksIsolationClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aks-isolation-crashes-'));
    record = join(folder, 'requests.jsonl');
    stack = await startStack({ speed: 40, record, onProgress: () => undefined });
    worker = startWorker(stack.workerEnvironment);
    connection = await Connection.connect({ address: stack.temporal.address });
    aks = new AksIsolationClient(new Client({ connection }));
    await worker.ready;
  });
  afterAll(async () => {
    await worker.stop();
    await replayAll(new Client({ connection }), taskQueue);
    await connection.close();
    await stack.stop();
    await rm(folder, { recursive: true });
  });

  const phases: Record<string, (progress: Progress) => boolean> = {
    discovering: ({ phase }) => phase === 'discovering',
    'setting where nodes boot from': running('bootstrap'),
    'reimaging a pool': running('reimage:work'),
    probing: running('pullProbe'),
    'cutting egress': running('outboundType'),
    // It is short: whoever misses it kills the worker right after.
    verifying: ({ phase }) => phase === 'verifying' || phase === 'succeeded',
  };

  it('reimages each pool once, sends each update once, and ends as without', async () => {
    const cluster: ClusterReference = { subscriptionId, resourceGroup: 'crashes', name: 'crashes' };
    const pools = { work: { mode: 'System', count: 1 } } as const;
    await createExistingCluster(stack.simulator, { cluster, pools });
    const run = await aks.isolateCluster({ cluster, registry: { mode: 'managed' } });
    for (const reached of Object.values(phases)) {
      await waitUntil(run, reached);
      process.kill(worker.pid, 'SIGKILL');
      await worker.exited;
      worker = startWorker(stack.workerEnvironment);
    }
    expect(await run.result()).toMatchObject({ outcome: 'verified', reimages: [{ pool: 'work', how: 'reimaged' }] });
    expect(await writesTo(cluster)).toEqual(['PUT ', 'POST /agentPools/work/upgradeNodeImageVersion', 'PUT ']);
  }, 240_000);

  /** Since the cluster was made. */
  async function writesTo({ name }: ClusterReference): Promise<string[]> {
    const lines = (await readFile(record, 'utf8')).split('\n').filter(Boolean);
    const requests = lines.map((line): { method: string; url: string; status: number } => JSON.parse(line));
    return requests
      .filter(({ method, url }) => method !== 'GET' && url.includes(`/managedClusters/${name}`))
      .filter(({ url, status }) => !url.includes('/runCommand') && status !== 201)
      .map(({ method, url }) => `${method} ${new URL(url).pathname.split(`/managedClusters/${name}`)[1]}`);
  }
});

function running(step: string): (progress: Progress) => boolean {
  return ({ steps }) => steps.some(({ id, state }) => id === step && state === 'running');
}
