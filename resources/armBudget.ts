/** A token bucket of Azure's: `capacity` requests at once, then `perSecond` for as long as anybody asks. */
export interface TokenBucket {
  readonly capacity: number;
  readonly perSecond: number;
  /** Who shares it. Those of a cluster or a pool bound a run, and never a rollout. */
  readonly of: 'subscription' | 'cluster' | 'pool';
  readonly title: string;
  readonly source: string;
}

const arm = 'Microsoft Learn, "Understand how Azure Resource Manager throttles requests" (2026-11-26)';
const aks = 'AKS docs, quotas-skus-regions.md, "Throttling limits on AKS resource provider APIs" (2026-11-26)';

/**
 * Bounds on the requests of a caller. ARM counts for each subscription, identity and region of ARM; AKS for each region. Each request
 * takes one token of ARM's, and one of AKS's where AKS answers it.
 */
export const tokenBuckets = {
  reads: { capacity: 250, perSecond: 25, of: 'subscription', title: 'reads', source: arm },
  writes: { capacity: 200, perSecond: 10, of: 'subscription', title: 'writes', source: arm },
  deletes: { capacity: 200, perSecond: 10, of: 'subscription', title: 'deletes', source: arm },
  clusterLists: { capacity: 500, perSecond: 1, of: 'subscription', title: 'lists of clusters', source: aks },
  operationPolls: { capacity: 200, perSecond: 2, of: 'subscription', title: "polls of AKS's operations", source: aks },
  otherAks: { capacity: 60, perSecond: 1, of: 'subscription', title: 'other requests to AKS', source: aks },
  clusterWrites: { capacity: 20, perSecond: 1 / 60, of: 'cluster', title: 'writes of a cluster', source: aks },
  clusterReads: { capacity: 60, perSecond: 1, of: 'cluster', title: 'reads of a cluster', source: aks },
  poolWrites: { capacity: 20, perSecond: 1 / 60, of: 'pool', title: 'writes of a node pool', source: aks },
} as const satisfies Record<string, TokenBucket>;

export type BucketName = keyof typeof tokenBuckets;

export const bucketNames = Object.keys(tokenBuckets) as BucketName[];

/** How many tokens a run takes. Left out: none. */
type Tokens = { readonly [B in BucketName]?: number };

/** The buckets from which a request takes a token each. */
export function bucketsOf(method: string, path: string): BucketName[] {
  const isRead = method === 'GET' || method === 'HEAD';
  const byArm = method === 'DELETE' ? 'deletes' : isRead ? 'reads' : 'writes';
  const [, type, below] = aksPath.exec(path) ?? [];
  if (type === undefined) return [byArm];
  return [byArm, aksBucket(method, type.toLowerCase(), (below ?? '').toLowerCase().split('/').filter(Boolean))];
}

const aksPath = /\/providers\/Microsoft\.ContainerService\/(\w+)(\/(?!.*\/providers\/)[^?]*)?$/i;

function aksBucket(method: string, type: string, below: readonly string[]): BucketName {
  if (type === 'locations') return /^operation/.test(below[1] ?? '') ? 'operationPolls' : 'otherAks';
  if (type !== 'managedclusters') return 'otherAks';
  if (below.length === 0) return 'clusterLists';
  if (below.length === 1 && method === 'GET') return 'clusterReads';
  if (below.length === 1 && method === 'PUT') return 'clusterWrites';
  return below.length === 3 && below[1] === 'agentpools' && method === 'PUT' ? 'poolWrites' : 'otherAks';
}

/** The cost of one run. */
export interface RunCost {
  /** Its polls included. */
  readonly tokens: Tokens;
  /** Seconds from the run's start to its end, as a rule. */
  readonly seconds: number;
  /** Seconds of all its operations together, each of which is followed by polls. */
  readonly operationSeconds: number;
  /** Polls of operations, of every service. */
  readonly polls: number;
}

/** The share that workers take together of AKS's own buckets. Others ask of the same subscription, and clocks differ. */
export const workersShare = 0.97;

/**
 * So many times as many runs as flow through without a wait. While the reimages of the first ones last, which ask for little, others
 * begin: no token is left that a bucket has no room for. The others wait for their first tokens, for as long as a run takes.
 */
const spareRuns = 2;

/** A subscription's allowance for a rollout, by arithmetic. */
export interface RolloutBudget {
  /** As long as the rollout lasts. Its first clusters go faster, for full buckets hold more than a second's refill. */
  readonly clustersPerHour: number;
  /** Runs at the same time that come to so many an hour: more of them would only wait for each other. */
  readonly runsInFlight: number;
  readonly operationsInFlight: number;
  readonly pollsPerSecond: number;
  /** The bucket that is empty first; `parallel` where the rollout asks for fewer runs than Azure would take. */
  readonly bound: BucketName | 'parallel';
}

/**
 * Computes what one subscription allows a rollout.
 *
 * @param parallel Runs that the rollout has in flight at most. Default: as many as Azure takes.
 */
export function rolloutBudget(
  { tokens, seconds, operationSeconds, polls }: RunCost,
  { parallel = Number.POSITIVE_INFINITY }: { parallel?: number } = {},
): RolloutBudget {
  const allowed = bucketNames
    .filter((name) => tokenBuckets[name].of === 'subscription' && (tokens[name] ?? 0) > 0)
    .map((name) => {
      const { capacity, perSecond } = tokenBuckets[name];
      const each = tokens[name] ?? 1;
      return { bound: name, perSecond: (workersShare * perSecond) / each, atOnce: capacity / each };
    });
  const asked = { bound: 'parallel' as const, perSecond: parallel / seconds, atOnce: 0 };
  const { bound, perSecond, atOnce } = allowed.reduce<
    Omit<(typeof allowed)[number], 'bound'> & Pick<RolloutBudget, 'bound'>
  >((least, each) => (each.perSecond < least.perSecond ? each : least), asked);
  const most = Math.max(1, Math.floor(spareRuns * perSecond * seconds + atOnce));
  return {
    clustersPerHour: Math.floor(perSecond * 3_600),
    runsInFlight: bound === 'parallel' ? parallel : Math.min(parallel, most),
    operationsInFlight: Math.max(1, Math.floor(perSecond * operationSeconds)),
    pollsPerSecond: rounded(perSecond * polls),
    bound,
  };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Sums up the tokens that requests take. @param requests Method and path of each. */
export function tokensOf(requests: readonly { method: string; path: string }[]): Record<BucketName, number> {
  const taken = Object.fromEntries(bucketNames.map((name) => [name, 0])) as Record<BucketName, number>;
  for (const { method, path } of requests) for (const name of bucketsOf(method, path)) taken[name] += 1;
  return taken;
}
