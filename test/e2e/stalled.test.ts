import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterPath, groupPath, input } from '../support/azure.ts';
import { type Harness, startHarness, startTestWorker } from '../support/harness.ts';
import { waitFor } from '../support/waitFor.ts';
import { startCrashingWorker } from '../sweep/crashes.ts';

/** A worker that is stopped and wakes, as one does whose machine is starved. */
describe('a worker that stalls right before it sends a request', () => {
  let harness: Harness;
  let stalled: ReturnType<typeof startCrashingWorker>;
  let successor: Awaited<ReturnType<typeof startTestWorker>> | undefined;

  beforeAll(async () => {
    harness = await startHarness();
    await harness.stopWorker();
    stalled = startCrashingWorker(harness);
  });
  afterAll(async () => {
    stalled.kill('SIGKILL');
    await stalled;
    await successor?.stop();
    await harness.close();
  });

  it('does not send it when it wakes, for another one has', async () => {
    const { azure } = harness;
    const given = input('stalled');
    let said = '';
    stalled.stdout.on('data', (text: Buffer) => {
      said += text;
    });
    const hits = async (path: string): Promise<unknown> => (await azure.send('GET', '/simulator/faults')).at(path);
    // Discovery is over when the group is made.
    const makeGroup = await azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
    const run = await harness.client.createCluster(given);
    await azure.untilRequested(`PUT ${groupPath(given)}`);
    // The cluster's activity looks before it sends.
    const answerLook = await azure.fault({ method: 'GET', path: `${clusterPath(given)}$`, held: true });
    await makeGroup();
    await waitFor(async () => (await hits('0.hits')) === 1, 'The cluster was not looked at');

    stalled.kill('SIGSTOP');
    successor = await startTestWorker(azure.connection, harness.taskQueue);
    await azure.untilRequested(`PUT ${clusterPath(given)}`);
    await answerLook();
    stalled.kill('SIGCONT');
    await waitFor(() => said.includes('ended createOrUpdateCluster'), 'The stalled attempt did not end');

    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    expect((await azure.writesTo(given)).filter((write) => write.includes('managedClusters'))).toEqual([
      `PUT ${clusterPath(given)} 201`,
    ]);
  });
});
