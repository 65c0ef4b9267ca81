import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterWorkflowId, type Progress } from '../../contract/index.ts';
import { clusterId } from '../../resources/ids.ts';
import { failureDetailsOf, failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';
import {
  blockedBudget,
  existingCluster,
  kubectl,
  newNodeImage,
  reference,
  verified,
  waitUntil,
  writesSince,
} from './existingCluster.ts';
import { manyClusters } from './ownRegistry.ts';

const poolPath = (name: string, pool: string): string => `${clusterId(reference(name))}/agentPools/${pool}`;

/** Without other means, a pool that AKS leaves as it is fails its step. */
const failing = { whenNotReimaged: 'fail' as const };

describe('reimageNodePools', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  it('reimages every pool and proves it by the boot of each node', async () => {
    const cluster = await existingCluster(harness, 'reimage-all');
    await newNodeImage(harness);
    const { reimages } = await verified(harness.client.reimageNodePools({ cluster }));
    for (const { nodes, evidence } of reimages) {
      expect(evidence).toBe('nodes');
      for (const { before, after, reimaged } of nodes) {
        expect([reimaged, before === after]).toEqual([true, false]);
      }
    }
  });

  it('begins under the lock on its cluster, though a schedule gives its own IDs', async () => {
    const { client, temporal, taskQueue } = harness;
    const cluster = await existingCluster(harness, 'reimage-scheduled');
    await newNodeImage(harness);
    const input = { scenario: 'reimageNodePools', input: { cluster, agentPools: ['work'], approvals: ['reimage'] } };
    const schedule = await temporal.schedule.create({
      scheduleId: taskQueue,
      spec: {},
      action: {
        type: 'startWorkflow',
        workflowType: 'startScenario',
        workflowId: taskQueue,
        taskQueue,
        args: [input],
        memo: { startedBy: 'Grace' },
      },
      state: { triggerImmediately: true },
    });
    const run = client.run(clusterWorkflowId(cluster));
    await waitFor(
      async () => (await run.progress().catch(() => undefined))?.awaitingApproval !== undefined,
      'It never began',
    );
    expect((await run.progress()).startedBy).toBe('Grace');
    const again = { workflowId: `${taskQueue}-again`, taskQueue, args: [input] };
    const busy = await failureOf(temporal.workflow.execute('startScenario', again));
    expect(busy).toMatchObject({ type: 'ClusterBusy' });
    const asLock = {
      workflowId: clusterWorkflowId(reference('reimage-lock')),
      taskQueue,
      args: [{ ...input, input: { cluster: reference('reimage-lock') } }],
    };
    const { type } = await problemsOf(temporal.workflow.execute('startScenario', asLock));
    expect(type).toBe('WrongWorkflowId');
    await run.approve({ gate: 'reimage', by: 'Ada' });
    const [started] = (await schedule.describe()).info.recentActions;
    const { workflowId = '' } = started?.action.type === 'startWorkflow' ? started.action.workflow : {};
    expect(workflowId).toMatch(new RegExp(`^${taskQueue}-\\d{4}`));
    expect(await temporal.workflow.getHandle(workflowId).result()).toMatchObject({ outcome: 'verified' });
    await schedule.delete();
  });

  it('finds out a pool that Azure says to have reimaged and left as it is', async () => {
    const cluster = await existingCluster(harness, 'reimage-nothing');
    const run = await harness.client.reimageNodePools({ cluster, agentPools: ['work'], reimage: failing });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/NotReimaged: Node pool work was not reimaged: Azure took the request, but 0 of 2/);
    expect(failure.message).toMatch(/whenNotReimaged ladder/);
    // Text and list say the same.
    expect(failure.message).toMatch(/what has no inverse stays/);
    expect(details.leftovers.map(({ resourceId }) => resourceId.split('/').at(-1))).toEqual(['work']);
    expect(details.reimages).toMatchObject([{ pool: 'work', how: 'notReimaged', notModified: false }]);
  });

  it('finds out a pool for which Azure answers 304', async () => {
    const cluster = await existingCluster(harness, 'reimage-304');
    await harness.azure.fault({
      method: 'POST',
      path: `${poolPath('reimage-304', 'work')}/upgradeNodeImageVersion`,
      answer: { status: 304, code: 'NotModified', message: '' },
    });
    const run = await harness.client.reimageNodePools({ cluster, agentPools: ['work'], reimage: failing });
    const { failure, details } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/Azure answered 304, nothing to do/);
    expect(details.reimages).toMatchObject([{ pool: 'work', how: 'notReimaged', notModified: true }]);
  });

  it('makes such a pool anew by way of a temporary one, if told so', async () => {
    const cluster = await existingCluster(harness, 'reimage-replace');
    const writes = await writesSince(harness, cluster);
    const { reimages } = await verified(
      harness.client.reimageNodePools({
        cluster,
        agentPools: ['work'],
        reimage: { whenNotReimaged: 'temporaryPool' },
      }),
    );
    expect(reimages).toMatchObject([{ pool: 'work', how: 'replaced', reimaged: true }]);
    expect(await writes()).toEqual([
      'POST work/upgradeNodeImageVersion 202',
      'PUT tmpwork 201',
      'DELETE work 202',
      'PUT work 201',
      'DELETE tmpwork 202',
    ]);
  });

  it('waits for a newer node image, if told so', async () => {
    const cluster = await existingCluster(harness, 'reimage-wait');
    const given = { cluster, agentPools: ['work'], reimage: { whenNotReimaged: 'wait' as const } };
    const run = await harness.client.reimageNodePools(given);
    const handle = harness.temporal.workflow.getHandle(run.workflowId);
    for (;;) {
      const { raw } = await handle.describe();
      if (raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'awaitNewerNodeImage')) break;
    }
    await newNodeImage(harness);
    expect(await run.result()).toMatchObject({ outcome: 'verified', reimages: [{ how: 'reimaged', reimaged: true }] });
  });

  it('looks at a pool that ends Failed, and tries it once more', async () => {
    const cluster = await existingCluster(harness, 'reimage-failed');
    await newNodeImage(harness);
    await harness.azure.fault({
      method: 'POST',
      path: `${poolPath('reimage-failed', 'work')}/upgradeNodeImageVersion`,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 30 },
    });
    const writes = await writesSince(harness, cluster);
    await verified(harness.client.reimageNodePools({ cluster, agentPools: ['work'] }));
    expect(await writes()).toEqual(['POST work/upgradeNodeImageVersion 202', 'POST work/upgradeNodeImageVersion 202']);
  });

  it('goes on where somebody else has preempted it', async () => {
    const cluster = await existingCluster(harness, 'reimage-preempted');
    await newNodeImage(harness);
    await harness.azure.fault({
      method: 'POST',
      path: `${poolPath('reimage-preempted', 'work')}/upgradeNodeImageVersion`,
      operation: { status: 'Canceled', code: 'AKSOperationPreempted', message: 'preempted', afterSeconds: 30 },
    });
    await verified(harness.client.reimageNodePools({ cluster, agentPools: ['work'] }));
  });

  it('says that it knows only by the node image where run-command is disabled', async () => {
    const cluster = await existingCluster(harness, 'reimage-blind');
    await newNodeImage(harness);
    await disableRunCommand(harness, 'reimage-blind');
    const { reimages, checks } = await verified(harness.client.reimageNodePools({ cluster }));
    expect(reimages.map(({ evidence }) => evidence)).toEqual(['nodeImageVersion', 'nodeImageVersion']);
    expect(checks.find(({ id }) => id === 'reimage:work')).toMatchObject({
      ok: true,
      evidence: 'node image of the pool',
    });
  });

  it('begins with the canary, and goes no further where it is not proven', async () => {
    const cluster = await existingCluster(harness, 'reimage-canary');
    const writes = await writesSince(harness, cluster);
    const reimage = { ...failing, canaryPool: 'work', maxParallelPools: 8 };
    const { details } = await failureDetailsOf((await harness.client.reimageNodePools({ cluster, reimage })).result());
    expect(details.steps.map(({ id, state }) => [id, state])).toEqual([
      ['reimage:work', 'failed'],
      ['reimage:system', 'skipped'],
    ]);
    expect(await writes()).toEqual(['POST work/upgradeNodeImageVersion 202']);
  });

  it('shows in the heartbeat how many nodes are done', async () => {
    const cluster = await existingCluster(harness, 'reimage-heartbeat');
    await newNodeImage(harness);
    const path = `${poolPath('reimage-heartbeat', 'work')}/upgradeNodeImageVersion`;
    const end = await harness.azure.fault({ method: 'POST', path, operation: { held: true } });
    const run = await harness.client.reimageNodePools({ cluster, agentPools: ['work'] });
    const seen = await heartbeatOf(harness.temporal.workflow.getHandle(run.workflowId));
    expect(seen).toMatchObject({ nodesDone: expect.any(Number), nodesTotal: expect.any(Number) });
    expect(seen).toMatchObject({ elapsed: expect.any(Number) });
    await end();
    await run.result();
  });

  it('drains as the budgets allow, and fails with Azure’s reason where it is told to try all the same', async () => {
    const cluster = await existingCluster(harness, 'reimage-budget');
    await newNodeImage(harness);
    await blockedBudget(harness.azure, cluster);
    const refused = await problemsOf((await harness.client.reimageNodePools({ cluster })).result());
    expect(refused.problems.map(({ problem }) => problem).join()).toMatch(/default\/cart allows no disruption/);
    const reimage = { ignoreDisruptionBudgets: true };
    const run = await harness.client.reimageNodePools({ cluster, agentPools: ['work'], reimage });
    const { failure } = await failureDetailsOf(run.result());
    expect(failure.message).toMatch(/UnsatisfiablePDB/);
  });

  const oneSystem = (...names: string[]) =>
    Object.fromEntries(
      ['system', ...names].map((name) => [
        name,
        { mode: name === 'system' ? ('System' as const) : ('User' as const), count: 1 },
      ]),
    );

  it('reimages pools at the same time, but for those that share a disruption budget, and system pools last', async () => {
    const cluster = await existingCluster(harness, 'reimage-parallel', { pools: oneSystem('one', 'two', 'three') });
    await newNodeImage(harness);
    const inside = (command: string) => kubectl(harness.azure, cluster, command);
    const three = /aks-three-\S+/.exec(await inside('kubectl get nodes --output name'))?.[0];
    await inside(`kubectl cordon ${three}`);
    await inside('kubectl create deployment cart --image=mcr.microsoft.com/cart:1 --replicas=2');
    await inside('kubectl create poddisruptionbudget cart --selector=app=cart --min-available=1');
    await inside(`kubectl uncordon ${three}`);
    const path = '/reimage-parallel/agentPools/[^/]+/upgradeNodeImageVersion$';
    const end = await harness.azure.fault({ method: 'POST', path, times: 2, operation: { held: true } });
    const run = await harness.client.reimageNodePools({ cluster });
    const statesOf = ({ steps }: Progress) =>
      Object.fromEntries(steps.flatMap(({ id, state }) => (id.startsWith('reimage:') ? [[id.slice(8), state]] : [])));
    const both = (progress: Progress) => statesOf(progress).three === 'running';
    expect(statesOf(await waitUntil(run, both))).toEqual({
      one: 'running',
      two: 'waiting',
      three: 'running',
      system: 'waiting',
    });
    await end();
    const { steps, plan } = await verified(Promise.resolve(run));
    expect(plan.turns?.apart).toEqual([{ pools: ['one', 'two'], because: 'disruption budget default/cart' }]);
    const { two, system, ...first } = Object.fromEntries(steps.map((step) => [step.id.slice(8), step]));
    expect(first.one?.finishedAt).toBeDefined();
    expect((first.one?.finishedAt ?? '') <= (two?.startedAt ?? '')).toBe(true);
    expect((two?.finishedAt ?? '') <= (system?.startedAt ?? '')).toBe(true);
  });

  it('waits for its own pools where Azure takes one at a time, however short it waits for others', async () => {
    const cluster = await existingCluster(harness, 'reimage-queue', { pools: oneSystem('one', 'two', 'three') });
    await newNodeImage(harness);
    await harness.azure.send('PUT', '/simulator/azure', { poolsAtOnce: 'one' });
    try {
      const { reimages } = await verified(harness.client.reimageNodePools({ cluster, busyTimeoutMinutes: 1 }));
      expect(reimages.map(({ how }) => how)).toEqual(['reimaged', 'reimaged', 'reimaged', 'reimaged']);
    } finally {
      await harness.azure.send('PUT', '/simulator/azure', { poolsAtOnce: 'many' });
    }
  });

  it('ends where one of its own pools fails while another waits for it', async () => {
    const pools = { ...oneSystem('one', 'two'), one: { mode: 'User' as const, count: 6 } };
    const cluster = await existingCluster(harness, 'reimage-queue-fails', { pools });
    await newNodeImage(harness);
    await harness.azure.send('PUT', '/simulator/azure', { poolsAtOnce: 'one' });
    await harness.azure.fault({
      method: 'POST',
      path: `${poolPath('reimage-queue-fails', 'one')}/upgradeNodeImageVersion`,
      times: 9,
      operation: { status: 'Failed', code: 'PodDrainFailure', message: 'Drain failed', afterSeconds: 300 },
    });
    try {
      const run = await harness.client.reimageNodePools({ cluster, busyTimeoutMinutes: 1, reimage: failing });
      await expect(run.result()).rejects.toThrow();
    } finally {
      await harness.azure.send('PUT', '/simulator/azure', { poolsAtOnce: 'many' });
    }
  });

  it('refuses pools that are not there, all at once', async () => {
    const cluster = await existingCluster(harness, 'reimage-unknown');
    const run = await harness.client.reimageNodePools({ cluster, agentPools: ['a', 'b'], reimage: { order: ['c'] } });
    expect((await problemsOf(run.result())).problems.map(({ where }) => where)).toEqual([
      'reimage.order[0]',
      'agentPools[0]',
      'agentPools[1]',
    ]);
  });

  it('waits for approval before it begins', async () => {
    const cluster = await existingCluster(harness, 'reimage-approved');
    await newNodeImage(harness);
    const writes = await writesSince(harness, cluster);
    const run = await harness.client.reimageNodePools({ cluster, approvals: ['reimage'] });
    await waitUntil(run, ({ phase }) => phase === 'awaitingApproval');
    expect(await writes()).toEqual([]);
    await run.approve({ gate: 'reimage', by: 'Ada' });
    expect(await run.result()).toMatchObject({ outcome: 'verified', approvals: [{ by: 'Ada' }] });
  });
});

async function disableRunCommand({ azure }: Harness, name: string): Promise<void> {
  const id = clusterId(reference(name));
  const whole = structuredClone((await azure.get(id)).body) as { properties: Record<string, unknown> };
  whole.properties.apiServerAccessProfile = {
    ...(whole.properties.apiServerAccessProfile as object),
    disableRunCommand: true,
  };
  await azure.put(id, whole);
}

/** The details of the heartbeat of the pool's activity, once they tell of nodes. */
async function heartbeatOf(handle: ReturnType<Harness['temporal']['workflow']['getHandle']>): Promise<unknown> {
  for (;;) {
    const { raw, status } = await handle.describe();
    const pending = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'reimageAgentPool');
    const data = pending?.heartbeatDetails?.payloads?.[0]?.data;
    const details: unknown = data ? JSON.parse(Buffer.from(data).toString()) : undefined;
    if (typeof details === 'object' && details !== null && 'nodesTotal' in details) return details;
    if (status.name !== 'RUNNING') throw new Error('No heartbeat told of nodes');
  }
}
