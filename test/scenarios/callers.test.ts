import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ActivityExecutionFailedError } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { clusterWorkflowId } from '../../contract/index.ts';
import { guardActivities } from '../../worker/activityGuard.ts';
import { subscriptionId } from '../support/azure.ts';
import { type Harness, startHarness } from '../support/harness.ts';

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
      startToCloseTimeout: '1 minute',
      args: [{ cluster, marks: {} }],
    });
    const error = await failed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ActivityExecutionFailedError);
    expect(error).toMatchObject({ cause: { type: 'ForeignCaller' } });
    expect(await azure.writes()).toEqual([]);
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
    ['a scenario on another cluster', 'deleteCluster', clusterWorkflowId({ ...cluster, name: 'other' })],
  ])('refuses %s', async (_who, type, id) => {
    await expect(calledBy(type, id)).rejects.toMatchObject({ type: 'ForeignCaller', nonRetryable: true });
  });
});
