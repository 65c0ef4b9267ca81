import { describe, expect, it } from '@jest/globals';
import type { VerificationReport } from '../../contract/index.ts';
import type { Pools } from '../../scripts/local/existingCluster.ts';
import type { Duration } from '../../simulator/index.ts';
import { existingCluster, newNodeImage, verified } from '../scenarios/existingCluster.ts';
import { manyClusters } from '../scenarios/ownRegistry.ts';
import { type Harness, startHarness } from '../support/harness.ts';

/** At real speeds, for it is the duration that counts: true only on a machine that does nothing else. */
describe('eight node pools', () => {
  const pools: Pools = Object.fromEntries(
    [4, 5, 5, 6, 6, 7, 7, 8].map((count, index) => [
      index === 0 ? 'system' : `user${index}`,
      { mode: index === 0 ? 'System' : 'User', count },
    ]),
  );

  it.concurrent('take hardly longer than the slowest, all at once', async () => {
    const speed = 50;
    const { steps, azureSeconds } = await reimaged(8, speed);
    const seconds = (Math.max(...steps.map(({ end }) => end)) - Math.min(...steps.map(({ begin }) => begin))) * speed;
    expect(seconds / Math.max(...Object.values(azureSeconds))).toBeLessThanOrEqual(1.1);
  });

  it.concurrent('take hardly longer than their sum, one by one', async () => {
    const speed = 100;
    const { steps, azureSeconds } = await reimaged(1, speed);
    // Up to the next pool's begin, so that what lies between two pools counts; the median, for a machine may stall once.
    const ratios = steps.map(({ pool, begin, end }, index) => {
      const seconds = ((steps[index + 1]?.begin ?? end) - begin) * speed;
      return seconds / (azureSeconds[pool] ?? Number.NaN);
    });
    expect(median(ratios)).toBeLessThanOrEqual(1.05);
  });

  /**
   * Reimages all pools, slowly enough that some milliseconds of this machine's are little; begins and ends are real seconds,
   * in the order of the begins.
   */
  async function reimaged(maxParallelPools: number, speed: number) {
    const harness = await startHarness({ speed });
    try {
      await harness.azure.reset(manyClusters);
      const cluster = await existingCluster(harness, `reimage-eight-${maxParallelPools}`, { pools });
      await newNodeImage(harness);
      const report = await verified(harness.client.reimageNodePools({ cluster, reimage: { maxParallelPools } }));
      const azureSeconds = await poolSeconds(harness, cluster.name);
      expect(Object.keys(azureSeconds)).toHaveLength(8);
      return { steps: poolSteps(report), azureSeconds };
    } finally {
      await harness.close();
    }
  }
});

function poolSteps({ steps }: VerificationReport): { pool: string; begin: number; end: number }[] {
  return steps
    .filter(({ kind }) => kind === 'reimage')
    .map(({ resourceId, startedAt = '', finishedAt = '' }) => ({
      pool: resourceId.split('/').at(-1) ?? '',
      begin: Date.parse(startedAt) / 1000,
      end: Date.parse(finishedAt) / 1000,
    }))
    .sort((a, b) => a.begin - b.begin);
}

/** Azure's seconds for each pool, with the polling that it prescribes. */
async function poolSeconds({ azure }: Harness, cluster: string): Promise<Record<string, number>> {
  const { body } = await azure.send('GET', '/simulator/durations');
  const writes = (body as Duration[]).filter(({ resourceId }) => resourceId.includes(`/${cluster}/agentPools/`));
  return Object.fromEntries(
    writes
      .filter(({ operation }) => operation.includes('upgradeNodeImage'))
      .map(({ resourceId, requestSeconds, operationSeconds, pollingSeconds }) => [
        resourceId.split('/').at(-1),
        requestSeconds + operationSeconds + pollingSeconds,
      ]),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2;
}
