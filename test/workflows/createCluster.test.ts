import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { VerificationReport } from '../../contract/index.ts';
import { type Harness, input, startHarness, subscriptionId } from '../support/harness.ts';

describe('createCluster with the AKS-managed registry', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  const run = async (given: ReturnType<typeof input>): Promise<VerificationReport> => {
    const result = await (await harness.client.createCluster(given)).result();
    if (result.outcome !== 'verified') throw new Error(`Expected a verified cluster, got ${result.outcome}`);
    return result;
  };

  it.concurrent.each(['privateLink', 'vnetIntegration'] as const)(
    'creates and verifies a cluster with %s',
    async (apiServerAccess) => {
      const name = `new-${apiServerAccess.toLowerCase()}`;
      const report = await run(input(name, { apiServerAccess }));
      expect(report.steps.map(({ id, state }) => [id, state])).toEqual([
        ['provider:Microsoft.ContainerService', 'unchanged'],
        ['provider:Microsoft.ContainerRegistry', 'unchanged'],
        ['resourceGroup', 'done'],
        ['cluster', 'done'],
      ]);
      expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
      const cluster = `/subscriptions/${subscriptionId}/resourceGroups/rg-${name}/providers/Microsoft.ContainerService/managedClusters/${name}`;
      expect(await harness.azure.writes(new RegExp(`rg-${name}`))).toEqual([
        `PUT /subscriptions/${subscriptionId}/resourcegroups/rg-${name} 201`,
        `PUT ${cluster} 201`,
      ]);
    },
  );
});
