import { describe, expect, it } from '@jest/globals';
import type { VerificationReport } from '../../contract/index.ts';
import type { Pools } from '../../scripts/existing-cluster.ts';
import type { Duration } from '../../simulator/index.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { existingCluster, newNodeImage, verified } from './living.ts';
import { manyClusters } from './ownRegistry.ts';

describe('eight node pools', () => {
  // Slow enough that some milliseconds of this machine's are little.
  const speed = 200;
  const pools: Pools = Object.fromEntries(
    [4, 5, 5, 6, 6, 7, 7, 8].map((count, index) => [
      index === 0 ? 'system' : `user${index}`,
      { mode: index === 0 ? 'System' : 'User', count },
    ]),
  );

  it.each([
    ['all at once take hardly longer than the slowest', 8, 1.1, Math.max],
    ['one by one take hardly longer than their sum', 1, 1.05, (...each: number[]) => each.reduce((a, b) => a + b, 0)],
  ] as const)('%s', async (_case, maxParallelPools, bound, expected) => {
    const harness = await startHarness({ speed });
    try {
      await harness.azure.reset(manyClusters);
      const cluster = await existingCluster(harness, `reimage-eight-${maxParallelPools}`, { pools });
      await newNodeImage(harness);
      const report = await verified(harness.client.reimageNodePools({ cluster, reimage: { maxParallelPools } }));
      const each = await poolSeconds(harness, `reimage-eight-${maxParallelPools}`);
      expect(each).toHaveLength(8);
      expect(simulatedSeconds(report, speed) / expected(...each)).toBeLessThanOrEqual(bound);
    } finally {
      await harness.close();
    }
  });
});

/** From the first pool's begin to the last one's end. */
function simulatedSeconds({ steps }: VerificationReport, speed: number): number {
  const pools = steps.filter(({ id }) => id.startsWith('reimage:'));
  const begins = Math.min(...pools.map(({ startedAt = '' }) => Date.parse(startedAt)));
  const ends = Math.max(...pools.map(({ finishedAt = '' }) => Date.parse(finishedAt)));
  return ((ends - begins) / 1000) * speed;
}

/** What Azure took for each pool, with the polling that it prescribes. */
async function poolSeconds({ azure }: Harness, name: string): Promise<number[]> {
  const { body } = await azure.send('GET', '/simulator/durations');
  const writes = body as Duration[];
  return writes
    .filter(({ resourceId, operation }) => resourceId.includes(`/${name}/`) && operation.includes('upgradeNodeImage'))
    .map(({ requestSeconds, operationSeconds, pollingSeconds }) => requestSeconds + operationSeconds + pollingSeconds);
}
