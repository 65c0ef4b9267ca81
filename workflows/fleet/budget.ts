import type { ParsedRolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import { runCostOf } from '../../contract/runCosts.ts';
import { type BucketName, rolloutBudget, tokenBuckets } from '../../resources/armBudget.ts';

type Asked = Pick<ParsedRolloutFleetInput, 'scenario' | 'parallel'>;

/** Facts of a rollout's first look that bound it. */
export interface Limits {
  /** How many clusters of a subscription may be in work at the same time for Azure's limits. Left out: any number. */
  withinLimits?: number | undefined;
  /** Node pools of a cluster, on average. */
  pools: number;
}

/** The clusters of a rollout whose pools nobody has counted. */
const usualPools = 3;

/** The tightest of what looks into several subscriptions have found. */
export function limitsOf(seen: readonly Partial<Limits>[]): Limits {
  const within = seen.flatMap(({ withinLimits }) => withinLimits ?? []);
  const pools = Math.max(0, ...seen.flatMap(({ pools: each }) => each ?? [])) || usualPools;
  return { pools, ...(within.length > 0 && { withinLimits: Math.min(...within) }) };
}

/** Azure's allowance for one subscription of a rollout, as the input would use it. */
const budgetOf = ({ scenario, parallel }: Asked, { pools }: Limits) =>
  rolloutBudget(runCostOf(scenario, pools), { parallel: parallel.perSubscription });

/** How many clusters of a subscription may be in work at the same time, for Azure's limits and the input. */
export const mostOfSubscription = ({ parallel }: Pick<Asked, 'parallel'>, { withinLimits }: Partial<Limits>): number =>
  Math.min(parallel.perSubscription, withinLimits ?? Number.POSITIVE_INFINITY);

/**
 * How fast AKS is asked for the windows of clusters, most of which may be closed: by half of what it lets be asked in a subscription, for
 * the clusters that are in work take the other half.
 */
export const windowPace = {
  everyMs: 2_000 / tokenBuckets.otherAks.perSecond,
  burstMs: (1_000 * tokenBuckets.otherAks.capacity) / tokenBuckets.otherAks.perSecond / 2,
};

const titleOf = (name: BucketName): string => tokenBuckets[name].title;

/** The limit that is reached first, as bounds name it. */
export function azureBound(asked: Asked, limits: Limits): string {
  const { bound } = budgetOf(asked, limits);
  return bound === 'parallel' ? "Azure's limits" : `Azure's limit on ${titleOf(bound)} in a subscription`;
}

/** The arithmetic, for people. */
export function budgetNote(asked: Asked, limits: Limits): string {
  const { clustersPerHour, operationsInFlight, pollsPerSecond, bound } = budgetOf(asked, limits);
  const first =
    bound === 'parallel' ? 'parallel.perSubscription bounds it' : `Azure's limit on ${titleOf(bound)} is reached first`;
  return `A subscription takes about ${clustersPerHour} clusters an hour, with ${operationsInFlight} ${operationsInFlight === 1 ? 'operation' : 'operations'} in flight and ${pollsPerSecond} polls a second: ${first}. Measured in the simulated Azure, reckoned for clusters of ${limits.pools} node pools.`;
}
