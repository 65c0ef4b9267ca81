import { describe, expect, it } from '@jest/globals';
import { scenarios } from '../../contract/names.ts';
import { runCostOf } from '../../contract/runCosts.ts';
import { bucketsOf, type RunCost, rolloutBudget, tokenBuckets, tokensOf } from '../../resources/armBudget.ts';

const group = '/subscriptions/s/resourceGroups/g';
const aks = '/providers/Microsoft.ContainerService';
const cluster = `${group}${aks}/managedClusters/c`;

it.each([
  ['GET', `${group}/providers/Microsoft.Network/virtualNetworks/n`, ['reads']],
  ['HEAD', group, ['reads']],
  ['PUT', group, ['writes']],
  ['DELETE', group, ['deletes']],
  ['GET', cluster, ['reads', 'clusterReads']],
  ['PUT', cluster, ['writes', 'clusterWrites']],
  ['DELETE', cluster, ['deletes', 'otherAks']],
  ['POST', `${cluster}/runCommand`, ['writes', 'otherAks']],
  ['GET', `${cluster}/commandResults/1`, ['reads', 'otherAks']],
  ['PUT', `${cluster}/agentPools/p`, ['writes', 'poolWrites']],
  ['GET', `${cluster}/agentPools/p`, ['reads', 'otherAks']],
  ['POST', `${cluster}/agentPools/p/upgradeNodeImageVersion`, ['writes', 'otherAks']],
  ['GET', `/subscriptions/s${aks}/managedClusters`, ['reads', 'clusterLists']],
  ['GET', `/subscriptions/s${aks}/locations/westeurope/operations/1`, ['reads', 'operationPolls']],
  ['GET', `/subscriptions/s${aks}/locations/westeurope/kubernetesVersions`, ['reads', 'otherAks']],
  // The provider that answers is the last one that the path names, and of the provider itself the subscription tells.
  ['GET', `${cluster}/providers/Microsoft.Authorization/permissions`, ['reads']],
  ['GET', `/subscriptions/s${aks}`, ['reads']],
])('%s %s takes a token of %j', (method, path, buckets) => {
  expect(bucketsOf(method, path)).toEqual(buckets);
  expect(Object.entries(tokensOf([{ method, path }])).flatMap(([name, count]) => (count > 0 ? name : []))).toEqual(
    expect.arrayContaining(buckets),
  );
});

describe('a rollout', () => {
  const cost: RunCost = {
    tokens: { reads: 80, writes: 20, otherAks: 36 },
    seconds: 600,
    operationSeconds: 500,
    polls: 10,
  };

  it('is bound by the bucket that is empty first', () => {
    // 0.97 tokens a second for 36 requests are 97 clusters an hour: 16 at a time, as many to spare, and 1 for a full bucket.
    expect(rolloutBudget(cost)).toEqual({
      clustersPerHour: 97,
      runsInFlight: 34,
      operationsInFlight: 13,
      pollsPerSecond: 0.27,
      bound: 'otherAks',
    });
  });

  it('is bound by what is asked for, where that is less', () => {
    expect(rolloutBudget(cost, { parallel: 2 })).toMatchObject({
      clustersPerHour: 12,
      runsInFlight: 2,
      bound: 'parallel',
    });
    // 13 / 330 * 330 is a little less than 13.
    expect(rolloutBudget({ ...cost, tokens: { reads: 1 }, seconds: 330 }, { parallel: 13 }).runsInFlight).toBe(13);
  });

  it('of any size has one run in flight', () => {
    expect(rolloutBudget({ ...cost, tokens: { otherAks: 100_000 } }).runsInFlight).toBe(1);
  });

  it('of larger clusters has fewer of them in an hour', () => {
    const anHour = (pools: number) => rolloutBudget(runCostOf('isolateCluster', pools)).clustersPerHour;
    expect([anHour(1), anHour(3), anHour(8)]).toEqual([anHour(1), anHour(3), anHour(8)].sort((a, b) => b - a));
    expect(anHour(8)).toBeLessThan(anHour(1) / 2);
  });

  it.each(scenarios)('of %s is bound by Azure', (scenario) => {
    const cost = runCostOf(scenario, 3);
    const { bound, clustersPerHour } = rolloutBudget(cost);
    expect(bound).not.toBe('parallel');
    expect(clustersPerHour).toBeGreaterThan(0);
    // The whole of a run's own requests to its cluster fits into what one cluster takes.
    const { clusterReads = 0, clusterWrites = 0 } = cost.tokens;
    expect(clusterReads).toBeLessThanOrEqual(tokenBuckets.clusterReads.capacity);
    expect(clusterWrites).toBeLessThanOrEqual(tokenBuckets.clusterWrites.capacity);
  });
});
