import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Scenario, scenarios } from '../../contract/names.ts';
import { runCosts } from '../../contract/runCosts.ts';
import { type RunCost, tokenBuckets, tokensOf } from '../../resources/armBudget.ts';
import type { Duration } from '../../simulator/index.ts';
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

/** What runs of each scenario took. */
const measured = new Map<Scenario, RunCost[]>();

// One after the other, for a reset is for the whole of the simulated Azure. A poll more or less depends on what overlaps.
it.each<[Scenario, string, SweptScenario, number]>([
  ['createCluster', '', successfulScenarios['create-managed'], 50],
  ['createCluster', ' with a registry of its own', ownRegistry, 88],
  ['createCluster', ' with VNet integration', successfulScenarios['create-byo'], 92],
  ['isolateCluster', '', successfulScenarios['isolate-managed'], 135],
  ['isolateCluster', ' with a registry of its own', successfulScenarios['isolate-byo'], 165],
  ['changeRegistry', '', successfulScenarios['change-registry'], 165],
  ['disableIsolation', '', successfulScenarios.disable, 72],
  ['reimageNodePools', '', successfulScenarios.reimage, 52],
  ['auditCluster', '', successfulScenarios.audit, 34],
  ['deleteCluster', '', successfulScenarios.delete, 21],
  ['deleteCluster', ' with all that was made for it', successfulScenarios['delete-byo'], 175],
])('%s%s asks Azure no more often than it must', async (name, _what, scenario, most) => {
  await fresh(slot, scenario);
  const before = await slot.azure.recordedBytes();
  const { clock } = slot.azure.simulator;
  const begun = clock.now();
  await (await scenario.start(slot)).result();
  const requests = await slot.azure.recorded(before);
  const { body } = await slot.azure.send('GET', '/simulator/durations');
  const operations = (body as Duration[]).filter(({ startedAt }) => Date.parse(startedAt) >= begun);
  const cost: RunCost = {
    tokens: tokensOf(requests.map(({ method, url }) => ({ method, path: new URL(url).pathname }))),
    seconds: (clock.now() - begun) / 1000,
    operationSeconds: operations.reduce((sum, { operationSeconds }) => sum + operationSeconds, 0),
    polls: requests.filter(({ url }) => isPoll.test(new URL(url).pathname)).length,
  };
  measured.set(name, [...(measured.get(name) ?? []), cost]);
  expect(requests.length).toBeLessThanOrEqual(most);
});

const isPoll = /\/(operation|privateDnsOperation|commandResults)\w*\//i;

it.each(scenarios)('a rollout reckons with what %s takes', (name) => {
  const costs = measured.get(name) ?? [];
  const wrong = Object.entries(amounts(runCosts[name])).flatMap(([what, estimated]) => {
    const most = Math.max(...costs.map((cost) => amounts(cost)[what] ?? 0));
    return Math.abs(estimated - most) <= Math.max(3, most / 4) ? [] : [`${what}: ${most}, not ${estimated}`];
  });
  expect(wrong).toEqual([]);
});

/** Everything that bounds a rollout, by name. */
function amounts({ tokens, ...times }: RunCost): Record<string, number> {
  const shared = Object.entries(tokenBuckets).flatMap(([bucket, { of }]) => (of === 'subscription' ? [bucket] : []));
  const taken: Record<string, number> = { ...tokens };
  return { ...times, ...Object.fromEntries(shared.map((bucket) => [bucket, taken[bucket] ?? 0])) };
}
