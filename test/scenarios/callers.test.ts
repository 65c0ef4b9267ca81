import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActivityExecutionFailedError } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { AksIsolationClient } from '../../client/index.ts';
import { clusterWorkflowId } from '../../contract/index.ts';
import { guardActivities } from '../../worker/activityGuard.ts';
import { clusterPath, input, subscriptionId } from '../support/azure.ts';
import { type Harness, problemsOf, startHarness, startTestWorker } from '../support/harness.ts';
import { ownRegistryIds } from '../support/ownRegistry.ts';
import { existingCluster } from './existingCluster.ts';
import { messageOf, startCaller } from './nexusCaller.ts';
import { byResourceId } from './ownRegistry.ts';

const cluster = { subscriptionId, resourceGroup: 'rg', name: 'shop' };

describe('an activity', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close({ replay: false }));

  it('that is started by itself does nothing', async () => {
    const { azure, temporal, taskQueue } = harness;
    const failed = temporal.activity.execute('deleteCluster', {
      id: 'by-itself',
      taskQueue,
      startToCloseTimeout: '10 minutes',
      args: [{ cluster, marks: {} }],
    });
    const error = await failed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ActivityExecutionFailedError);
    expect(error).toMatchObject({ cause: { type: 'ForeignCaller' } });
    expect(await azure.writes()).toEqual([]);
  });
});

describe('a worker with a policy', () => {
  const policy = {
    tenants: ['33333333-3333-3333-3333-333333333333'],
    locations: ['northeurope'],
    resourceGroups: ['rg-allowed'],
    registries: [],
    deletable: { resourceGroups: [] },
  };
  let harness: Harness;
  let worker: { stop(): Promise<void> };
  let client: AksIsolationClient;
  beforeAll(async () => {
    harness = await startHarness();
    const queue = `${harness.taskQueue}-policy`;
    worker = await startTestWorker({ ...harness.azure.connection, policy }, queue);
    client = new AksIsolationClient(harness.temporal, queue);
  });
  afterAll(async () => {
    await worker.stop();
    await harness.close({ replay: false });
  });

  it.each([true, false])('refuses what it forbids before it looks, all at once (dry run: %s)', async (dryRun) => {
    const { azure } = harness;
    const ids = ownRegistryIds('forbidden');
    const given = input('forbidden', { dryRun, ...byResourceId(ids, ['registry', 'vnet']) });
    const before = await azure.recordedBytes();
    const { type, problems } = await problemsOf((await client.createCluster(given)).result());
    expect(type).toBe('PreflightFailed');
    expect(problems.map(({ where }) => where).sort()).toEqual(
      [
        `/subscriptions/${subscriptionId}`,
        `/subscriptions/${subscriptionId}/resourceGroups/rg-forbidden`,
        ids.registry,
        'westeurope',
      ].sort(),
    );
    const urls = (await azure.recorded(before)).map(({ url }) => new URL(url).pathname);
    // The tenant of a subscription is read, once.
    expect(urls.filter((url) => url !== `/subscriptions/${subscriptionId}`)).toEqual([]);
  });

  it('names in the plan what could not be deleted later, and what could not be taken back', async () => {
    const { azure } = harness;
    const queue = `${harness.taskQueue}-deletable`;
    const { tenants: _tenants, locations: _locations, ...more } = policy;
    const deleting = await startTestWorker({ ...azure.connection, policy: more }, queue);
    try {
      const aks = new AksIsolationClient(harness.temporal, queue);
      const given = input('allowed', { dryRun: true });
      const created = await (await aks.createCluster(given)).result();
      expect(created).toMatchObject({
        plan: {
          problems: expect.arrayContaining([expect.objectContaining({ problem: expect.stringMatching(/taken back/) })]),
        },
      });
      await azure.createGroup('rg-allowed');
      await azure.createForeignCluster(given);
      const writes = await azure.writes();
      const { problems } = await problemsOf((await aks.deleteCluster({ cluster: given.cluster })).result());
      expect(problems.map(({ whatToDo }) => whatToDo)).toContainEqual(
        expect.stringContaining('deletable.resourceGroups'),
      );
      expect(await azure.writes()).toEqual(writes);
    } finally {
      await deleting.stop();
    }
  });
});

describe('a worker that only looks', () => {
  let harness: Harness;
  let worker: { stop(): Promise<void> };
  let lookQueue: string;
  beforeAll(async () => {
    harness = await startHarness();
    lookQueue = `${harness.taskQueue}-read-only`;
    worker = await startTestWorker({ ...harness.azure.connection, readOnly: true }, lookQueue);
  });
  afterAll(async () => {
    await worker.stop();
    await harness.close({ replay: false });
  });

  it('audits, looks from inside, and plans, beside one that writes', async () => {
    const aks = new AksIsolationClient(harness.temporal, harness.taskQueue, lookQueue);
    const cluster = await existingCluster(harness, 'looked-at');
    const { azure, temporal } = harness;
    const writes = await azure.writes();
    const audit = await aks.auditCluster({ cluster });
    expect(await audit.result()).toMatchObject({ outcome: 'audited', verdict: 'Drifted' });
    expect((await temporal.workflow.getHandle(audit.workflowId).describe()).taskQueue).toBe(lookQueue);
    const plan = await aks.isolateCluster({ cluster, dryRun: true, registry: { mode: 'managed' } });
    expect(await plan.result()).toMatchObject({ outcome: 'planned', plan: { problems: [] } });
    expect(await azure.writes()).toEqual(writes);
  });

  it('refuses a run that writes, before it looks', async () => {
    const aks = new AksIsolationClient(harness.temporal, lookQueue);
    const before = await harness.azure.recordedBytes();
    const { type, problems } = await problemsOf((await aks.createCluster(input('looked-at'))).result());
    expect(type).toBe('PreflightFailed');
    expect(problems[0]?.problem).toContain(`ReadOnlyWorker: Workers on task queue ${lookQueue} only look`);
    expect(await harness.azure.recorded(before)).toEqual([]);
  });
});

