import type { FleetProgress, FleetReport } from '../contract/fleet.ts';
import { mostAtOnce, type RolloutFleetInput } from '../contract/inputs/rolloutFleet.ts';
import { clusterWorkflowId, fleetWorkflowId, progressQuery, rolloutFleet } from '../contract/names.ts';
import { type BucketName, type RunCost, tokenBuckets, tokensOf } from '../resources/armBudget.ts';
import type { ClusterReference } from '../resources/ids.ts';
import { createExistingCluster } from '../scripts/local/existingCluster.ts';
import type { RecordedRequest } from '../simulator/index.ts';
import { costOf } from './cost.ts';
import { type Figure, medianOf } from './figures.ts';
import type { Item, RolloutSize } from './item.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, threePools } from './scenarios.ts';

/** At this speed Azure's budgets are the limit, and not two cores. */
const usualSpeed = 12;
/** The promise: so much of the pace that the budgets allow. */
const leastOfBudget = 0.85;
/** Half of a worker's limit in deploy/kubernetes/. */
const mostMemoryMiB = 1024;

type Tokens = RunCost['tokens'];

const usualSizes: readonly RolloutSize[] = [
  { clusters: 100, workers: 1 },
  ...[1, 2, 4].map((workers) => ({ clusters: 300, workers })),
];
/** In a smaller one, the last clusters are most of the time alone. */
const largeRollout = 300;

interface Measured extends RolloutSize {
  /** Simulated. */
  seconds: number;
  /** The least that the budgets allow for all of them. */
  leastSeconds: number;
  /** Those that one cluster takes. */
  tokens: Tokens;
  throttled: number;
  cpuSeconds: number;
  peakMiB: number;
  /** In the history of a cluster's run. */
  events: number;
  /** In the history of the rollout's last run. */
  ownEvents: number;
}

/** Isolates a subscription's clusters of three pools, as many at a time as the product lets be for Azure's budgets. */
export const fleet: Item = async ({ full, rollouts = usualSizes, speed = usualSpeed, onProgress }) => {
  const measured: Measured[] = [];
  for (const size of [...rollouts, ...(full ? [{ clusters: 1000, workers: 1 }] : [])]) {
    onProgress(`Isolates ${size.clusters} clusters with ${size.workers} workers, ${speed} times as fast as Azure.`);
    const each = await rollOut(size, speed, onProgress);
    measured.push(each);
    // The others may take an hour, and fail.
    for (const { name, values } of figuresOf(each)) onProgress(`${name}: ${values.join(', ')}`);
  }
  return [...measured.flatMap(figuresOf), ...growth(measured.filter(({ workers }) => workers === 1))];
};

async function rollOut(size: RolloutSize, speed: number, onProgress: (line: string) => void): Promise<Measured> {
  const place = await startPlace(speed, onProgress);
  try {
    const workers = await Promise.all(Array.from({ length: size.workers }, place.startWorker));
    const clusters = Array.from({ length: size.clusters }, (_, index) => clusterNamed(`f${index}`));
    for (const cluster of clusters) await createExistingCluster(place.simulator, { cluster, pools: threePools });
    await runRollout(place, clusters);
    const usages = await Promise.all(workers.map((worker) => worker.usage()));
    return {
      ...size,
      ...(await outcome(place, clusters)),
      cpuSeconds: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      peakMiB: Math.max(...usages.map(({ peakMiB }) => peakMiB)),
    };
  } finally {
    await place.close();
  }
}

const workflowId = fleetWorkflowId('bench');

/** Isolates clusters by one rollout, all in one ring. @throws unless every one is verified */
async function runRollout({ temporal, queue }: Place, clusters: readonly ClusterReference[]) {
  const all = Math.min(clusters.length, mostAtOnce);
  const input: RolloutFleetInput = {
    name: 'bench',
    scenario: 'isolateCluster',
    input: { registry: { mode: 'managed' } },
    clusters: [...clusters],
    rings: [{ name: 'all' }],
    parallel: { clusters: all, perRegion: all, perSubscription: all },
    audits: 'none',
    failureBudget: { whenUsedUp: 'stop' },
  };
  const report: FleetReport = await temporal.workflow.execute(rolloutFleet, {
    taskQueue: queue,
    workflowId,
    args: [input],
  });
  if (report.counts.verified !== clusters.length)
    throw new Error(`A rollout ended with ${JSON.stringify(report.counts)}`);
}

