import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { type Harness, problemsOf, startHarness } from '../support/harness.ts';
import { type OwnRegistryIds, ownRegistryBodies, ownRegistryIds } from '../support/ownRegistry.ts';
import { existingCluster } from './existingCluster.ts';
import { byResourceId, manyClusters, ownRegistryInput } from './ownRegistry.ts';
import { linkBody, networkBody, ruleBody, setupOf } from './preflight/support.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.azure.reset(manyClusters);
});
afterAll(() => harness.close());

const strangersNetwork = ({ vnet }: OwnRegistryIds): string => `${vnet}-strangers`;

/** A part's ID, and the body of the request that makes it. */
type Part = (ids: OwnRegistryIds) => [id: string, body: object];

/** Parts of a shared zone and a shared registry that have nothing to do with the cluster. */
const strangers: Record<'link' | 'cacheRule', Part> = {
  link: (ids: OwnRegistryIds) => [`${ids.zone}/virtualNetworkLinks/strangers`, linkBody(strangersNetwork(ids))],
  cacheRule: (ids: OwnRegistryIds) => [
    `${ids.registry}/cacheRules/strangers`,
    ruleBody('quay.io/strangers/*', 'strangers/*'),
  ],
};

/** Parts that the run would make itself, under their own names or under others'. */
const ours: Record<string, Part> = {
  'the link of the name that it would make': (ids: OwnRegistryIds) => [ids.link, linkBody(ids.vnet)],
  'a link of another name to its network': (ids: OwnRegistryIds) => [
    `${ids.zone}/virtualNetworkLinks/colleague`,
    linkBody(ids.vnet),
  ],
  'the rule of the name that it would make': (ids: OwnRegistryIds) => [ids.cacheRule, ownRegistryBodies(ids).cacheRule],
  'a rule of another name that copies to the same repositories': (ids: OwnRegistryIds) => [
    `${ids.registry}/cacheRules/colleague`,
    ownRegistryBodies(ids).cacheRule,
  ],
};

/** A zone and a registry that others use as well. */
async function shared(name: string): Promise<ReturnType<typeof setupOf>> {
  const ids = ownRegistryIds(name);
  const setup = setupOf(harness.azure, ids);
  await setup.make('zone');
  await setup.make('registry');
  await setup.make('vnet', ownRegistryBodies(ids).vnet);
  await harness.azure.put(strangersNetwork(ids), networkBody(['10.66.0.0/16']));
  return setup;
}

const minutesSince = (begun: number): number => (harness.azure.simulator.clock.now() - begun) / 60_000;

async function hasWaited({ workflowId }: Pick<WorkflowHandle, 'workflowId'>): Promise<boolean> {
  const { events } = await harness.temporal.workflow.getHandle(workflowId).fetchHistory();
  const types = (events ?? []).map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
  return types.includes('awaitInfrastructure');
}

describe("an operation on a stranger's part", () => {
  it.each(['link', 'cacheRule'] as const)('keeps no createCluster waiting, here on a %s', async (part) => {
    const name = `strangers-${part.toLowerCase()}`;
    const { ids, begin } = await shared(name);
    const [id, body] = strangers[part](ids);
    await harness.azure.put(id, body);
    const end = await begin(id, body);
    const run = await harness.client.createCluster(ownRegistryInput(name, byResourceId(ids, ['zone', 'registry'])));
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    expect(await hasWaited(run)).toBe(false);
    await end();
  });

  it.each(['link', 'cacheRule'] as const)('that has failed stops no createCluster, here on a %s', async (part) => {
    const name = `strangers-failed-${part.toLowerCase()}`;
    const { ids, fail } = await shared(name);
    await fail(...strangers[part](ids));
    const run = await harness.client.createCluster(ownRegistryInput(name, byResourceId(ids, ['zone', 'registry'])));
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
  });

  it('keeps no isolateCluster waiting', async () => {
    const cluster = await existingCluster(harness, 'strangers-isolate', {
      ownNetwork: true,
      pools: { system: { mode: 'System', count: 1 } },
    });
    const { ids, begin } = await shared('strangers-isolate-hub');
    const ends: (() => Promise<void>)[] = [];
    for (const [id, body] of [strangers.link(ids), strangers.cacheRule(ids)]) {
      await harness.azure.put(id, body);
      ends.push(await begin(id, body));
    }
    const { registry } = byResourceId(ids, ['zone', 'registry']);
    const run = await harness.client.isolateCluster({ cluster, registry: registry as { mode: 'bringYourOwn' } });
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    expect(await hasWaited(run)).toBe(false);
    for (const end of ends) await end();
  });
});

describe('an operation on what the run would make', () => {
  it.each(Object.entries(ours))('is waited for, and named where it does not end: %s', async (what, part) => {
    const name = `ours-${Object.keys(ours).indexOf(what)}`;
    const { ids, begin } = await shared(name);
    const [id, body] = part(ids);
    // A link is not shown while it is being made.
    await harness.azure.put(id, body);
    const end = await begin(id, body);
    const begun = harness.azure.simulator.clock.now();
    const run = await harness.client.createCluster(ownRegistryInput(name, byResourceId(ids, ['zone', 'registry'])));
    const { problems } = await problemsOf(run.result());
    expect(problems).toContainEqual(
      expect.objectContaining({ where: id, problem: expect.stringMatching(/an operation is in progress/) }),
    );
    expect(minutesSince(begun)).toBeGreaterThanOrEqual(8);
    await end();
  });
});
