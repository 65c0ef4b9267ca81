import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { FleetReport } from '../../contract/fleet.ts';
import { clusterWorkflowId, fleetWorkflowId, rolloutFleet } from '../../contract/index.ts';
import { type Harness, startHarness, startTestWorker } from '../support/harness.ts';
import { manyClusters } from './ownRegistry.ts';
import { selected, smallClusters } from './rollouts.ts';

describe('a rollout with two workers', () => {
  let harness: Harness;
  let other: Awaited<ReturnType<typeof startTestWorker>>;
  /** By worker: the runs whose activities it has had. */
  const served = [new Set<string>(), new Set<string>()];
  const notedBy = (worker: number): { activity: ActivityInterceptorsFactory[] } => ({
    activity: [
      ({ info }) => {
        served[worker]?.add(info.workflowExecution?.workflowId ?? '');
        return {};
      },
    ],
  });
  beforeAll(async () => {
    harness = await startHarness({ interceptors: notedBy(0) });
    await harness.azure.reset(manyClusters);
    other = await startTestWorker(harness.azure.connection, harness.taskQueue, { interceptors: notedBy(1) });
  });
  afterAll(async () => {
    await other.stop();
    await harness.close();
  });

  it("does the activities of one run with both: each has the same part of Azure's limits", async () => {
    const clusters = await smallClusters(harness, 'rg-two-workers', 4);
    const report: FleetReport = await harness.temporal.workflow.execute(rolloutFleet, {
      taskQueue: harness.taskQueue,
      workflowId: fleetWorkflowId('two-workers'),
      args: [
        {
          name: 'two-workers',
          scenario: 'reimageNodePools',
          input: {},
          ...selected('rg-two-workers'),
          rings: [{ name: 'all' }],
          audits: 'none',
        },
      ],
    });
    expect(report.counts.verified).toBe(clusters.length);
    const [first, second] = served;
    const members = clusters.map(clusterWorkflowId);
    // Which worker takes which activity is chance, but not that none of the runs has been with both.
    expect(members.filter((id) => first?.has(id) && second?.has(id))).not.toEqual([]);
  });
});
