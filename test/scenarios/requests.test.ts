import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { input } from '../support/azure.ts';
import { type SweptScenario, successfulScenarios } from '../sweep/scenarios.ts';
import { fresh, startSlot } from '../sweep/slot.ts';

/** With its own registry and a private endpoint of the API server: what Terraform was measured with. */
const ownRegistry: SweptScenario = {
  prepare: async () => undefined,
  start: ({ client, name }) => client.createCluster(input(name, { registry: { mode: 'bringYourOwn' } })),
};

let slot: Awaited<ReturnType<typeof startSlot>>;
beforeAll(async () => {
  slot = await startSlot('asks');
});
afterAll(() => slot.close());

// One after the other, for a reset is for the whole of the simulated Azure. A poll more or less depends on what overlaps.
it.each<[string, SweptScenario, number]>([
  ['createCluster', successfulScenarios['create-managed'], 50],
  ['createCluster with a registry of its own', ownRegistry, 88],
  ['createCluster with VNet integration', successfulScenarios['create-byo'], 92],
  ['isolateCluster', successfulScenarios['isolate-managed'], 135],
  ['isolateCluster with a registry of its own', successfulScenarios['isolate-byo'], 165],
  ['changeRegistry', successfulScenarios['change-registry'], 175],
  ['disableIsolation', successfulScenarios.disable, 72],
  ['reimageNodePools', successfulScenarios.reimage, 52],
  ['auditCluster', successfulScenarios.audit, 34],
  ['deleteCluster', successfulScenarios.delete, 21],
  ['deleteCluster with all that was made for it', successfulScenarios['delete-byo'], 175],
])('%s asks Azure no more often than it must', async (_what, scenario, most) => {
  await fresh(slot, scenario);
  const before = await slot.azure.recordedBytes();
  await (await scenario.start(slot)).result();
  const requests = await slot.azure.recorded(before);
  expect(requests.length).toBeLessThanOrEqual(most);
});
