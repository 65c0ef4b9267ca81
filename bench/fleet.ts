import type { FleetProgress, FleetReport } from '../contract/fleet.ts';
import type { RolloutFleetInput } from '../contract/inputs/rolloutFleet.ts';
import { clusterWorkflowId, fleetWorkflowId, progressQuery, rolloutFleet } from '../contract/names.ts';
import { runCosts } from '../contract/runCosts.ts';
import { type BucketName, rolloutBudget, tokenBuckets, tokensOf } from '../resources/armBudget.ts';
import type { ClusterReference } from '../resources/ids.ts';
import { createExistingCluster } from '../scripts/local/existingCluster.ts';
import type { RecordedRequest } from '../simulator/index.ts';
import { costOf } from './cost.ts';
import { type Figure, medianOf } from './figures.ts';
import type { Item } from './item.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, threePools } from './scenarios.ts';

/** At this speed Azure's budgets are the limit: a subscription lets so little be asked that two cores do it forty times as fast. */
const speed = 40;
/** How much of what a subscription allows the rollout takes: what is above makes requests meet, and be refused. */
const share = 0.9;
const leastOfBudget = 0.85;
const mostMemoryMiB = 1024;

type Tokens = Parameters<typeof rolloutBudget>[0]['tokens'];

interface Rollout {
  clusters: number;
  workers: number;
  /** Runs at the same time, as far as the rollout itself lets them. */
  inFlight: number;
}

const rollouts = (full: boolean, inFlight: number): Rollout[] =>
  [
    ...(full ? [100, 300, 1000] : [100, 300]).map((clusters) => ({ clusters, workers: 1 })),
    ...(full ? [2, 4].map((workers) => ({ clusters: 300, workers })) : [{ clusters: 100, workers: 2 }]),
  ].map((rollout) => ({ ...rollout, inFlight }));
/** In a smaller one, the last clusters are most of the time alone. */
const largeRollout = 300;

interface Measured extends Rollout {
  /** Simulated. */
  seconds: number;
  /** The least that the budgets allow for all of them. */
  leastSeconds: number;
  /** Of one cluster. */
  tokens: Tokens;
  throttled: number;
  cpuSeconds: number;
  peakMiB: number;
  /** Of a cluster's run. */
  events: number;
  /** Of the rollout's last run. */
  ownEvents: number;
}

/** Isolates a subscription's clusters of three pools, as many at a time as Azure's budgets take. */
export const fleet: Item = async ({ full, onProgress }) => {
  onProgress('Isolates one cluster alone, to know what a run takes from the budgets.');
  const alone = await rollOut({ clusters: 1, workers: 1, inFlight: 1 }, onProgress);
  const cost = { ...runCosts.isolateCluster, tokens: alone.tokens, seconds: alone.seconds };
  const { runsInFlight } = rolloutBudget(cost, { share });
  const measured: Measured[] = [];
  for (const rollout of rollouts(full, runsInFlight)) {
    onProgress(`Isolates ${rollout.clusters} clusters, ${runsInFlight} at a time, with ${rollout.workers} workers.`);
    measured.push(await rollOut(rollout, onProgress));
  }
  return [...measured.flatMap(figuresOf), ...growth(measured.filter(({ workers }) => workers === 1))];
};

async function rollOut(rollout: Rollout, onProgress: (line: string) => void): Promise<Measured> {
  const place = await startPlace(speed, onProgress);
  try {
    const workers = await Promise.all(Array.from({ length: rollout.workers }, place.startWorker));
    const clusters = Array.from({ length: rollout.clusters }, (_, index) => clusterNamed(`f${index}`));
    for (const cluster of clusters) await createExistingCluster(place.simulator, { cluster, pools: threePools });
    await runRollout(place, clusters, rollout.inFlight);
    const usages = await Promise.all(workers.map((worker) => worker.usage()));
    return {
      ...rollout,
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
async function runRollout({ temporal, queue }: Place, clusters: readonly ClusterReference[], inFlight: number) {
  const input: RolloutFleetInput = {
    name: 'bench',
    scenario: 'isolateCluster',
    input: { registry: { mode: 'managed' } },
    clusters: [...clusters],
    rings: [{ name: 'all' }],
    parallel: { clusters: inFlight, perRegion: inFlight, perSubscription: inFlight },
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
): Promise<Omit<Measured, keyof Rollout | 'cpuSeconds' | 'peakMiB'>> {
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
