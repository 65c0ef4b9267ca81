import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { groupPath, input } from '../support/azure.ts';
import { type Harness, startHarness, startTestWorker } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';

describe('a worker whose slots are taken by operations that last', () => {
  let harness: Harness;
  let worker: Awaited<ReturnType<typeof startTestWorker>>;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.stopWorker();
    worker = await startTestWorker(harness.azure.connection, harness.taskQueue, { activitySlots: 1 });
  });
  afterAll(async () => {
    await worker.stop();
    await harness.close();
  });

  it('lets others wait, and nothing that waits for it fails by that', async () => {
    const { azure, client, temporal } = harness;
    await azure.reset({ providers: { 'Microsoft.Compute': 'NotRegistered' } });
    const given = input('queued', { registrationTimeoutMinutes: 0.05 });
    // The group's request keeps the only slot. The registration, or the wait for it, stands in the queue.
    const makeGroup = await azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
    const run = await client.createCluster(given);
    await azure.untilRequested(`PUT ${groupPath(given)}`);
    const handle = temporal.workflow.getHandle(run.workflowId);
    const scheduledAt = async (): Promise<number> => {
      const { pendingActivities } = (await handle.describe()).raw;
      const queued = pendingActivities?.find(({ activityType }) => /Provider$/.test(activityType?.name ?? ''));
      return Number(queued?.scheduledTime?.seconds ?? Number.POSITIVE_INFINITY) * 1000;
    };
    // Azure registers the provider at once.
    await azure.send('POST', '/simulator/clock', { advanceSeconds: 24 * 60 * 60 });
    await waitFor(async () => Date.now() > (await scheduledAt()) + 5_000, 'The bound of the wait never passed');
    expect((await run.progress()).steps.filter(({ state }) => state === 'failed')).toEqual([]);
    await makeGroup();

    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    const { events } = await handle.fetchHistory();
    const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: each }) => each ?? []);
    expect(scheduled.length).toBeGreaterThan(3);
    // A bound from the beginning would contain the queue.
    expect(scheduled.filter((each) => Number(each.scheduleToCloseTimeout?.seconds ?? 0) > 0)).toEqual([]);
  });
});
