import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterId } from '../../resources/ids.ts';
import type { AzureSwitchMoves } from '../../simulator/index.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { existingCluster, verified } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

const registry = { mode: 'managed' } as const;
const threePools = {
  system: { mode: 'System', count: 1 },
  work: { mode: 'User', count: 1 },
  more: { mode: 'User', count: 1 },
} as const;

/** Looks into a small cluster: it has room for one command at a time, and AKS refuses the others. */
describe('looks', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  const under = (azure: AzureSwitchMoves) => harness.azure.reset({ ...manyClusters, azure });

  it('come one after the other, so that a small cluster refuses none', async () => {
    await under({ commandsAtOnce: 'one' });
    const cluster = await existingCluster(harness, 'small', { pools: threePools });
    await verified(harness.client.isolateCluster({ cluster, registry }));
    const path = `${clusterId(cluster)}/runCommand`.toLowerCase();
    const looks = (await harness.azure.recorded()).filter(({ url }) => url.toLowerCase().includes(path));
    expect(looks.length).toBeGreaterThan(10);
    expect(looks.filter(({ status }) => status !== 202)).toEqual([]);
  });

  it('are tried again where pools that are reimaged at the same time are looked at, and their nodes are cold', async () => {
    await under({ commandsAtOnce: 'one', commandStart: 'cold' });
    const cluster = await existingCluster(harness, 'cold', { pools: threePools });
    await verified(harness.client.isolateCluster({ cluster, registry, reimage: { maxParallelPools: 3 } }));
  });
});
