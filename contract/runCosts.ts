import type { RunCost } from '../resources/armBudget.ts';
import type { Scenario } from './names.ts';

/**
 * What a run of each scenario asks of Azure, as a rule: on a cluster of two pools, at Azure's durations, with a registry of its
 * own where that costs more. Measured in the simulated Azure.
 */
export const runCosts: Readonly<Record<Scenario, RunCost>> = {
  createCluster: {
    tokens: { reads: 159, writes: 19, operationPolls: 14, otherAks: 23 },
    seconds: 600,
    operationSeconds: 576,
    polls: 46,
  },
  isolateCluster: {
    tokens: { reads: 294, writes: 25, operationPolls: 38, otherAks: 71 },
    seconds: 1_300,
    operationSeconds: 1_179,
    polls: 103,
  },
  changeRegistry: {
    tokens: { reads: 313, writes: 35, operationPolls: 30, otherAks: 88 },
    seconds: 1_200,
    operationSeconds: 957,
    polls: 98,
  },
  disableIsolation: {
    tokens: { reads: 128, writes: 7, operationPolls: 29, otherAks: 27 },
    seconds: 900,
    operationSeconds: 777,
    polls: 45,
  },
  reimageNodePools: {
    tokens: { reads: 99, writes: 5, operationPolls: 20, otherAks: 22 },
    seconds: 450,
    operationSeconds: 555,
    polls: 32,
  },
  deleteCluster: {
    tokens: { reads: 173, deletes: 15, clusterLists: 24, operationPolls: 9, otherAks: 1 },
    seconds: 420,
    operationSeconds: 380,
    polls: 22,
  },
  auditCluster: { tokens: { reads: 50, writes: 4, otherAks: 23 }, seconds: 60, operationSeconds: 20, polls: 18 },
};
