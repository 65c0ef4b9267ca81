import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { input } from '../support/azure.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { ownRegistryIds } from '../support/ownRegistry.ts';

describe('createCluster after a run that was terminated', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

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
