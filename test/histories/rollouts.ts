import type { WorkflowHandle } from '@temporalio/client';
import type { FleetProgress } from '../../contract/fleet.ts';
import type { RolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import { reference } from '../scenarios/existingCluster.ts';
import { waitFor } from '../support/waitFor.ts';
import type { Slot } from '../sweep/scenarios.ts';
import { ended } from '../sweep/slot.ts';

type Write = (name: string, workflowId: string, runId?: string) => Promise<void>;

/** Writes the histories of a rollout at its gate, of its runs, of a member, and of one that nobody resumes. */
export async function recordRollouts(slot: Slot, write: Write): Promise<void> {
  await slot.azure.reset();
  const clusters = ['one', 'two', 'three'].map((name) => reference(`rollout-${name}`));
  for (const cluster of clusters)
    await createExistingCluster(slot.azure.simulator, { cluster, pools: { system: { mode: 'System', count: 1 } } });
  await slot.azure.put(`${clusterId(clusters[0] as ClusterReference)}/maintenanceConfigurations/default`, {
    properties: { timeInWeek: [], notAllowedTime: [{ start: '2020-01-01T00:00:00Z', end: '2020-01-02T00:00:00Z' }] },
  });
  const start = (given: RolloutFleetInput, settings: object = {}): Promise<WorkflowHandle> =>
    slot.temporal.workflow.start('rolloutFleet', {
      taskQueue: slot.taskQueue,
      workflowId: `fleet/${given.name}`,
      args: [given, { settings }],
    });
  const until = (run: WorkflowHandle, phase: FleetProgress['phase']) =>
    waitFor(async () => (await run.query<FleetProgress>('progress')).phase === phase, `no ${phase}`);
  const audits = { scenario: 'auditCluster', input: { probes: 'none' }, clusters } as const;

  const aksWindow = { configuration: 'default', without: 'begin' } as const;
  const gated = await start({ ...audits, name: 'recorded', rings: canaryFirst, aksWindow, parallel: { clusters: 1 } });
  await until(gated, 'awaitingApproval');
  await write('rollout-gated', gated.workflowId);
  await gated.executeUpdate('pause');
  await gated.executeUpdate('resume');
  await gated.executeUpdate('approve', { args: [{ ring: 'rest', by: 'recorder' }] });
  await ended(gated.result());
  await write('rollout-verified', gated.workflowId);
  const [first] = clusters;
  await write('member-verified', `fleet/recorded/${keyOf(first as ClusterReference)}`);

  const paused = await start({ ...audits, name: 'abandoned', rings: canaryFirst, pauseTimeoutMinutes: 0.01 });
  await until(paused, 'awaitingApproval');
  await paused.executeUpdate('pause');
  await ended(paused.result());
  await write('rollout-stopped', paused.workflowId);

  const chained = await start({ ...audits, name: 'chained', rings: [{ name: 'all' }] }, { startsPerRun: 1 });
  const runId = await firstRunOf(chained);
  await ended(chained.result());
  await write('rollout-continued', chained.workflowId, runId);
}

const firstRunOf = async (run: WorkflowHandle): Promise<string | undefined> =>
  (await run.fetchHistory()).events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? undefined;
const canaryFirst: NonNullable<RolloutFleetInput['rings']> = [
  { name: 'canary', count: 1 },
  { name: 'rest', gate: true },
];
const keyOf = ({ subscriptionId, resourceGroup, name }: ClusterReference): string =>
  `${subscriptionId}/${resourceGroup}/${name}`.toLowerCase();
