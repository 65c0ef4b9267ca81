import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isCancellation } from '@temporalio/workflow';
import type { ScenarioHandle } from '../../client/index.ts';
import { clusterPath, groupPath, input } from '../support/azure.ts';
import { failureOf, type Harness, startHarness } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';
import { waitUntil } from './existingCluster.ts';

describe('createCluster when it is cancelled', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  /** @param release What it waits for goes on once the run knows that it is cancelled. */
  const cancelled = async (run: ScenarioHandle, release?: () => Promise<void>): Promise<void> => {
    await run.cancel();
    await run.progress();
    await release?.();
    expect(isCancellation(await failureOf(run.result()))).toBe(true);
    const found = expect.arrayContaining(['The run was cancelled.']);
    expect(await run.progress()).toMatchObject({ phase: 'rolledBack', found });
  };
  const untilStarted = async ({ workflowId }: ScenarioHandle, activity: string): Promise<void> => {
    const started = async (): Promise<boolean> => {
      const { raw } = await harness.temporal.workflow.getHandle(workflowId).describe();
      return (raw.pendingActivities ?? []).some(
        ({ activityType, lastStartedTime }) => activityType?.name === activity && lastStartedTime,
      );
    };
    await waitFor(started, `${activity} did not begin`);
  };

  it.concurrent('ends at once while it looks at Azure', async () => {
    const given = input('cancelled-early');
    const answer = await harness.azure.fault({ method: 'GET', path: `${clusterPath(given)}$`, held: true });
    const run = await harness.client.createCluster(given);
    await untilStarted(run, 'discover');
    await cancelled(run);
    await answer();
    expect(await harness.azure.writesTo(given)).toEqual([]);
  });

  it.concurrent('takes back a resource group whose creation was under way, whatever onFailure says', async () => {
    const given = input('cancelled-group', { onFailure: 'leave' });
    // The activity looks before it writes, and cannot be told of the cancellation.
    const answer = await harness.azure.fault({ method: 'GET', path: `${groupPath(given)}$`, after: 1, held: true });
    const run = await harness.client.createCluster(given);
    await untilStarted(run, 'createResourceGroup');
    await cancelled(run, answer);
    expect(await harness.azure.writesTo(given)).toEqual([
      `PUT ${groupPath(given)} 201`,
      `DELETE ${groupPath(given)} 202`,
    ]);
  });

  it.concurrent('takes back a cluster whose request was about to be sent', async () => {
    const given = input('cancelled-cluster');
    const goOn = await harness.azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
    const run = await harness.client.createCluster(given);
    await untilStarted(run, 'createResourceGroup');
    // From here on, whoever reads the cluster is about to write it.
    const answer = await harness.azure.fault({ method: 'GET', path: `${clusterPath(given)}$`, held: true });
    await goOn();
    await untilStarted(run, 'createOrUpdateCluster');
    await cancelled(run, answer);
    expect(await harness.azure.writesTo(given)).toEqual([
      `PUT ${groupPath(given)} 201`,
      `PUT ${clusterPath(given)} 201`,
      `DELETE ${clusterPath(given)} 202`,
      `DELETE ${groupPath(given)} 202`,
    ]);
  });

  it.concurrent('takes everything back while an operator is waited for, and waits no more', async () => {
    const given = input('cancelled-held', { onFailure: 'hold' });
    const operation = { status: 'Failed', code: 'QuotaExceeded', message: 'Not enough cores' } as const;
    await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation });
    const run = await harness.client.createCluster(given);
    await waitUntil(run, ({ phase }) => phase === 'waitingForOperator');
    await cancelled(run);
    expect(await run.progress()).not.toHaveProperty('decisions');
    expect((await harness.azure.writesTo(given)).map((write) => write.split(' ')[0])).toEqual([
      'PUT',
      'PUT',
      'DELETE',
      'DELETE',
    ]);
  });
});
