import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { input, startSimulatedAzure } from '../support/azure.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { retriesInSimulatedTime } from '../sweep/retries.ts';

/** Retries take simulated time here. */
describe('where Azure is in trouble for long', () => {
  let harness: Harness;
  beforeAll(async () => {
    const azure = await startSimulatedAzure({});
    harness = await startHarness({
      azure,
      interceptors: { activity: [retriesInSimulatedTime(azure.simulator.clock)] },
    });
  });
  afterAll(() => harness.close());

  it('a cluster whose read-back is throttled for a quarter of an hour ends verified', async () => {
    const given = input('throttled-late');
    const { clock } = harness.azure.simulator;
    const before = clock.now();
    await harness.azure.fault({
      method: 'GET',
      path: '/resourceGroups/MC_rg-throttled-late_.*/Microsoft.ContainerRegistry/registries/[^/]+$',
      times: 8,
      answer: { status: 429, code: 'TooManyRequests', message: 'Later', retryAfter: { seconds: 130, as: 'seconds' } },
    });
    const run = await harness.client.createCluster(given);
    expect(await run.result()).toMatchObject({ outcome: 'verified', unproven: [] });
    const throttled = (await harness.azure.recorded()).filter(({ status }) => status === 429);
    expect(throttled).toHaveLength(8);
    expect(Number(clock.now()) - Number(before)).toBeGreaterThan(15 * 60_000);
  });
});
