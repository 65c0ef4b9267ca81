import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { isRead } from '../../bench/cost.ts';
import { type BoundRun, type RunBound, runBounds } from '../../bench/runBounds.ts';
import { requestsOf, temporalCost } from '../../cli/report/cost.ts';
import { scenarios } from '../../contract/names.ts';
import { runCostOf } from '../../contract/runCosts.ts';
import { type RunCost, tokenBuckets, tokensOf } from '../../resources/armBudget.ts';
import type { Duration, RecordedRequest } from '../../simulator/index.ts';
import { input } from '../support/azure.ts';
import { type SweptScenario, successfulScenarios } from '../sweep/scenarios.ts';
import { startSlot } from '../sweep/slot.ts';

const runs: Readonly<Record<BoundRun, SweptScenario>> = {
  ...successfulScenarios,
  // With a private endpoint of the API server: what Terraform was measured with.
  'create-own': {
    prepare: async () => undefined,
    start: ({ client, name }) => client.createCluster(input(name, { registry: { mode: 'bringYourOwn' } })),
  },
};

let slot: Awaited<ReturnType<typeof startSlot>>;
beforeAll(async () => {
  slot = await startSlot('asks');
});
afterAll(() => slot.close());

/** Tokens that the last run of each name took of Azure's budgets. */
const costs = new Map<BoundRun, { type: string; cost: RunCost }>();

/** Runs a scenario: its requests as Azure counts them, and its history. */
async function run(name: BoundRun) {
  const { clock } = slot.azure.simulator;
  await slot.azure.reset({ roleDelaySeconds: 0 });
  await runs[name].prepare(slot);
  const before = await slot.azure.recordedBytes();
  const begun = clock.now();
  const started = await runs[name].start(slot);
  await started.result();
  const seconds = (clock.now() - begun) / 1000;
  const requests = await slot.azure.recorded(before);
  const { body } = await slot.azure.send('GET', '/simulator/durations');
  const operations = (body as Duration[]).filter(({ startedAt }) => Date.parse(startedAt) >= begun);
  const handle = slot.temporal.workflow.getHandle(started.workflowId, started.runId);
  const { events } = await handle.fetchHistory();
  const { type } = await handle.describe();
  costs.set(name, { type, cost: costOf(requests, operations, seconds) });
  return { requests, events: events ?? [] };
}

const costOf = (requests: readonly RecordedRequest[], operations: readonly Duration[], seconds: number): RunCost => ({
  tokens: tokensOf(requests.map(({ method, url }) => ({ method, path: new URL(url).pathname }))),
  seconds,
  operationSeconds: operations.reduce((sum, { operationSeconds }) => sum + operationSeconds, 0),
  polls: requests.filter(({ url }) => isPoll.test(new URL(url).pathname)).length,
});

const isPoll = /\/(operation|privateDnsOperation|commandResults)\w*\//i;

/** On a busy machine, a look may come too late for what another has just seen, and asks itself: another run does not. */
const mostRuns = 3;

// One after the other, for a reset is for the whole of the simulated Azure.
it.each(Object.entries(runBounds) as [BoundRun, RunBound][])(
  '%s takes no more of Azure and Temporal than it must, and its history tells it',
  async (name, { title: _, ...most }) => {
    let above: [string, number][] = [];
    for (let runs = 0; runs === 0 || (runs < mostRuns && above.length > 0); runs += 1) {
      const taken = await takenBy(name);
      above = Object.entries(taken).filter(([what, count]) => count > most[what as keyof typeof most]);
    }
    expect(Object.fromEntries(above)).toEqual({});
  },
);

async function takenBy(name: BoundRun): Promise<Omit<RunBound, 'title'>> {
  const { requests, events } = await run(name);
  const told = await requestsOf(events, async (payloads) => [...payloads]);
  if (!told) throw new Error('The history does not tell how many requests there were');
  const { discovery, steps, verification } = told;
  const sum = (what: 'reads' | 'writes') => discovery[what] + steps[what] + verification[what];
  expect([sum('reads'), sum('writes')]).toEqual([
    requests.filter(isRead).length,
    requests.filter((each) => !isRead(each)).length,
  ]);
  const { bytes, ...temporal } = temporalCost(events);
  return {
    discovery: discovery.reads,
    steps: steps.reads,
    verification: verification.reads,
    writes: sum('writes'),
    actions: temporal.actions,
    events: temporal.events,
    kilobytes: bytes / 1000,
  };
}

it('a creation with a registry of its own and its verification take no more requests than azapi without one', () => {
  for (const name of ['create-own', 'create-byo'] as const) {
    const { discovery, steps, verification, writes } = runBounds[name];
    expect(discovery + steps + verification + writes).toBeLessThanOrEqual(78);
  }
});

it.each(scenarios)('a rollout reckons with what %s takes', (name) => {
  const all = [...costs.values()].flatMap(({ type, cost }) => (type === name ? [cost] : []));
  const wrong = Object.entries(amounts(runCostOf(name, 2))).flatMap(([what, estimated]) => {
    const most = Math.max(...all.map((cost) => amounts(cost)[what] ?? 0));
    return Math.abs(estimated - most) <= Math.max(3, most / 4) ? [] : [`${what}: ${most}, not ${estimated}`];
  });
  expect(wrong).toEqual([]);
});

/** Everything that bounds a rollout, by name. How long a run takes depends on the machine: the benchmark measures it. */
function amounts({ tokens, seconds: _, ...rest }: RunCost): Record<string, number> {
  const shared = Object.entries(tokenBuckets).flatMap(([bucket, { of }]) => (of === 'subscription' ? [bucket] : []));
  const taken: Record<string, number> = { ...tokens };
  return { ...rest, ...Object.fromEntries(shared.map((bucket) => [bucket, taken[bucket] ?? 0])) };
}
