import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createExistingCluster } from '../../../scripts/local/existingCluster.ts';
import { subscriptionId } from '../../support/azure.ts';
import { type Harness, startHarness } from '../../support/harness.ts';
import { aksIsolation, inputFile, untilSaid } from './support.ts';

describe('aks-isolation, for a fleet,', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    for (const name of ['one', 'two'])
      await createExistingCluster(harness.azure.simulator, {
        cluster: { subscriptionId, resourceGroup: 'cli-fleet', name },
        pools: { system: { mode: 'System', count: 1 } },
      });
  });
  afterAll(() => harness.close());

  const aks = (...args: string[]) => aksIsolation(harness, ...args);
  const fleetFile = (name: string, more: object = {}) =>
    inputFile(`${name}.json`, {
      $schema: 'https://example.org/rolloutFleet.json',
      name,
      scenario: 'auditCluster',
      input: { probes: 'none' },
      select: { subscriptions: [subscriptionId], resourceGroup: 'cli-fleet' },
      ...more,
    });

  it('plans, names every problem, and rolls out to the end', async () => {
    const wrong = await aks('plan', fleetFile('cli-wrong', { rings: [{ name: 'a', count: 0 }], input: { x: 1 } }));
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain('rings[0].count: a ring without a cluster');
    expect(wrong.stderr).toContain('input.x: unknown key');
    const file = fleetFile('cli-fleet');
    const applied = await aks('apply', file, '--yes');
    expect(applied.exitCode).toBe(3);
    expect(applied.stdout).toContain('canary: 1, 1 at once (bounded by clusters of the ring)');
    expect(applied.stdout).toContain('Ring rest has no cluster');
    expect(applied.stdout).toMatch(/Rolled out, in .*\. 2 of 2 done: 2 drifted/);
  });

  it('steers: an approval by the name of the ring, and no word for another kind of run', async () => {
    const rings = [
      { name: 'canary', count: 1 },
      { name: 'the rest', gate: true },
    ];
    const started = await aks('apply', fleetFile('cli-steer', { rings }), '--yes', '--detach');
    expect(started.stdout).toContain('Watch it: aks-isolation watch fleet/cli-steer');
    const run = harness.client.fleet('fleet/cli-steer');
    for await (const { phase } of run.watch(25)) if (phase === 'awaitingApproval') break;
    const second = await aks('apply', fleetFile('cli-steer', { rings }), '--yes');
    expect(second.stderr).toMatch(/running already(.|\n)*aks-isolation watch fleet\/cli-steer/);
    const refused = await aks('decide', 'fleet/cli-steer', 'rollBack');
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      'rollBack is not for this run. Use goOn, retryFailed, stop.',
    ]);
    const watching = aks('watch', 'fleet/cli-steer');
    await untilSaid(watching, "aks-isolation approve fleet/cli-steer 'the rest'");
    watching.pressCtrlC();
    const left = await watching;
    expect([left.exitCode, left.stderr]).toEqual([
      130,
      '\nDetached. The rollout goes on. Come back: aks-isolation watch fleet/cli-steer',
    ]);
    await run.pause();
    expect((await aks('approve', 'fleet/cli-steer', 'the rest', '--by', 'Ada')).exitCode).toBe(0);
    const two = `/subscriptions/${subscriptionId}/resourceGroups/cli-fleet/providers/Microsoft.ContainerService/managedClusters/two`;
    expect((await aks('skip', 'fleet/cli-steer', two)).exitCode).toBe(0);
    // Nothing is left that could begin.
    expect(await run.result()).toMatchObject({ counts: { drifted: 1, skipped: 1 }, approvals: [{ by: 'Ada' }] });
  });
});
