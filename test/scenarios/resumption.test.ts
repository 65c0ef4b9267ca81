import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterWorkflowId } from '../../contract/index.ts';
import { clusterPath, input } from '../support/azure.ts';
import { failureOf, type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { ownRegistryIds } from '../support/ownRegistry.ts';
import { existingCluster, waitUntil } from './existingCluster.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

describe('createCluster after a run that was terminated', () => {
  it.concurrent.each([
    ['network', 'vnet', 'GET'],
    ['registry', 'registry', 'GET'],
    ['endpoint', 'privateEndpoint', 'GET'],
    // A zone is not found while it is being made. Only the refusal of another PUT tells of it.
    ['zone', 'zone', 'PUT'],
    ['cluster', 'cluster', 'GET'],
  ] as const)('waits for what it began, here the %s, and goes on', async (name, resource, met) => {
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
  const cluster = await existingCluster(harness, 'resumed-isolate');
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

describe('a run that is reset', () => {
  /** Resets the newest run of a workflow, as the Web UI does, to the end of the first workflow task, or of the last. */
  async function reset(workflowId: string, to: 'first' | 'last') {
    const handle = harness.temporal.workflow.getHandle(workflowId);
    const { events = [] } = await handle.fetchHistory();
    const tasks = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: done }) => done);
    const { runId: again } = await harness.temporal.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId: (await handle.describe()).runId },
      reason: 'as an operator would',
      requestId: `reset-${workflowId}`,
      workflowTaskFinishEventId: tasks.at(to === 'first' ? 0 : -1)?.eventId ?? null,
    });
    return harness.temporal.workflow.getHandle(workflowId, again);
  }

  it.concurrent('writes nothing upon a cluster that stands, and says what to do', async () => {
    const given = input('reset-closed');
    const run = await harness.client.createCluster(given);
    await run.result();
    const writes = await harness.azure.writesTo(given);
    const failure = await failureOf((await reset(run.workflowId, 'first')).result());
    expect(failure).toMatchObject({ type: 'ResetRun', message: expect.stringContaining('Start the scenario again') });
    expect(await harness.azure.writesTo(given)).toEqual(writes);
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
