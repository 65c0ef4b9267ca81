import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApplicationFailure, CancelledFailure, type WorkflowHandle } from '@temporalio/client';
import type { FleetProgress, FleetReport } from '../../contract/fleet.ts';
import { cancellationMemo } from '../../contract/index.ts';
import type { RolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { subscriptionId } from '../support/azure.ts';
import { failureOf, type Harness, problemsOf, startHarness, startTestWorker } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhookReceiver.ts';
import { newNodeImage } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';
import { selected, smallClusters } from './rollouts.ts';

describe('rolloutFleet, at the wrong moment', () => {
  let harness: Harness;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    // Whoever is to be told of a gate is away.
    receiver = await startWebhookReceiver(() => 503);
    const { url } = receiver;
    harness = await startHarness({ webhook: { url, events: ['awaitingApproval'], patienceSeconds: 5 } });
    await harness.azure.reset(manyClusters);
  });
  afterAll(async () => {
    await harness.close();
    await receiver.close();
  });

  const clusters = (resourceGroup: string, count: number) => smallClusters(harness, resourceGroup, count);
  const start = (given: Omit<RolloutFleetInput, 'name'>, settings: object = {}): Promise<WorkflowHandle> => {
    const name = `moment-${randomUUID().slice(0, 8)}`;
    return harness.temporal.workflow.start('rolloutFleet', {
      taskQueue: harness.taskQueue,
      workflowId: `fleet/${name}`,
      args: [{ ...given, name }, { settings }],
    });
  };
  const until = (run: WorkflowHandle, reached: (progress: FleetProgress) => boolean): Promise<void> =>
    waitFor(async () => reached(await run.query<FleetProgress>('progress')), 'the rollout did not come so far');
  const memberOf = (run: WorkflowHandle, { resourceGroup, name }: ClusterReference): WorkflowHandle =>
    harness.temporal.workflow.getHandle(`${run.workflowId}/${subscriptionId}/${resourceGroup}/${name}`);
  const openWindow = { rings: [{ name: 'all', gate: true }] };
  const approve = (run: WorkflowHandle) => run.executeUpdate('approve', { args: [{ ring: 'all', by: 'Ada' }] });
  const listOf = (group: string) => `/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters$`;
  const stoppedOf = async (run: WorkflowHandle): Promise<{ report: FleetReport }> => {
    const failure = await failureOf(run.result());
    if (!(failure instanceof ApplicationFailure)) throw failure;
    return { report: failure.details?.[0] as FleetReport };
  };
  /** Resets a run to its last task. */
  const reset = async (run: WorkflowHandle): Promise<WorkflowHandle> => {
    const { events } = await run.fetchHistory();
    const last = (events ?? []).findLast((each) => each.workflowTaskCompletedEventAttributes);
    const { runId } = await harness.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: run.workflowId, runId: (await run.describe()).runId },
      reason: 'as an operator would',
      requestId: randomUUID(),
      workflowTaskFinishEventId: last?.eventId ?? null,
    });
    return harness.temporal.workflow.getHandle(run.workflowId, runId);
  };

  it('tries clusters again for which it is asked while it looks for those that came since', async () => {
    await clusters('moment-late', 1);
    await newNodeImage(harness);
    const run = await start({
      scenario: 'reimageNodePools',
      ...selected('moment-late'),
      audits: 'none',
      failureBudget: { whenUsedUp: 'goOn' },
      ...openWindow,
    });
    await until(run, ({ phase }) => phase === 'awaitingApproval');
    const operation = { status: 'Failed', code: 'InternalOperationError', message: 'No.' } as const;
    await harness.azure.fault({ method: 'POST', path: '/managedClusters/moment-late-0/', times: 1, operation });
    const release = await harness.azure.fault({ method: 'GET', path: listOf('moment-late'), times: 1, held: true });
    await approve(run);
    await until(run, ({ counts }) => counts.failed === 1);
    const said = await run.executeUpdate('retryFailed');
    await release();
    expect(said).toBe('1 cluster is tried again.');
    expect(await run.result()).toMatchObject({ outcome: 'rolledOut', counts: { verified: 1 } });
  });

  it('that is cancelled when all clusters are done gives its report', async () => {
    await clusters('moment-end', 1);
    const run = await start({
      scenario: 'auditCluster',
      input: { probes: 'none' },
      ...selected('moment-end'),
      ...openWindow,
    });
    await until(run, ({ phase }) => phase === 'awaitingApproval');
    const release = await harness.azure.fault({ method: 'GET', path: listOf('moment-end'), times: 1, held: true });
    await approve(run);
    await until(run, ({ counts }) => counts.drifted === 1);
    await run.cancel();
    await release();
    expect(await run.result()).toMatchObject({ outcome: 'rolledOut', counts: { drifted: 1 } });
  });

  it('that is cancelled while it looks for its clusters shows it', async () => {
    const release = await harness.azure.fault({ method: 'GET', path: listOf('moment-look'), held: true });
    const run = await start({ scenario: 'auditCluster', ...selected('moment-look') });
    await until(run, ({ phase }) => phase === 'discovering');
    await run.cancel();
    expect(await failureOf(run.result())).toBeInstanceOf(CancelledFailure);
    expect(await run.query('progress')).toMatchObject({ phase: 'cancelled' });
    await release();
  });

  it('that is cancelled at a gate of which nobody could be told ends', async () => {
    const all = await clusters('moment-untold', 1);
    const run = await start({ scenario: 'auditCluster', clusters: all, ...openWindow });
    await until(run, ({ phase }) => phase === 'awaitingApproval');
    await run.cancel();
    expect(await failureOf(run.result())).toBeInstanceOf(CancelledFailure);
    expect((await run.describe()).memo?.[cancellationMemo]).toMatchObject({ counts: { waiting: 1 } });
  });

  it('that was reset says so, though a member of it is not heard', async () => {
    const all = await clusters('moment-reset', 1);
    const release = await harness.azure.fault({
      method: 'GET',
      path: `${clusterId(all[0] as ClusterReference)}$`,
      held: true,
    });
    const run = await start(
      { scenario: 'auditCluster', input: { probes: 'none' }, clusters: all },
      { lookAfterMinutes: 0.01 },
    );
    await until(run, ({ counts }) => counts.inWork === 1);
    const looks = async () =>
      ((await run.fetchHistory()).events ?? []).filter((each) => each.activityTaskCompletedEventAttributes);
    await waitFor(async () => (await looks()).length > 1, 'no look');
    const again = await reset(run);
    expect(await failureOf(again.result())).toMatchObject({ cause: { type: 'ResetRun' } });
    await release();
    await memberOf(run, all[0] as ClusterReference).result();
  });

  it('hears of a member that was reset', async () => {
    const all = await clusters('moment-member', 1);
    const cluster = all[0] as ClusterReference;
    await newNodeImage(harness);
    const release = await harness.azure.fault({
      method: 'POST',
      path: '/managedClusters/moment-member-0/agentPools/system/upgradeNodeImageVersion',
      times: 1,
      operation: { held: true },
    });
    const run = await start({
      scenario: 'reimageNodePools',
      clusters: all,
      busy: { everyMinutes: 0.01, times: 100 },
    });
    await harness.azure.untilRequested(`POST ${clusterId(cluster)}/agentPools/system/`);
    await reset(memberOf(run, cluster));
    await release();
    expect(await run.result()).toMatchObject({ outcome: 'rolledOut', failures: [{ type: 'ResetRun' }] });
  });

  it('that is cancelled during the audit after a cluster counts what its scenario has done', async () => {
    const all = await clusters('moment-audit', 1);
    await newNodeImage(harness);
    const path = '/resourceGroups/MC_moment-audit_[^/]+/providers/Microsoft.Network/loadBalancers$';
    const release = await harness.azure.fault({ method: 'GET', path, held: true });
    const run = await start({ scenario: 'reimageNodePools', clusters: all, audits: 'after' });
    const isAudited = async () => {
      const { events } = await memberOf(run, all[0] as ClusterReference).fetchHistory();
      return JSON.stringify(events).includes('/audit/');
    };
    await waitFor(() => isAudited().catch(() => false), 'no audit');
    await run.cancel();
    await until(run, ({ phase }) => phase === 'ending');
    await release();
    expect(await failureOf(run.result())).toBeInstanceOf(CancelledFailure);
    expect((await run.describe()).memo?.[cancellationMemo]).toMatchObject({ counts: { verified: 1 } });
  });

  it('that has stopped begins no cluster that it waited for', async () => {
    const all = await clusters('moment-stopped', 2);
    const [fails, busy] = all as [ClusterReference, ClusterReference];
    await newNodeImage(harness);
    const other = await harness.client.reimageNodePools({ cluster: busy, approvals: ['reimage'] });
    const operation = { status: 'Failed', code: 'InternalOperationError', message: 'No.' } as const;
    await harness.azure.fault({ method: 'POST', path: `/managedClusters/${fails.name}/`, times: 1, operation });
    const run = await start({
      scenario: 'reimageNodePools',
      clusters: all,
      audits: 'none',
      rings: [{ name: 'all' }],
      failureBudget: { count: 0, whenUsedUp: 'stop' },
      busy: { everyMinutes: 60 },
    });
    const { report } = await stoppedOf(run);
    await other.cancel();
    await other.ending();
    expect(report).toMatchObject({ outcome: 'stopped', counts: { failed: 1, waiting: 1 } });
  });

  it('begins no cluster whose own window has closed while another scenario ran on it', async () => {
    const all = await clusters('moment-closed', 1);
    const [cluster] = all as [ClusterReference];
    const configuration = `${clusterId(cluster)}/maintenanceConfigurations/default`;
    const notAllowed = (from: number) => {
      const [start, end] = [from, from + 30].map((day) => new Date(Date.now() + day * 86_400_000).toISOString());
      return { properties: { timeInWeek: [], notAllowedTime: [{ start, end }] } };
    };
    await harness.azure.put(configuration, notAllowed(20));
    await newNodeImage(harness);
    const other = await harness.client.reimageNodePools({ cluster, approvals: ['reimage'] });
    const run = await start({
      scenario: 'reimageNodePools',
      clusters: all,
      audits: 'none',
      aksWindow: { configuration: 'default' },
      busy: { everyMinutes: 0.02, times: 100 },
      onCancel: 'finishClusters',
    });
    const timers = async () => {
      const { events } = await memberOf(run, cluster).fetchHistory();
      return (events ?? []).filter((each) => each.timerStartedEventAttributes);
    };
    await waitFor(async () => (await timers().catch(() => [])).length > 0, 'it did not wait for the cluster');
    await harness.azure.put(configuration, notAllowed(-1));
    const days = async () =>
      (await timers()).some((each) => Number(each.timerStartedEventAttributes?.startToFireTimeout?.seconds) > 86_400);
    await waitFor(days, 'it did not wait for the window');
    await other.cancel();
    await other.ending();
    await run.cancel();
    expect(await failureOf(run.result())).toBeInstanceOf(CancelledFailure);
    expect((await run.describe()).memo?.[cancellationMemo]).toMatchObject({ counts: { waiting: 1 } });
  });

  it('does not take a subscription that is not there for an empty one', async () => {
    await clusters('moment-subscription', 1);
    const nowhere = '99999999-9999-4999-9999-999999999999';
    const run = await start({
      scenario: 'auditCluster',
      input: { probes: 'none' },
      select: { subscriptions: [subscriptionId, nowhere], resourceGroup: 'moment-subscription' },
    });
    const { problems } = await problemsOf(run.result());
    expect(problems).toMatchObject([
      { where: `/subscriptions/${nowhere}`, problem: expect.stringContaining('could not be found') },
    ]);
    expect(await run.query('progress')).toMatchObject({ phase: 'failed', problems });
  });

  it('that is cancelled has each member taken back that it has just started', async () => {
    const all = await clusters('moment-started', 2);
    const [first] = all as [ClusterReference];
    const release = await harness.azure.fault({ method: 'GET', path: `${clusterId(first)}$`, held: true });
    const run = await start({
      scenario: 'auditCluster',
      input: { probes: 'none' },
      clusters: all,
      rings: [{ name: 'all', atOnce: 1 }],
    });
    await until(run, ({ counts }) => counts.inWork === 1);
    const { runId: fleet } = await run.describe();
    // Both come in one task: the next member is started, and the rollout cancelled.
    await harness.stopWorker();
    await run.signal('memberEnded', { member: 0, fleet, attempt: 1, outcome: 'isolated', seconds: 1 });
    await run.cancel();
    const worker = await startTestWorker(harness.azure.connection, harness.taskQueue);
    try {
      expect(await failureOf(run.result())).toBeInstanceOf(CancelledFailure);
      expect((await run.describe()).memo?.[cancellationMemo]).toMatchObject({ counts: { isolated: 1, skipped: 1 } });
      await release();
      await memberOf(run, first).result();
    } finally {
      await worker.stop();
    }
  });
});