describe('a workflow of another team, by Nexus', () => {
  let harness: Harness;
  let caller: { run<T>(scenario: string, given: object): Promise<T>; stop(): Promise<void> };
  beforeAll(async () => {
    harness = await startHarness();
    const { temporal, taskQueue } = harness;
    const { namespace } = temporal.options;
    const name = `aks-${taskQueue}`;
    const target = { worker: { namespace, taskQueue } };
    await temporal.connection.operatorService.createNexusEndpoint({ spec: { name, target } });
    caller = await startCaller(temporal, `${taskQueue}-caller`, name);
  });
  afterAll(async () => {
    await caller.stop();
    await harness.close();
  });

  it('creates a cluster under its lock, plans and audits', async () => {
    const { temporal } = harness;
    const given = input('nexus');
    const workflowId = clusterWorkflowId(given.cluster);
    const held = { method: 'PUT', path: '/managedClusters/nexus$', operation: { held: true } } as const;
    const end = await harness.azure.fault(held);
    const created = caller.run('createCluster', given);
    await harness.azure.untilRequested(`PUT ${clusterPath(given)}`);
    const second = await messageOf(caller.run('createCluster', given));
    await end();
    expect(second).toContain(`A scenario is running on this cluster already: workflow ${workflowId}`);
    expect(await created).toMatchObject({ outcome: 'verified' });
    expect(await temporal.workflow.getHandle(workflowId).describe()).toMatchObject({
      type: 'createCluster',
      memo: { startedBy: expect.stringMatching(/^workflow [-0-9a-f]{36} in namespace \w/) },
    });
    const plan = { scenario: 'deleteCluster', input: { cluster: given.cluster } };
    expect(await caller.run('plan', plan)).toMatchObject({ outcome: 'planned' });
    expect(await caller.run('auditCluster', { cluster: given.cluster })).toMatchObject({ verdict: 'Isolated' });
    const rollout = { name: 'by-nexus', scenario: 'auditCluster', clusters: [given.cluster] };
    expect(await caller.run('planRollout', rollout)).toMatchObject({ outcome: 'planned', plan: { problems: [] } });
    expect(await caller.run('rolloutFleet', rollout)).toMatchObject({ outcome: 'rolledOut', counts: { isolated: 1 } });
  });

  it.each([
    ['createCluster', { cluster: { name: 'nexus' } }, /cluster.subscriptionId: missing(.|\n)*location: missing/],
    ['createCluster', input('nexus', { dryRun: true }), /aks-isolation.looks/],
    ['rolloutFleet', { name: 'nexus', scenario: 'auditCluster', clusters: [cluster], dryRun: true }, /planRollout/],
    [
      'planRollout',
      { name: 'nexus', scenario: 'auditCluster', rings: [] },
      /rings: no ring(.|\n)*no cluster is selected/,
    ],
    ['plan', { scenario: 'auditCluster' }, /scenario: not an allowed value(.|\n)*input: missing/],
  ])('is told what is wrong with its input of %s: %p', async (operation, given, message) => {
    expect(await messageOf(caller.run(operation, given))).toMatch(message);
  });
});

describe('the guard', () => {
  const calledBy = (workflowType: string, workflowId: string) =>
    new MockActivityEnvironment(
      { workflowType, workflowExecution: { workflowId, runId: 'run' } },
      { interceptors: [guardActivities], logger: new DefaultLogger('ERROR') },
    ).run(async (_argument: unknown) => 'done', { cluster });

  it.each([
    ['a scenario that holds the lock', 'deleteCluster', clusterWorkflowId(cluster)],
    ['a dry run', 'deleteCluster', 'as-you-like'],
    ['an audit', 'auditCluster', `${clusterWorkflowId(cluster)}/audit/1`],
  ])('lets %s pass', async (_who, type, id) => {
    await expect(calledBy(type, id)).resolves.toBe('done');
  });

  it.each([
    ["somebody's own workflow", 'cleanUp', clusterWorkflowId(cluster)],
    ['a rollout that would change a cluster', 'rolloutFleet', 'fleet/monthly'],
    ['a scenario on another cluster', 'deleteCluster', clusterWorkflowId({ ...cluster, name: 'other' })],
  ])('refuses %s', async (_who, type, id) => {
    await expect(calledBy(type, id)).rejects.toMatchObject({ type: 'ForeignCaller', nonRetryable: true });
  });
});
