import { type BucketName, type RunCost, rolloutBudget } from '../resources/armBudget.ts';
import type { Scenario } from './names.ts';

/** Requests of a scenario's run to Azure: in any case, and for each node pool of the cluster. */
interface ScenarioCost {
  run: RunCost;
  pool?: RunCost;
}

/**
 * As a rule, at Azure's durations, with a registry of its own where that costs more. Measured in the simulated Azure. Seconds are those
 * of pools that are reimaged partly beside each other.
 */
const runCosts: Readonly<Record<Scenario, ScenarioCost>> = {
  createCluster: {
    run: {
      tokens: { reads: 54, writes: 20, operationPolls: 2, otherAks: 9 },
      seconds: 520,
      operationSeconds: 576,
      polls: 7,
    },
  },
  isolateCluster: {
    run: {
      tokens: { reads: 54, writes: 19, operationPolls: 6, otherAks: 15 },
      seconds: 800,
      operationSeconds: 560,
      polls: 12,
    },
    pool: {
      tokens: { reads: 30, writes: 2, operationPolls: 4, otherAks: 4 },
      seconds: 270,
      operationSeconds: 310,
      polls: 6,
    },
  },
  changeRegistry: {
    run: {
      tokens: { reads: 66, writes: 18, operationPolls: 4, otherAks: 13 },
      seconds: 500,
      operationSeconds: 340,
      polls: 8,
    },
    pool: {
      tokens: { reads: 25, writes: 2, operationPolls: 3, otherAks: 5 },
      seconds: 250,
      operationSeconds: 310,
      polls: 6,
    },
  },
  disableIsolation: {
    run: {
      tokens: { reads: 33, writes: 3, operationPolls: 4, otherAks: 4 },
      seconds: 400,
      operationSeconds: 160,
      polls: 6,
    },
    pool: {
      tokens: { reads: 10, writes: 2, operationPolls: 3, otherAks: 3 },
      seconds: 200,
      operationSeconds: 310,
      polls: 4,
    },
  },
  reimageNodePools: {
    run: { tokens: { reads: 16, writes: 1, otherAks: 3 }, seconds: 30, operationSeconds: 10, polls: 1 },
    pool: {
      tokens: { reads: 10, writes: 2, operationPolls: 3, otherAks: 3 },
      seconds: 150,
      operationSeconds: 275,
      polls: 4,
    },
  },
  deleteCluster: {
    run: {
      tokens: { reads: 140, deletes: 15, clusterLists: 18, operationPolls: 3, otherAks: 1 },
      seconds: 420,
      operationSeconds: 380,
      polls: 14,
    },
  },
  auditCluster: {
    run: { tokens: { reads: 24, writes: 3, otherAks: 6 }, seconds: 30, operationSeconds: 30, polls: 4 },
    pool: { tokens: { otherAks: 1 }, seconds: 5, operationSeconds: 3, polls: 1 },
  },
};

/** @param pools Node pools of the cluster; of some clusters, their mean. */
export function runCostOf(scenario: Scenario, pools: number): RunCost {
  const { run, pool } = runCosts[scenario];
  if (!pool) return run;
  const sum = (one = 0, each = 0): number => one + pools * each;
  const names = Object.keys({ ...run.tokens, ...pool.tokens }) as BucketName[];
  return {
    tokens: Object.fromEntries(names.map((name) => [name, sum(run.tokens[name], pool.tokens[name])])),
    seconds: sum(run.seconds, pool.seconds),
    operationSeconds: sum(run.operationSeconds, pool.operationSeconds),
    polls: sum(run.polls, pool.polls),
  };
}

/** How many runs of a scenario a subscription takes at the same time for Azure's limits: more would only wait for each other. */
export const runsWithinLimits = (scenario: Scenario, pools: number): number =>
  rolloutBudget(runCostOf(scenario, pools)).runsInFlight;
