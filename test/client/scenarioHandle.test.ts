import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AksIsolationClient, type ScenarioHandle } from '../../client/index.ts';
import { groupPath, input } from '../support/azure.ts';
import { failureOf, type Harness, startHarness } from '../support/harness.ts';

const phasesOf = async (run: ScenarioHandle): Promise<string[]> => {
  const phases: string[] = [];
  for await (const { phase } of run.watch(25)) phases.push(phase);
  return phases;
};

describe('a started scenario', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  it.concurrent('is watched to its end though no worker answers', async () => {
    const client = new AksIsolationClient(harness.temporal, `nobody-${randomUUID()}`);
    const run = await client.createCluster(input('no-worker'));
    await harness.temporal.workflow.getHandle(run.workflowId).terminate();
    await expect(run.progress()).rejects.toThrow('Failed to query');
    expect(await phasesOf(run)).toEqual([]);
  });

  it.concurrent('is not the next one on the same cluster', async () => {
    const given = input('two-runs', { onFailure: 'leave' });
    const answer = { status: 403, code: 'AuthorizationFailed', message: 'No.' };
    await harness.azure.fault({ method: 'PUT', path: `${groupPath(given)}$`, answer });
    const first = await harness.client.createCluster(given);
    await failureOf(first.result());
    const second = await harness.client.createCluster(given);
    await second.result();
    expect(await first.progress()).toMatchObject({ phase: 'failed' });
    expect(await second.progress()).toMatchObject({ phase: 'succeeded' });
    expect(await harness.client.scenarioOf(given.cluster).progress()).toMatchObject({ phase: 'succeeded' });
  });

  it.concurrent('that never was cannot be watched', async () => {
    await expect(phasesOf(harness.client.scenarioOf(input('never').cluster))).rejects.toThrow(/not found/);
  });
});
