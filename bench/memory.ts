import { searchAttributes } from '../contract/index.ts';
import type { ClusterReference } from '../resources/ids.ts';
import { createExistingCluster } from '../scripts/local/existingCluster.ts';
import type { Item } from './item.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, threePools } from './scenarios.ts';

/** Azure's budgets let so many runs look around within seconds. */
const speed = 4_000;
/** Half of a worker's limit in deploy/kubernetes/. */
const promisedMiB = 1024;
const inFlight = (full: boolean): number => (full ? 1_000 : 300);

/**
 * Runs that have looked and planned, and wait. All of them are in flight at the same time, whatever else this machine does: memory is
 * measured, and no time.
 */
export const memory: Item = async ({ full, onProgress }) => {
  const count = inFlight(full);
  const place = await startPlace(speed, onProgress);
  try {
    const worker = await place.startWorker();
    const idle = await worker.usage();
    const clusters = Array.from({ length: count }, (_, index) => clusterNamed(`m${index}`));
    onProgress(`Makes ${count} clusters, and starts an isolation of each that waits for an approval.`);
    for (const cluster of clusters) await createExistingCluster(place.simulator, { cluster, pools: threePools });
    await untilWaiting(place, clusters);
    const waiting = await worker.usage();
    return [
      { name: 'a worker that does nothing', unit: 'MiB', better: 'lower', values: [idle.residentMiB] },
      { name: `${count} clusters in flight`, unit: 'MiB', better: 'lower', values: [waiting.residentMiB] },
      {
        name: `${count} clusters in flight, at most`,
        unit: 'MiB',
        better: 'lower',
        limit: promisedMiB,
        values: [waiting.peakMiB],
      },
      {
        name: 'each cluster in flight',
        unit: 'kB',
        better: 'lower',
        values: [((waiting.peakMiB - idle.residentMiB) * 1024) / count],
      },
    ];
  } finally {
    await place.close();
  }
};

async function untilWaiting({ aks, temporal }: Place, clusters: readonly ClusterReference[]): Promise<void> {
  for (const cluster of clusters)
    await aks.isolateCluster({ cluster, registry: { mode: 'managed' }, approvals: ['reimage'] });
  // A query to each run would have the worker load it.
  const query = `${searchAttributes.phase.name} = 'AwaitingApproval'`;
  while ((await temporal.workflow.count(query)).count < clusters.length)
    await new Promise((resolve) => setTimeout(resolve, 500));
}
