import { type RunCost, rolloutBudget } from '../resources/armBudget.ts';
import type { Scenario } from './names.ts';

/**
 * What a run of each scenario asks of Azure, as a rule: on a cluster of two pools, at Azure's durations, with a registry of its
 * own where that costs more. Measured in the simulated Azure.
 */
export const runCosts: Readonly<Record<Scenario, RunCost>> = {
  createCluster: {
    tokens: { reads: 67, writes: 20, operationPolls: 2, otherAks: 8 },
    seconds: 520,
    operationSeconds: 576,
    polls: 7,
  },
  isolateCluster: {
    tokens: { reads: 135, writes: 25, operationPolls: 14, otherAks: 31 },
    seconds: 1_200,
    operationSeconds: 1_179,
    polls: 26,
  },
  changeRegistry: {
    tokens: { reads: 135, writes: 30, operationPolls: 10, otherAks: 39 },
    seconds: 1_000,
    operationSeconds: 957,
    polls: 23,
  },
  disableIsolation: {
    tokens: { reads: 58, writes: 7, operationPolls: 10, otherAks: 15 },
    seconds: 800,
    operationSeconds: 777,
    polls: 14,
  },
  reimageNodePools: {
    tokens: { reads: 39, writes: 5, operationPolls: 6, otherAks: 13 },
    seconds: 330,
    operationSeconds: 555,
    polls: 9,
  },
  deleteCluster: {
    tokens: { reads: 140, deletes: 15, clusterLists: 18, operationPolls: 3, otherAks: 1 },
    seconds: 420,
    operationSeconds: 380,
    polls: 14,
  },
  auditCluster: { tokens: { reads: 27, writes: 4, otherAks: 10 }, seconds: 40, operationSeconds: 35, polls: 5 },
};

/**
 * How many runs of a scenario a subscription takes at the same time for Azure's limits: more would only wait for each other. `undefined`
 * for audits: they end within a minute, and a full bucket holds many of them, so that they are slowed down by what Azure says is left, and not
 * beforehand.
 */
export const runsWithinLimits = (scenario: Scenario): number | undefined =>
  scenario === 'auditCluster' ? undefined : rolloutBudget(runCosts[scenario]).runsInFlight;
