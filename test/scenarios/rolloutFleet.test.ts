import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CancelledFailure,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { FleetProgress, FleetReport } from '../../contract/fleet.ts';
import { cancellationMemo, clusterWorkflowId, searchAttributes } from '../../contract/index.ts';
import type { RolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { createExistingCluster } from '../../scripts/local/existingCluster.ts';
import { subscriptionId } from '../support/azure.ts';
import { failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { sampled } from '../support/sampled.ts';
import { waitFor } from '../support/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhookReceiver.ts';
import { newNodeImage, reference, updateByHand } from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';
import { onePool, selected, smallClusters } from './rollouts.ts';

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

describe('rolloutFleet', () => {
  let harness: Harness;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    receiver = await startWebhookReceiver(() => 204);
    const { url } = receiver;
    harness = await startHarness({
      webhook: { url, events: ['awaitingApproval', 'waitingForOperator', 'succeeded'], patienceSeconds: 5 },
    });
    await harness.azure.reset(manyClusters);
  });
  afterAll(async () => {
    await harness.close();
    await receiver.close();
  });

  const clusters = (resourceGroup: string, count: number) => smallClusters(harness, resourceGroup, count);
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

  const refusalOf = async (update: Promise<unknown>): Promise<string> => {
    const error = await update.catch((reason: unknown) => reason);
    if (!(error instanceof WorkflowUpdateFailedError)) throw new Error(`Expected a refused update, got ${error}`);
    return error.cause?.message ?? '';
  };
  const sent = (run: WorkflowHandle, name: string, argument?: object): Promise<unknown> =>
    argument ? run.executeUpdate<unknown, [object]>(name, { args: [argument] }) : run.executeUpdate(name);
  const canaryFirst = [{ name: 'canary', count: 1 }, { name: 'rest' }];
  const newName = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`;

  it('audits a selection, ring by ring, and is found by its name', async () => {
    const [first] = await clusters('fleet-audit', 2);
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
      clusters: 2,
      counts: { drifted: 2 },
      rings: [
        { name: 'canary', clusters: 1 },
        { name: 'rest', clusters: 1 },
      ],
      failures: [],
      runs: 1,
    });
    expect(report.verdicts?.Drifted).toHaveLength(2);
    // The search lags behind.
    const lock = clusterWorkflowId(first as ClusterReference);
    await waitFor(async () => {
      const found: string[] = [];
      const query = `${searchAttributes.fleet.name} = '${name}'`;
      for await (const { workflowId } of harness.temporal.workflow.list({ query })) found.push(workflowId);
      return found.length === 5 && found.some((each) => each.startsWith(`${lock}/audit/`));
    }, 'the rollout, its members and their audits were not found by its name');
  });

  it('holds its history constant over many clusters, and loses no update while it continues as new', async () => {
    const all = await clusters('fleet-many', 24);
    const given = {
      name: newName('many'),
      scenario: 'auditCluster' as const,
      input: { probes: 'none' },
      clusters: all,
      parallel: { clusters: 5 },
      rings: [{ name: 'all' }],
    } satisfies RolloutFleetInput;
    const run = await start(given, { startsPerRun: 4 });
    await until(run, ({ counts }) => (counts.inWork ?? 0) > 0);
    // Six of the last ones are left out, one after the other, whichever run of the chain is asked. It may be faster, and says so.
    let skipped = 0;
    const over = (error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return 'over';
      throw error;
    };
    for (const cluster of all.slice(-6)) {
      if ((await run.executeUpdate('pause').catch(over)) === 'over') break;
      const refusal = await run.executeUpdate('skip', { args: [{ cluster }] }).then(() => undefined, String);
      if (refusal === undefined) skipped += 1;
      else expect(refusal).toContain('Workflow Update failed');
      await run.executeUpdate('resume');
    }
    const report: FleetReport = await run.result();
    expect(skipped).toBeGreaterThan(0);
    expect(report).toMatchObject({ outcome: 'rolledOut', clusters: 24, counts: { drifted: 24 - skipped, skipped } });
    expect(report.runs).toBeGreaterThanOrEqual(5);
    const lengths: number[] = [];
    for await (const { workflowId, runId } of harness.temporal.workflow.list({
      query: `WorkflowId = '${run.workflowId}'`,
    }))
      lengths.push((await harness.temporal.workflow.getHandle(workflowId, runId).describe()).historyLength);
    expect(lengths.length).toBeGreaterThan(3);
    // Four members each, and 18 updates at most.
    expect(Math.max(...lengths)).toBeLessThan(240);
  });

  it('waits at a gate, answers updates of the wrong moment, and passes over what is gone meanwhile', async () => {
    const all = await clusters('fleet-gate', 3);
    const [first, second] = all as [ClusterReference, ClusterReference];
    const rings = [
      { name: 'canary', count: 1 },
      { name: 'all others', gate: true },
    ];
    const given = { scenario: 'auditCluster', input: { probes: 'none' }, ...selected('fleet-gate'), rings } as const;
    // Each run of the chain knows what those before it have told.
    const run = await start({ ...given, name: newName('gate') }, { startsPerRun: 1 });
    const { answers } = await until(run, ({ phase }) => phase === 'awaitingApproval');
    expect(answers).toEqual([
      `temporal workflow update execute --workflow-id '${run.workflowId}' --name approve --update-id approve-ring-2 --input '{"ring":"all others","by":"NAME"}'`,
    ]);
    // A signal stays in the history: one that failed a task would fail all that come after it.
    for (const junk of [undefined, null, 'x', { member: 0 }]) await run.signal('memberEnded', junk);
    const refusals: [string, object | undefined, RegExp][] = [
      ['approve', { ring: 'canary', by: 'Ada' }, /Ring canary does not wait for an approval; ring all others does/],
      ['approve', { ring: 'all others', by: ' ' }, /nobody/],
      ['decide', { decision: 'goOn', hold: 'x' }, /Nothing to decide/],
      ['resume', undefined, /not paused/],
      ['retryFailed', undefined, /No cluster has failed/],
      ['skip', { cluster: first }, /cannot be skipped, for it is drifted/],
      ['skip', { cluster: { ...first, name: 'stranger' } }, /not part of this rollout/],
      ['skip', { cluster: 'stranger' }, /Not a cluster to skip/],
    ];
    for (const [name, argument, message] of refusals)
      expect(await refusalOf(sent(run, name, argument))).toMatch(message);
    await harness.azure.remove(clusterId(second));
    const late = { ...first, name: 'late' };
    await createExistingCluster(harness.azure.simulator, { cluster: late, pools: onePool });
    await run.executeUpdate('approve', { args: [{ ring: 'all others', by: 'Ada' }] });
    expect(await run.result()).toMatchObject({
      outcome: 'rolledOut',
      counts: { drifted: 2, gone: 1 },
      failures: [{ type: 'ClusterNotFound' }],
      approvals: [{ ring: 'all others', by: 'Ada' }],
      appeared: [`${subscriptionId}/fleet-gate/late`],
    });
    const told = receiver.receivedAbout(run.workflowId.replace('fleet/', ''));
    expect(told.map(({ event }) => [event.type, event.data.scenario])).toEqual([
      ['aks-isolation.run.awaitingApproval', 'rolloutFleet'],
      ['aks-isolation.run.succeeded', 'rolloutFleet'],
    ]);
    expect(told[0]?.event.data.answers).toEqual(answers);
  });

  it('tells once of a gate, and of a hold, that opens while it is paused, and says that it waits for both', async () => {
    const all = await clusters('fleet-paused', 2);
    await newNodeImage(harness);
    const [, second] = all as [ClusterReference, ClusterReference];
    const path = '/managedClusters/fleet-paused-.*/upgradeNodeImageVersion';
    const release = await harness.azure.fault({ method: 'POST', path, times: 1, operation: { held: true } });
    const given = { scenario: 'reimageNodePools', clusters: all, audits: 'none', failureBudget: { count: 0 } } as const;
    const rings = [
      { name: 'canary', count: 1 },
      { name: 'rest', gate: true },
    ];
    const run = await start({ ...given, name: newName('paused'), rings });
    await until(run, ({ counts }) => counts.inWork === 1);
    await run.executeUpdate('pause');
    await release();
    const gate = await until(run, ({ phase }) => phase === 'awaitingApproval');
    expect(gate).toMatchObject({ paused: true, waitsFor: 'the approval of ring rest, and the update resume' });
    expect(gate.answers).toHaveLength(2);
    const told = () => receiver.receivedAbout(run.workflowId.replace('fleet/', '')).map(({ event }) => event);
    await waitFor(async () => told().length === 1, 'nobody was told of the gate');
    expect(told()[0]?.data.reason).toContain('Waits for the approval of ring rest, and the update resume');
    await run.executeUpdate('resume');
    await run.executeUpdate('pause');
    await run.executeUpdate('approve', { args: [{ ring: 'rest', by: 'Ada' }] });

    const releaseSecond = await harness.azure.fault({ method: 'POST', path, times: 1, operation: { held: true } });
    await run.executeUpdate('resume');
    await harness.azure.untilRequested(`POST ${clusterId(second)}/agentPools/system/`);
    await run.executeUpdate('pause');
    // Somebody cancels its scenario, which counts as a failure.
    await harness.client.scenarioOf(second).cancel();
    await releaseSecond();
    const { hold, waitsFor } = await until(run, ({ phase }) => phase === 'waitingForOperator');
    expect(waitsFor).toBe('a decision: too many clusters have failed, and the update resume');
    await run.executeUpdate('decide', { args: [{ decision: 'goOn', hold }] });
    // Nothing is left that the pause would keep from beginning.
    expect(await run.result()).toMatchObject({ outcome: 'rolledOut', counts: { verified: 1, failed: 1 } });
    expect(await progressOf(run)).not.toHaveProperty('paused');
    expect((await run.describe()).searchAttributes[searchAttributes.phase.name]).toEqual(['Succeeded']);
    expect(told().map(({ type }) => type.split('.').at(-1))).toEqual([
      'awaitingApproval',
      'waitingForOperator',
      'succeeded',
    ]);
  });

  it('is held when more clusters fail than may, and tries them again', async () => {
    const all = await clusters('fleet-held', 2);
    await newNodeImage(harness);
    const operation = { status: 'Failed', code: 'InternalOperationError', message: 'No.' } as const;
    await harness.azure.fault({ method: 'POST', path: '/managedClusters/fleet-held-0/', times: 1, operation });
    const run = await start({
      name: newName('held'),
      scenario: 'reimageNodePools',
      clusters: all,
      audits: 'none',
      rings: [{ name: 'all', atOnce: 1 }],
      failureBudget: { count: 0 },
    });
    const { hold, failures } = await until(run, ({ phase }) => phase === 'waitingForOperator');
    expect(failures).toMatchObject([{ cluster: expect.stringContaining('fleet-held-0') }]);
    expect(await refusalOf(run.executeUpdate('decide', { args: [{ decision: 'goOn', hold: 'another' }] }))).toContain(
      `is not what is asked now, but hold ${hold}`,
    );
    await run.executeUpdate('decide', { args: [{ decision: 'retryFailed', hold }] });
    expect(await run.result()).toMatchObject({ outcome: 'rolledOut', counts: { verified: 2 }, failures: [] });
  });

  it.each(
    sampled(
      [
        ['rollBackClusters', { rolledBack: 2, waiting: 1 }],
        ['finishClusters', { verified: 2, waiting: 1 }],
      ] as const,
      2,
    ),
  )('that is cancelled begins no other cluster, and waits for those in work: %s', async (onCancel, counts) => {
    const group = `fleet-${onCancel === 'finishClusters' ? 'finish' : 'back'}`;
    const all = await clusters(group, 3);
    await newNodeImage(harness);
    const release = await harness.azure.fault({
      method: 'POST',
      path: `/managedClusters/${group}-./agentPools/system/upgradeNodeImageVersion`,
      times: 2,
      operation: { held: true },
    });
    const run = await start({
      name: newName('cancelled'),
      scenario: 'reimageNodePools',
      clusters: all,
      audits: 'none',
      rings: [{ name: 'all', atOnce: 2 }],
      onCancel,
    });
    const path = (n: number) => `POST ${clusterId(all[n] as ClusterReference)}/agentPools/system/`;
    await Promise.all([harness.azure.untilRequested(path(0)), harness.azure.untilRequested(path(1))]);
    await run.cancel();
    await until(run, ({ phase }) => phase === 'ending');
    await release();
    expect(await failureOf(run.result())).toBeInstanceOf(CancelledFailure);
    const { memo } = await run.describe();
    expect(memo?.[cancellationMemo]).toMatchObject({ outcome: 'stopped', counts });
  });

  it('finds members that have ended without a word, and clusters on which another scenario runs', async () => {
    const all = await clusters('fleet-lost', 2);
    const [lost, busy] = all as [ClusterReference, ClusterReference];
    await newNodeImage(harness);
    const other = await harness.client.reimageNodePools({ cluster: busy, approvals: ['reimage'] });
    const release = await harness.azure.fault({ method: 'GET', path: `${clusterId(lost)}$`, held: true });
    const given: RolloutFleetInput = {
      name: newName('lost'),
      scenario: 'reimageNodePools',
      clusters: all,
      audits: 'none',
      rings: [{ name: 'all' }],
      busy: { everyMinutes: 0.001, times: 2 },
    };
    const run = await start(given, { lookAfterMinutes: 0.01 });
    const member = harness.temporal.workflow.getHandle(
      `${run.workflowId}/${lost.subscriptionId}/fleet-lost/${lost.name}`,
    );
    const lock = harness.temporal.workflow.getHandle(clusterWorkflowId(lost));
    await waitFor(async () => (await lock.describe().catch(() => undefined))?.status.name === 'RUNNING', 'no scenario');
    await member.terminate();
    expect(await run.result()).toMatchObject({
      outcome: 'rolledOut',
      counts: { failed: 1, busy: 1 },
      failures: expect.arrayContaining([
        expect.objectContaining({ type: 'FleetMemberLost' }),
        expect.objectContaining({ type: 'ClusterBusy' }),
      ]),
    });
    await release();
    await other.cancel();
    await Promise.all([other.ending(), harness.client.scenarioOf(lost).ending()]);
  });

  it('has no timer but the one that ends a wait of weeks', async () => {
    const all = await clusters('fleet-long', 2);
    const rings = [
      { name: 'first', count: 1 },
      { name: 'all', gate: true },
    ];
    const run = await start(
      {
        name: newName('long'),
        scenario: 'auditCluster',
        input: { probes: 'none' },
        clusters: all,
        rings,
        approvalTimeoutMinutes: 30 * 24 * 60,
      },
      { lookAfterMinutes: 0.001 },
    );
    await until(run, ({ phase }) => phase === 'awaitingApproval');
    const events = async () => (await run.fetchHistory()).events ?? [];
    const gateAt = (all: Awaited<ReturnType<typeof events>>) =>
      all.findIndex((each) => Number(each.timerStartedEventAttributes?.startToFireTimeout?.seconds) > 29 * 24 * 3600);
    const isFired = ({ timerFiredEventAttributes: fired }: { timerFiredEventAttributes?: object | null }) => fired;
    // The look for which the first cluster was waited for may be still to come; no other follows it.
    await waitFor(async () => {
      const all = await events();
      return gateAt(all) > 0 && all.some(isFired);
    }, 'no look');
    await run.executeUpdate('approve', { args: [{ ring: 'all', by: 'Ada' }] });
    expect(await run.result()).toMatchObject({ outcome: 'rolledOut', counts: { drifted: 2 } });
    const history = await events();
    const answered = history.findIndex((each) => each.workflowExecutionUpdateAcceptedEventAttributes);
    const meanwhile = history.slice(gateAt(history) + 1, answered);
    expect(meanwhile.filter((each) => each.timerStartedEventAttributes)).toEqual([]);
  });

  it('does nothing on a cluster once it was reset', async () => {
    const all = await clusters('fleet-reset', 2);
    const run = await start({
      name: newName('reset'),
      scenario: 'auditCluster',
      input: { probes: 'none' },
      clusters: all,
      rings: canaryFirst,
    });
    expect(await run.result()).toMatchObject({ counts: { drifted: 2 } });
    const { events } = await run.fetchHistory();
    const second = (events ?? [])
      .flatMap((each) => each.startChildWorkflowExecutionInitiatedEventAttributes ?? [])
      .at(-1);
    const { runId } = await harness.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: run.workflowId, runId: (await run.describe()).runId },
      reason: 'as an operator would',
      requestId: randomUUID(),
      workflowTaskFinishEventId: second?.workflowTaskCompletedEventId ?? null,
    });
    const before = await harness.azure.recordedBytes();
    const report: FleetReport = await harness.temporal.workflow.getHandle(run.workflowId, runId).result();
    expect([report.counts, report.failures]).toMatchObject([{ drifted: 1, failed: 1 }, [{ type: 'ResetRun' }]]);
    expect(await harness.azure.recordedBytes()).toBe(before);
  });

  it('on a schedule tells what has drifted since the last time', async () => {
    const cluster = reference('fleet-nightly');
    await createExistingCluster(harness.azure.simulator, { cluster, pools: onePool, ownNetwork: true, isolated: true });
    const name = newName('nightly');
    const given: RolloutFleetInput = { name, scenario: 'auditCluster', input: { probes: 'none' }, clusters: [cluster] };
    const schedule = await harness.temporal.schedule.create({
      scheduleId: name,
      spec: {},
      action: {
        type: 'startWorkflow',
        workflowType: 'rolloutFleet',
        taskQueue: harness.taskQueue,
        workflowId: `fleet/${name}`,
        args: [given],
      },
    });
    const isIdle = async () => (await schedule.describe()).info.runningActions.length === 0;
    const night = async (): Promise<FleetReport> => {
      const before = (await schedule.describe()).info.recentActions.length;
      // As by the clock: by default the SDK allows all, and hands no result on.
      await schedule.trigger('SKIP');
      let actions: { workflow?: { workflowId: string } }[] = [];
      await waitFor(async () => {
        actions = (await schedule.describe()).info.recentActions.map(({ action }) => ({ workflow: action.workflow }));
        return actions.length > before;
      }, 'the schedule did nothing');
      const report = await harness.temporal.workflow.getHandle(actions.at(-1)?.workflow?.workflowId ?? '').result();
      // The schedule hears of the end a little later.
      await waitFor(isIdle, 'the schedule did not hear of the end');
      return report as FleetReport;
    };
    try {
      const first = await night();
      expect(first).toMatchObject({ counts: { isolated: 1 } });
      expect(first.changes).toBeUndefined();
      await updateByHand(harness.azure, cluster, (properties) => {
        properties.networkProfile = { ...(properties.networkProfile as object), outboundType: 'loadBalancer' };
      });
      // A schedule gives the time to the second.
      expect(await night()).toMatchObject({
        changes: {
          since: first.finishedAt,
          clusters: [{ cluster: `${subscriptionId}/rg-fleet-nightly/fleet-nightly`, was: 'Isolated', is: 'Drifted' }],
        },
      });
    } finally {
      await schedule.delete();
    }
  });

  it("begins clusters within AKS's own window, and says of each other one why it did not", async () => {
    const all = await clusters('fleet-window', 4);
    const window = (hours: number) => {
      const opens = new Date(Date.now() + hours * 3_600_000);
      const schedule = { weekly: { intervalWeeks: 1, dayOfWeek: weekdays[opens.getUTCDay()] } };
      const startTime = opens.toISOString().slice(11, 16);
      // Simulated time is ahead of the workflows'.
      const startDate = '2026-01-01';
      return { properties: { maintenanceWindow: { schedule, durationHours: 4, startDate, startTime } } };
    };
    const own = (n: number) => `${clusterId(all[n] as ClusterReference)}/maintenanceConfigurations`;
    const name = 'aksManagedNodeOSUpgradeSchedule';
    await harness.azure.put(`${own(0)}/${name}`, window(-1));
    await harness.azure.put(`${own(1)}/${name}`, window(48));
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await harness.azure.fault({ method: 'GET', path: `${own(3)}$`, times: 2, answer });
    const run = await start({
      name: newName('window'),
      scenario: 'auditCluster',
      input: { probes: 'none' },
      clusters: all,
      rings: [{ name: 'all' }],
      aksWindow: {},
      failureBudget: { whenUsedUp: 'goOn' },
    });
    const progress = await until(run, ({ phase }) => phase === 'awaitingWindow');
    expect(progress).toMatchObject({
      counts: { drifted: 1, waiting: 1, failed: 2 },
      waitsFor: "AKS's own maintenance window of 1 cluster",
      putOff: [{ cluster: expect.stringMatching(/fleet-window-1$/), until: progress.until }],
      failures: expect.arrayContaining([
        expect.objectContaining({ type: 'NoMaintenanceWindow', why: `it has no maintenance configuration ${name}` }),
        expect.objectContaining({
          type: 'AuthorizationFailed',
          why: expect.stringMatching(/^maintenance windows: No/),
        }),
      ]),
    });
    await run.executeUpdate('skip', { args: [{ cluster: all[1] }] });
    expect(await run.result()).toMatchObject({ counts: { drifted: 1, skipped: 1, failed: 2 } });
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
