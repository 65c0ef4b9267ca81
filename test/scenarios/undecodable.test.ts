import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { groupPath, input } from '../support/azure.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { sampled } from '../support/sampled.ts';

/** Payloads as no client of ours makes them. */
const payloads = [
  ['broken JSON', { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"half":') }],
  ['an encoding that nobody knows', { metadata: { encoding: Buffer.from('binary/secret') }, data: Buffer.from('x') }],
  ['no encoding', { metadata: {}, data: Buffer.from('x') }],
] as const;

describe('a query whose arguments cannot be decoded', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  it.each(sampled(payloads, 3))('is refused where they are %s, and the run goes on', async (what, payload) => {
    const { azure, client, temporal } = harness;
    const given = input(`query-${what.replaceAll(/\W/g, '-').toLowerCase()}`);
    const makeGroup = await azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, held: true });
    const run = await client.createCluster(given);
    await azure.untilRequested(`PUT ${groupPath(given)}`);
    const query = (payloads?: (typeof payload)[]) =>
      temporal.workflowService.queryWorkflow({
        namespace: temporal.options.namespace,
        execution: { workflowId: run.workflowId },
        query: { queryType: 'progress', ...(payloads && { queryArgs: { payloads } }) },
      });
    await expect(query([payload])).rejects.toThrow();
    expect((await query()).queryResult?.payloads).toHaveLength(1);
    await makeGroup();
    expect(await run.result()).toMatchObject({ outcome: 'verified' });
    const { events } = await temporal.workflow.getHandle(run.workflowId).fetchHistory();
    expect(events?.filter(({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes)).toEqual([]);
  });
});
