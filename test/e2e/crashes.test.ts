import { describe, expect, it } from '@jest/globals';
import type { Progress } from '../../contract/index.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import type { FaultRule } from '../../simulator/index.ts';
import { subscriptionId } from '../support/azure.ts';
import { type Harness, startHarness, startTestWorker } from '../support/harness.ts';
import { sampled } from '../support/sampled.ts';
import { waitFor } from '../support/waitFor.ts';
import { startCrashingWorker } from '../sweep/crashes.ts';

type PhaseCase = [what: string, rule: FaultRule, reached: (progress: Progress) => boolean];

/** The request of each phase that Azure does not answer, or end, before the worker is dead. */
function phasesOf(id: string): PhaseCase[] {
  const operation = { held: true } as const;
  return [
    ['discovering', { method: 'GET', path: `${id}$`, held: true }, ({ phase }) => phase === 'discovering'],
    ['setting where nodes boot from', { method: 'PUT', path: `${id}$`, operation }, running('bootstrap')],
    ['reimaging a pool', { method: 'POST', path: 'upgradeNodeImageVersion$', operation }, running('reimage:work')],
    ['probing', { method: 'POST', path: `${id}/runCommand$`, operation }, running('pullProbe')],
    ['cutting egress', { method: 'PUT', path: `${id}$`, operation }, running('outboundType')],
    ['verifying', { method: 'GET', path: `${id}$`, held: true }, ({ phase }) => phase === 'verifying'],
  ];
}

/** The worker is killed without warning in each phase of a scenario, and another one takes over. */
describe('isolateCluster while its worker is killed', () => {
  // A killed worker is noticed after half a minute, so that runs share the kills.
  it.concurrent.each(
    sampled<readonly [string, number, number]>(
      [
        ['until its nodes boot from the registry', 0, 2],
        ['while its pool is being reimaged', 2, 3],
        ['from the probe to the end', 3, 6],
      ],
      3,
      1,
    ),
  )('%s, reimages each pool once, sends each update once, and ends as without', async (_when, from, to) => {
    const harness = await startHarness();
    await harness.stopWorker();
    const name = `crashes-${from}`;
    const cluster: ClusterReference = { subscriptionId, resourceGroup: name, name };
    const pools = { work: { mode: 'System', count: 1 } } as const;
    const { azure, client } = harness;
    await createExistingCluster(azure.simulator, { cluster, pools });
    let worker = startCrashingWorker(harness);
    let last: Awaited<ReturnType<typeof startTestWorker>> | undefined;
    const asked = async () => (await azure.send('GET', '/simulator/faults')).at('0.hits') === 1;
    const left = phasesOf(clusterId(cluster)).slice(from, to);
    let release = left[0] && (await azure.fault(left[0][1]));
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
      await goOn?.();
      if (!isThere) continue;
      if (left[0]) worker = startCrashingWorker(harness);
      else last = await startTestWorker(azure.connection, harness.taskQueue);
    }
    expect(await run.result()).toMatchObject({ outcome: 'verified', reimages: [{ pool: 'work', how: 'reimaged' }] });
    expect(await writesTo(harness, cluster)).toEqual(['PUT ', 'POST /agentPools/work/upgradeNodeImageVersion', 'PUT ']);
    await last?.stop();
    await harness.close();
  });
});

/** Since the cluster was made. */
async function writesTo({ azure }: Harness, { name }: ClusterReference): Promise<string[]> {
  return (await azure.recorded())
    .filter(({ method, url }) => method !== 'GET' && url.includes(`/managedClusters/${name}`))
    .filter(({ url, status }) => !url.includes('/runCommand') && status !== 201)
    .map(({ method, url }) => `${method} ${new URL(url).pathname.split(`/managedClusters/${name}`)[1]}`);
}

function running(step: string): (progress: Progress) => boolean {
  return ({ steps }) => steps.some(({ id, state }) => id === step && state === 'running');
}
