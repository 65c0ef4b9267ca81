import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { clusterWorkflowId, type ScenarioResult } from '../../contract/index.ts';
import { type Harness, startHarness } from '../support/harness.ts';
import { createInputs } from '../support/inputs.ts';
import { sampled } from '../support/sampled.ts';
import { manyClusters } from './ownRegistry.ts';

describe('any input of createCluster', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.azure.reset(manyClusters);
  });
  afterAll(() => harness.close());

  it('runs to its end, or is refused before the first write', async () => {
    const seeds = sampled([...Array(60).keys()], 6);
    const outcomes = await Promise.all(seeds.map((seed) => outcomeOf(`any${seed}`, seed)));
    expect(new Set(outcomes)).toEqual(new Set(['verified', 'InvalidInput', 'PreflightFailed']));
  });

  async function outcomeOf(name: string, seed: number): Promise<string> {
    const [given] = fc.sample(createInputs(name), { seed, numRuns: 1 });
    if (!given) throw new Error('no input');
    const workflowId = clusterWorkflowId(given.cluster);
    // Not by the client of the product, which refuses bad input itself.
    const start = { taskQueue: harness.taskQueue, workflowId, args: [given] };
    try {
      const result = await harness.temporal.workflow.execute('createCluster', start);
      return (result as ScenarioResult).outcome;
    } catch (error) {
      if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
      const writes = await harness.azure.writes(new RegExp(`/rg-${name}([/?]|$)`, 'i'));
      const { type, message } = error.cause;
      if (writes.length > 0) throw new Error(`${JSON.stringify(given)}\n${type}: ${message}\n${writes.join('\n')}`);
      return type ?? '';
    }
  }
});
