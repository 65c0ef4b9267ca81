import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { FleetProgress, FleetReport } from '../../contract/fleet.ts';
import { clusterWorkflowId, searchAttributes } from '../../contract/index.ts';
import type { RolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { createExistingCluster, type Pools } from '../../scripts/local/existingCluster.ts';
import { subscriptionId } from '../support/azure.ts';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';
import { reference } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

const onePool: Pools = { system: { mode: 'System', count: 1 } };

describe('rolloutFleet', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  /** Small clusters in a resource group of their own. */
  const clusters = async (resourceGroup: string, count: number): Promise<ClusterReference[]> => {
    const all = Array.from({ length: count }, (_, n) => ({
      subscriptionId,
      resourceGroup,
      name: `${resourceGroup}-${n}`,
    }));
    for (const cluster of all) await createExistingCluster(harness.azure.simulator, { cluster, pools: onePool });
    return all;
  };
  const start = (
    given: RolloutFleetInput,
    settings: object = {},
    workflowId = `fleet/${given.name}`,
  ): Promise<WorkflowHandle> =>
    harness.temporal.workflow.start('rolloutFleet', {
      taskQueue: harness.taskQueue,
      workflowId,
      args: [given, { settings }],
    });
  const progressOf = (run: WorkflowHandle) => run.query<FleetProgress>('progress');
  const until = async (run: WorkflowHandle, reached: (progress: FleetProgress) => boolean): Promise<FleetProgress> => {
    let last: FleetProgress | undefined;
    await waitFor(async () => {
      last = await progressOf(run);
      return reached(last);
    }, 'the rollout did not come so far');
    return last as FleetProgress;
  };

  const canaryFirst = [{ name: 'canary', count: 1 }, { name: 'rest' }];
  const selected = (resourceGroup: string) => ({ select: { subscriptions: [subscriptionId], resourceGroup } });
  const newName = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`;

  it('audits a selection, ring by ring, and is found by its name', async () => {
    const [first] = await clusters('fleet-audit', 4);
    const name = newName('audit');
    const run = await start({
      name,
      scenario: 'auditCluster',
      input: { probes: 'none' },
      ...selected('fleet-audit'),
      rings: canaryFirst,
    });
    const report: FleetReport = await run.result();
    expect(report).toMatchObject({
      outcome: 'rolledOut',
      clusters: 4,
      counts: { drifted: 4 },
      rings: [
        { name: 'canary', clusters: 1 },
        { name: 'rest', clusters: 3 },
      ],
      failures: [],
      runs: 1,
    });
    expect(report.verdicts?.Drifted).toHaveLength(4);
    // The search lags behind.
    const lock = clusterWorkflowId(first as ClusterReference);
    await waitFor(async () => {
      const found: string[] = [];
      const query = `${searchAttributes.fleet.name} = '${name}'`;
      for await (const { workflowId } of harness.temporal.workflow.list({ query })) found.push(workflowId);
      return found.length === 9 && found.some((each) => each.startsWith(`${lock}/audit/`));
    }, 'the rollout, its members and their audits were not found by its name');
  });

  it('holds its history constant over many clusters, and loses no update while it continues as new', async () => {
    const all = await clusters('fleet-many', 60);
    const given = {
      name: newName('many'),
      scenario: 'auditCluster' as const,
      input: { probes: 'none' },
      clusters: all,
      parallel: { clusters: 8 },
      rings: [{ name: 'all' }],
    } satisfies RolloutFleetInput;
    const run = await start(given, { startsPerRun: 10 });
    await until(run, ({ counts }) => (counts.inWork ?? 0) > 0);
    // Ten of the last ones are left out, one after the other, whichever run of the chain is asked.
    for (const cluster of all.slice(-10)) {
      await run.executeUpdate('pause');
      await run.executeUpdate('skip', { args: [{ cluster }] });
      await run.executeUpdate('resume');
    }
    const report: FleetReport = await run.result();
    expect(report).toMatchObject({ outcome: 'rolledOut', clusters: 60, counts: { drifted: 50, skipped: 10 } });
    expect(report.runs).toBeGreaterThanOrEqual(5);
    const lengths: number[] = [];
    for await (const { workflowId, runId } of harness.temporal.workflow.list({
      query: `WorkflowId = '${run.workflowId}'`,
    }))
      lengths.push((await harness.temporal.workflow.getHandle(workflowId, runId).describe()).historyLength);
    expect(lengths.length).toBeGreaterThan(3);
    // Ten members each, and 30 updates at most.
    expect(Math.max(...lengths)).toBeLessThan(400);
  });

  it.each<[string, object, RegExp, string | undefined]>([
    ['an empty selection', selected('fleet-nothing'), /no cluster is like this/, undefined],
    [
      'a cluster that is not there',
      { clusters: [reference('fleet-absent')] },
      /there is no cluster .*fleet-absent/,
      undefined,
    ],
    ['another workflow ID', { clusters: [reference('fleet-absent')] }, /is not the one of this rollout/, 'any-id'],
    ['a wrong input', { clusters: [], parallel: { clusters: 0 } }, /no cluster(.|\n)*too few/, undefined],
  ])('refuses %s', async (_what, more, message, workflowId) => {
    const given = { name: newName('refused'), scenario: 'auditCluster', ...more } as RolloutFleetInput;
    const { problems } = await problemsOf((await start(given, {}, workflowId)).result());
    expect(problems.map(({ problem }) => problem).join('\n')).toMatch(message);
  });
});
