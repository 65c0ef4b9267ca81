import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Progress } from '../../contract/index.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import type { FaultRule } from '../../simulator/index.ts';
import { subscriptionId } from '../support/azure.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';
import { startCrashingWorker } from '../sweep/crashes.ts';

type PhaseCase = [what: string, rule: FaultRule, reached: (progress: Progress) => boolean];

/** The worker is killed without warning in each phase of a scenario, and another one takes over. */
describe('isolateCluster while its worker is killed', () => {
  let harness: Harness;
  let worker: ReturnType<typeof startCrashingWorker>;

  beforeAll(async () => {
    harness = await startHarness();
    await harness.stopWorker();
    worker = startCrashingWorker(harness);
  });
  afterAll(async () => {
    worker.kill();
    await worker;
    await harness.close();
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
    const { azure, client } = harness;
    await createExistingCluster(azure.simulator, { cluster, pools });
    const asked = async () => (await azure.send('GET', '/simulator/faults')).at('0.hits') === 1;
    const left: PhaseCase[] = [...phases];
    let release = await azure.fault(phases[0][1]);
    const run = await client.isolateCluster({ cluster, registry: { mode: 'managed' } });
    for (let next = left[0]; next; next = left[0]) {
      const [what, , reached] = next;
      await waitFor(asked, `nothing was asked while ${what}`);
      const isThere = reached(await run.progress());
      if (isThere) {
        worker.kill('SIGKILL');
        expect(await worker).toMatchObject({ signal: 'SIGKILL' });
        left.shift();
      }
      const goOn = release;
      // The new rule comes before the old one goes, so that no request slips through.
      if (left[0]) release = await azure.fault(left[0][1]);
      await goOn();
      if (isThere) worker = startCrashingWorker(harness);
    }
    expect(await run.result()).toMatchObject({ outcome: 'verified', reimages: [{ pool: 'work', how: 'reimaged' }] });
    expect(await writesTo(cluster)).toEqual(['PUT ', 'POST /agentPools/work/upgradeNodeImageVersion', 'PUT ']);
  });

  /** Since the cluster was made. */
  async function writesTo({ name }: ClusterReference): Promise<string[]> {
    return (await harness.azure.recorded())
      .filter(({ method, url }) => method !== 'GET' && url.includes(`/managedClusters/${name}`))
      .filter(({ url, status }) => !url.includes('/runCommand') && status !== 201)
      .map(({ method, url }) => `${method} ${new URL(url).pathname.split(`/managedClusters/${name}`)[1]}`);
  }
});

function running(step: string): (progress: Progress) => boolean {
  return ({ steps }) => steps.some(({ id, state }) => id === step && state === 'running');
}
