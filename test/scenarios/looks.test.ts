import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterId } from '../../resources/ids.ts';
import type { AzureSwitchMoves } from '../../simulator/index.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { existingCluster, kubectl, verified, writesSince } from './existingCluster.ts';
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
    await verified(harness.client.isolateCluster({ cluster, registry, reimage: { maxParallelPools: 1 } }));
    const path = `${clusterId(cluster)}/runCommand`.toLowerCase();
    const looks = (await harness.azure.recorded()).filter(({ url }) => url.toLowerCase().includes(path));
    expect(looks.length).toBeGreaterThan(5);
    expect(looks.filter(({ status }) => status !== 202)).toEqual([]);
  });

  it('are tried again where pools that are reimaged at the same time are looked at, and their nodes are cold', async () => {
    await under({ commandsAtOnce: 'one', commandStart: 'cold' });
    const cluster = await existingCluster(harness, 'cold', { pools: threePools });
    await verified(harness.client.isolateCluster({ cluster, registry }));
  });

  it('that the cluster would not admit stop a run before it begins, unless nothing need be proven', async () => {
    await under({ commandTools: 'withoutCurl' });
    const cluster = await existingCluster(harness, 'strict', { pools: threePools });
    const enforce = 'pod-security.kubernetes.io/enforce=restricted';
    await kubectl(harness.azure, cluster, `kubectl label namespace kube-system ${enforce}`);
    const writes = await writesSince(harness, cluster);
    const { type, problems } = await problemsOf((await harness.client.isolateCluster({ cluster, registry })).result());
    expect(type).toBe('PreflightFailed');
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/Pod Security \(restricted:latest\)/),
    ]);
    expect(await writes()).toEqual([]);
    const report = await verified(harness.client.isolateCluster({ cluster, registry, probes: 'ifAllowed' }));
    expect(report.checks.find(({ id }) => id === 'pulls:work')).toMatchObject({
      because: 'podDenied',
      accepted: true,
      unproven: expect.stringMatching(/^Pod Security/),
    });
    expect(report.checks.find(({ id }) => id === 'egress')).toMatchObject({ verdict: 'met' });
  });
});
