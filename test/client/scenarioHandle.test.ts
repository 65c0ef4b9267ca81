import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceError } from '@temporalio/client';
import { Ajv } from 'ajv';
import { AksIsolationClient, type ScenarioHandle } from '../../client/index.ts';
import { watch } from '../../client/watch.ts';
import { groupPath, input } from '../support/azure.ts';
import { failureOf, type Harness, startHarness } from '../support/harness.ts';

const phasesOf = async (run: ScenarioHandle): Promise<string[]> => {
  const phases: string[] = [];
  for await (const { phase } of run.watch(25)) phases.push(phase);
  return phases;
};

/** Whatever of an answer its published JSON Schema does not take. */
function schemaErrors(name: 'progress' | 'result' | 'failureDetails' | 'problems', answer: unknown): unknown[] {
  const file = join(import.meta.dirname, `../../contract/schemas/${name}.json`);
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(file, 'utf8')));
  return validate(answer) ? [] : (validate.errors ?? []);
}

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

  it.concurrent('is watched to its last state, though the server has no room for the last look at first', async () => {
    const run = await harness.client.createCluster(input('last-look'));
    await run.result();
    const handle = harness.temporal.workflow.getHandle(run.workflowId, run.runId);
    const refusals: ServiceError[] = ['first', 'second'].map((which) => {
      const cause = Object.assign(new Error(which), { code: 8, details: 'query buffer is full', metadata: {} });
      return new ServiceError('Failed to query', { cause });
    });
    const progress = () => {
      const refusal = refusals.pop();
      return refusal ? Promise.reject(refusal) : run.progress();
    };
    const phases: string[] = [];
    for await (const { phase } of watch(handle, run.runId, progress, 25)) phases.push(phase);
    expect(refusals).toEqual([]);
    expect(phases.at(-1)).toBe('succeeded');
  });

  it.concurrent('is watched no longer once its watcher leaves, who waits for a change', async () => {
    const client = new AksIsolationClient(harness.temporal, `nobody-${randomUUID()}`);
    const run = await client.createCluster(input('left'));
    const watching = run.watch();
    const next = expect(watching.next()).rejects.toThrow('Failed to get Workflow execution history');
    await watching.return();
    await next;
    await harness.temporal.workflow.getHandle(run.workflowId).terminate();
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
    const [failed, verified] = [await first.ending(), await second.ending()];
    expect(failed).toMatchObject({ outcome: 'failed', type: 'StepFailed' });
    expect(schemaErrors('failureDetails', 'details' in failed && failed.details)).toEqual([]);
    expect(schemaErrors('result', verified)).toEqual([]);
    expect(schemaErrors('progress', await first.progress())).toEqual([]);
    expect(schemaErrors('progress', await second.progress())).toEqual([]);
    const audited = await (await harness.client.auditCluster({ cluster: given.cluster })).ending();
    expect(audited.outcome).toBe('audited');
    expect(schemaErrors('result', audited)).toEqual([]);
    expect(schemaErrors('result', { ...audited, verdict: 'Fine' })).not.toEqual([]);
  });

  it.concurrent('ends with problems or a plan, as the JSON Schemas say', async () => {
    const given = input('schemas', { kubernetesVersion: '1.99.0' });
    const refused = await (await harness.client.createCluster(given)).ending();
    expect(refused).toMatchObject({ outcome: 'failed', type: 'PreflightFailed' });
    expect(schemaErrors('problems', 'details' in refused && refused.details)).toEqual([]);
    const planned = await (await harness.client.createCluster({ ...given, dryRun: true })).ending();
    expect(planned.outcome).toBe('planned');
    expect(schemaErrors('result', planned)).toEqual([]);
  });

  it.concurrent('that never was cannot be watched', async () => {
    await expect(phasesOf(harness.client.scenarioOf(input('never').cluster))).rejects.toThrow(/not found/);
  });
});
