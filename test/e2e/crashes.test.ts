import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { AksIsolationClient } from '../../client/index.ts';
import { type Progress, taskQueue } from '../../contract/index.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import { managedIdentity } from '../../scripts/local/simulatorClient.ts';
import { type Stack, startStack } from '../../scripts/local/stack.ts';
import { startWorker, type WorkerProcess } from '../../scripts/local/workerProcess.ts';
import type { FaultRule } from '../../simulator/index.ts';
import { armClient } from '../support/arm.ts';
import { replayAll } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';

type PhaseCase = [what: string, rule: FaultRule, reached: (progress: Progress) => boolean];

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
    stack = await startStack({ speed: 'demand', record, onProgress: () => undefined });
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

  const cluster: ClusterReference = { subscriptionId, resourceGroup: 'crashes', name: 'crashes' };
  const id = clusterId(cluster);
  const operation = { held: true } as const;
  /** The request of each phase that Azure does not answer, or end, before the worker is dead. */
  const phases = [
    ['discovering', { method: 'GET', path: `${id}$`, held: true }, ({ phase }) => phase === 'discovering'],
    ['setting where nodes boot from', { method: 'PUT', path: `${id}$`, operation }, running('bootstrap')],
    ['reimaging a pool', { method: 'POST', path: 'upgradeNodeImageVersion$', operation }, running('reimage:work')],
    ['probing', { method: 'POST', path: `${id}/runCommand$`, operation }, running('pullProbe')],
    ['cutting egress', { method: 'PUT', path: `${id}$`, operation }, running('outboundType')],
    ['verifying', { method: 'GET', path: `${id}$`, held: true }, ({ phase }) => phase === 'verifying'],
  ] satisfies [PhaseCase, ...PhaseCase[]];

  it('reimages each pool once, sends each update once, and ends as without', async () => {
    const pools = { work: { mode: 'System', count: 1 } } as const;
    await createExistingCluster(stack.simulator, { cluster, pools });
    const { getToken } = managedIdentity(stack.simulator.tokenEndpoint);
    const azure = armClient(stack.simulator, async () => (await getToken('https://management.azure.com'))?.token ?? '');
    const asked = async () => (await azure.send('GET', '/simulator/faults')).at('0.hits') === 1;
    const left: PhaseCase[] = [...phases];
    let release = await azure.fault(phases[0][1]);
    const run = await aks.isolateCluster({ cluster, registry: { mode: 'managed' } });
    for (let next = left[0]; next; next = left[0]) {
      const [what, , reached] = next;
      await waitFor(asked, `nothing was asked while ${what}`);
      const isThere = reached(await run.progress());
      if (isThere) {
        process.kill(worker.pid, 'SIGKILL');
        await worker.exited;
        left.shift();
      }
      const goOn = release;
      // The new rule comes before the old one goes, so that no request slips through.
      if (left[0]) release = await azure.fault(left[0][1]);
      await goOn();
      if (isThere) worker = startWorker(stack.workerEnvironment);
    }
    expect(await run.result()).toMatchObject({ outcome: 'verified', reimages: [{ pool: 'work', how: 'reimaged' }] });
    expect(await writesTo(cluster)).toEqual(['PUT ', 'POST /agentPools/work/upgradeNodeImageVersion', 'PUT ']);
  });

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