async function outcome(
  { requests, temporal, simulator }: Place,
  clusters: readonly ClusterReference[],
): Promise<Omit<Measured, keyof RolloutSize | 'cpuSeconds' | 'peakMiB'>> {
  const sent = await requests();
  const tokens = tokensOf(sent.map(({ method, url }) => ({ method, path: new URL(url).pathname })));
  const last = await temporal.workflow.getHandle(workflowId).describe();
  // A long rollout has continued as new: its progress says when it began.
  const { startedAt } = await temporal.workflow.getHandle(workflowId).query<FleetProgress>(progressQuery);
  const at = (time: Date | string | undefined) => simulator.clock.at(new Date(time ?? 0).getTime()) / 1000;
  const histories = await Promise.all(
    clusters.slice(0, 5).map((cluster) => temporal.workflow.getHandle(clusterWorkflowId(cluster)).fetchHistory()),
  );
  return {
    seconds: at(last.closeTime) - at(startedAt),
    leastSeconds: leastSeconds(tokens),
    tokens: Object.fromEntries(Object.entries(tokens).map(([name, count]) => [name, count / clusters.length])),
    throttled: sent.filter(isThrottled).length,
    events: medianOf(histories.map((history) => costOf(history, [], 1).events)),
    ownEvents: last.historyLength,
  };
}

const isThrottled = ({ status }: RecordedRequest): boolean => status === 429;

/** Full buckets first, then what flows into them. */
const leastSeconds = (tokens: Readonly<Record<BucketName, number>>): number =>
  Math.max(
    ...(Object.keys(tokens) as BucketName[])
      .filter((name) => tokenBuckets[name].of === 'subscription')
      .map((name) => (tokens[name] - tokenBuckets[name].capacity) / tokenBuckets[name].perSecond),
  );

function figuresOf(measured: Measured): Figure[] {
  const { clusters, workers, seconds } = measured;
  const which = `${clusters} clusters, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
  const figure = (what: string, more: Omit<Figure, 'name'>): Figure => ({ name: `${which}: ${what}`, ...more });
  const anHour = (time: number) => (clusters / time) * 3600;
  return [
    figure('of what the budgets allow', {
      unit: 'ratio',
      better: 'higher',
      ...(clusters >= largeRollout && { limit: leastOfBudget }),
      values: [measured.leastSeconds / seconds],
    }),
    figure('clusters', { unit: 'an hour', better: 'higher', values: [anHour(seconds)] }),
    figure('allowed', { unit: 'an hour', better: 'higher', values: [anHour(measured.leastSeconds)] }),
    figure("requests of AKS's tightest limit, each cluster", {
      unit: 'count',
      better: 'lower',
      values: [measured.tokens.otherAks ?? 0],
    }),
    figure('answers 429', { unit: 'count', better: 'lower', limit: 0, values: [measured.throttled] }),
    figure('CPU of workers, each cluster', { unit: 's', better: 'lower', values: [measured.cpuSeconds / clusters] }),
    figure('peak memory of a worker', {
      unit: 'MiB',
      better: 'lower',
      limit: mostMemoryMiB,
      values: [measured.peakMiB],
    }),
    figure('events of the rollout', { unit: 'count', better: 'lower', values: [measured.ownEvents] }),
    figure('events of a run', { unit: 'count', better: 'lower', values: [measured.events] }),
  ];
}

/** How the time of a cluster, and the memory of all, change from the smallest rollout to the largest: 1 is linear, and constant. */
function growth(measured: readonly Measured[]): Figure[] {
  const [small, large] = [measured.at(0), measured.at(-1)];
  if (!small || !large || small === large) return [];
  const name = `from ${small.clusters} to ${large.clusters} clusters`;
  return [
    {
      name: `${name}: time of a cluster`,
      unit: 'ratio',
      better: 'lower',
      values: [large.seconds / large.clusters / (small.seconds / small.clusters)],
    },
    { name: `${name}: memory of a worker`, unit: 'ratio', better: 'lower', values: [large.peakMiB / small.peakMiB] },
  ];
}
