import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { clusterWorkflowId, type Progress, progressQuery } from '../../contract/index.ts';
import { clusterPath, input } from '../support/azure.ts';
import { failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { handMade, ownRegistryBodies, ownRegistryIds } from '../support/ownRegistry.ts';
import { sampled } from '../support/sampled.ts';
import { waitFor } from '../support/waitFor.ts';
import { existingCluster, waitUntil } from './existingCluster.ts';
import { ownRegistryInput } from './ownRegistry.ts';
import { setupOf } from './preflight/support.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

describe('createCluster after a run that was terminated', () => {
  it.concurrent.each(
    sampled(
      [
        ['network', 'vnet', 'GET'],
        ['registry', 'registry', 'GET'],
        ['endpoint', 'privateEndpoint', 'GET'],
        // A zone is not found while it is being made. Only the refusal of another PUT tells of it.
        ['zone', 'zone', 'PUT'],
        ['cluster', 'cluster', 'GET'],
      ] as const,
      3,
    ),
  )('waits for what it began, here the %s, and goes on', async (name, resource, met) => {
    const given = input(`resumed-${name}`, { registry: { mode: 'bringYourOwn' } });
    const ids = ownRegistryIds(`resumed-${name}`);
    const end = await harness.azure.fault({ method: 'PUT', path: `${ids[resource]}$`, operation: { held: true } });
    const first = await harness.client.createCluster(given);
    await harness.azure.untilRequested(`PUT ${ids[resource]} `);
    await harness.temporal.workflow.getHandle(first.workflowId).terminate();
    const before = await harness.azure.recordedBytes();
    const second = await harness.client.createCluster(given);
    await harness.azure.untilRequested(`${met} ${ids[resource]} `, before);
    await end();
    expect(await second.result()).toMatchObject({ outcome: 'verified' });
    const puts = (await harness.azure.writes()).filter((write) => write.startsWith(`PUT ${ids[resource]} `));
    expect(puts.filter((put) => !put.endsWith(' 409'))).toHaveLength(1);
  });
});

it('isolateCluster, too, waits for the endpoint that a run which was terminated has begun', async () => {
  const cluster = await existingCluster(harness, 'resumed-isolate', {
    pools: { system: { mode: 'System', count: 1 } },
  });
  const { group } = ownRegistryIds('resumed-isolate');
  const endpoints = `${group}/providers/Microsoft.Network/privateEndpoints/`;
  const end = await harness.azure.fault({ method: 'PUT', path: `${endpoints}[^/]+$`, operation: { held: true } });
  const given = { cluster, registry: { mode: 'bringYourOwn' } } as const;
  const first = await harness.client.isolateCluster(given);
  await harness.azure.untilRequested(`PUT ${endpoints}`);
  await harness.temporal.workflow.getHandle(first.workflowId).terminate();
  const second = await harness.client.isolateCluster(given);
  await waitUntil(second, ({ phase }) => phase === 'discovering');
  const before = await harness.azure.recordedBytes();
  await harness.azure.untilRequested(`GET ${endpoints}`, before);
  await end();
  expect(await second.result()).toMatchObject({ outcome: 'verified' });
  const puts = (await harness.azure.writes()).filter((write) => write.startsWith(`PUT ${endpoints}`));
  expect(puts).toHaveLength(1);
});

/** Until a run waits for the operations around its cluster. */
const waiting = ({ workflowId }: { workflowId: string }): Promise<void> =>
  waitFor(async () => {
    const { events } = await harness.temporal.workflow.getHandle(workflowId).fetchHistory();
    const scheduled = (events ?? []).map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    return scheduled.includes('awaitInfrastructure');
  }, 'the run does not wait');

it('createCluster waits for the end of a resource group that is being deleted, and makes it anew', async () => {
  const ids = ownRegistryIds('others-group');
  const { make, begin } = setupOf(harness.azure, ids);
  await make('group');
  const end = await begin(ids.group, undefined, 'DELETE');
  const run = await harness.client.createCluster(ownRegistryInput('others-group'));
  await waiting(run);
  await end();
  expect(await run.result()).toMatchObject({ outcome: 'verified' });
});

describe('an operation on what was made by others', () => {
  it.concurrent.each(['vnet', 'nodeSubnet', 'registry', 'cacheRule', 'privateEndpoint', 'zone', 'link'] as const)(
    'is waited for by createCluster, here on the %s',
    async (part) => {
      const ids = ownRegistryIds(`others-${part.toLowerCase()}`);
      const { make, begin } = setupOf(harness.azure, ids);
      await make(part);
      const end = await begin(ids[part], part === 'vnet' ? ownRegistryBodies(ids).vnet : handMade(ids)[part]);
      const before = await harness.azure.recordedBytes();
      const run = await harness.client.createCluster(ownRegistryInput(`others-${part.toLowerCase()}`));
      // Parts are read with what they are in, or by a list.
      const read = {
        nodeSubnet: ids.vnet,
        cacheRule: `${ids.registry}/cacheRules`,
        link: `${ids.zone}/virtualNetworkLinks`,
      };
      await harness.azure.untilRequested(`GET ${{ ...ids, ...read }[part]} `, before);
      await end();
      expect(await run.result()).toMatchObject({ outcome: 'verified' });
    },
  );

  it('is waited for by isolateCluster, where a run that was terminated has begun it', async () => {
    const cluster = await existingCluster(harness, 'others-isolate', { ownNetwork: true });
    const subnets = `${ownRegistryIds('others-isolate').group}/providers/Microsoft.Network/virtualNetworks/[^/]+/subnets`;
    const end = await harness.azure.fault({ method: 'PUT', path: `${subnets}/[^/]+$`, operation: { held: true } });
    const given = { cluster, registry: { mode: 'bringYourOwn' } } as const;
    const isSubnet = new RegExp(`${subnets}/`, 'i');
    const first = await harness.client.isolateCluster(given);
    await waitFor(async () => (await harness.azure.writes(isSubnet)).length > 0, 'no subnet was written');
    await harness.temporal.workflow.getHandle(first.workflowId).terminate();
    const second = await harness.client.isolateCluster(given);
    await waiting(second);
    await end();
    expect(await second.result()).toMatchObject({ outcome: 'verified' });
  });
});

describe('a run that is reset', () => {
  const shownReason = async (run: WorkflowHandle) => (await run.query<Progress>(progressQuery)).found;

  /** Resets the newest run of a workflow, as the Web UI does, to the end of the first workflow task, of the last, or of that which reads back. */
  async function reset(workflowId: string, to: 'first' | 'last' | 'readBack') {
    const handle = harness.temporal.workflow.getHandle(workflowId);
    const { events = [] } = await handle.fetchHistory();
    const tasks = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: done }) => done);
    const reads = (events ?? []).find(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'readBack',
    )?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId;
    const { runId: again } = await harness.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId: (await handle.describe()).runId },
      reason: 'as an operator would',
      requestId: `reset-${workflowId}`,
      workflowTaskFinishEventId: (to === 'readBack' ? reads : tasks.at(to === 'first' ? 0 : -1)?.eventId) ?? null,
    });
    return harness.temporal.workflow.getHandle(workflowId, again);
  }

  it.concurrent('writes nothing upon a cluster that stands, and says what to do', async () => {
    const given = input('reset-closed');
    const run = await harness.client.createCluster(given);
    await run.result();
    const writes = await harness.azure.writesTo(given);
    const again = await reset(run.workflowId, 'first');
    const failure = await failureOf(again.result());
    expect(await shownReason(again)).toMatchObject([expect.stringContaining('Somebody reset the run.')]);
    expect(failure).toMatchObject({ type: 'ResetRun', message: expect.stringContaining('Start the scenario again') });
    expect(await harness.azure.writesTo(given)).toEqual(writes);
  });

  it.concurrent('begins no scenario anew where it is one that starts them', async () => {
    const given = input('reset-starter');
    const { cluster } = given;
    await (await harness.client.createCluster(given)).result();
    const starter = await harness.temporal.workflow.start('startScenario', {
      taskQueue: harness.taskQueue,
      workflowId: 'reset-starter',
      args: [{ scenario: 'deleteCluster', input: { cluster, alsoDelete: ['resourceGroup'] } }],
    });
    await starter.result();
    await (await harness.client.createCluster(given)).result();
    const writes = await harness.azure.writesTo(given);
    const again = await reset(starter.workflowId, 'first');
    expect(await failureOf(again.result())).toMatchObject({ cause: { type: 'ResetRun' } });
    expect(await harness.azure.writesTo(given)).toEqual(writes);
  });

  it.concurrent('waits for nobody where it would verify, though it holds on failure', async () => {
    const run = await harness.client.createCluster(
      input('reset-verifying', { onFailure: 'hold', holdTimeoutMinutes: 1 }),
    );
    await run.result();
    const again = await reset(run.workflowId, 'readBack');
    expect(await failureOf(again.result())).toMatchObject({ type: 'ResetRun' });
    const { events } = await again.fetchHistory();
    expect(events?.filter(({ timerStartedEventAttributes: timer }) => timer)).toEqual([]);
  });

  it.concurrent('takes nothing back, and waits for nobody, where it was held', async () => {
    const given = input('reset-held', { onFailure: 'hold' });
    const operation = { status: 'Failed', code: 'QuotaExceeded', message: 'Not enough cores' } as const;
    await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation });
    const run = await harness.client.createCluster(given);
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    const writes = await harness.azure.writesTo(given);
    const again = await reset(run.workflowId, 'last');
    await again.cancel();
    expect(await failureOf(again.result())).toMatchObject({ type: 'ResetRun' });
    expect(await shownReason(again)).toMatchObject([expect.stringContaining('Somebody reset the run.')]);
    expect(await harness.azure.writesTo(given)).toEqual(writes);
  });
});

describe('a run that Temporal would end or repeat by itself', () => {
  it('is refused with every option that does so', async () => {
    const given = input('voided');
    const run = await harness.temporal.workflow.start('createCluster', {
      taskQueue: harness.taskQueue,
      workflowId: clusterWorkflowId(given.cluster),
      workflowRunTimeout: '1 day',
      workflowExecutionTimeout: '2 days',
      retry: { maximumAttempts: 2 },
      args: [given],
    });
    const { type, problems } = await problemsOf(run.result());
    expect(type).toBe('WrongStartOptions');
    expect(problems.map(({ where }) => where)).toEqual([
      'workflow execution timeout',
      'workflow run timeout',
      'workflow retry policy',
    ]);
    expect(await harness.azure.writesTo(given)).toEqual([]);
  });
});
