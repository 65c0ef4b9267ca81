import { clusterId } from '../resources/ids.ts';
import { activitiesOf } from './cost.ts';
import type { Figure } from './figures.ts';
import type { Item } from './item.ts';
import { covered } from './lowerLimit.ts';
import { activityGraph } from './noOps/graph.ts';
import { startNoOpsWorker } from './noOps/worker.ts';
import type { noOps } from './noOps/workflows.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, measuredScenarios } from './scenarios.ts';
import { noLatency } from './worker.ts';

/** The first runs load and compile code. */
const warmUps = 3;
/** The promise, as it was made: docs/reference/benchmark.md says which requests cannot keep it. */
const limit = 1.5;
const noOpsQueue = 'bench-no-ops';

interface Taken {
  /** From the start to the end. */
  ms: number;
  /** The part of it in which no activity ran. */
  betweenMs: number;
}

/** A run, and activities in the same order that do nothing, or nothing but ask as often. */
interface Turn {
  run: Taken;
  noOps: Taken;
  asking: Taken;
  requests: number;
}

/** A run against a simulated Azure without latency, divided by as many activities that do nothing, in the same order. */
export const overhead: Item = async ({ runs, onProgress }) => {
  const place = await startPlace(noLatency, onProgress);
  const { endpoint, ca, tokenEndpoint } = place.simulator;
  const plan = { temporal: place.server.address, queue: noOpsQueue, endpoint, ca, tokenEndpoint };
  const noOpsWorker = await startNoOpsWorker(plan);
  try {
    await place.startWorker();
    const figures: Figure[] = [];
    for (const name of ['create-managed', 'create-byo'] as const) {
      const values: Turn[] = [];
      for (let turn = 0; turn < warmUps + Math.max(runs, 5); turn += 1) {
        const measured = await measureTurn(place, name, turn);
        if (turn >= warmUps) values.push(measured);
      }
      figures.push(...figuresOf(name, values));
    }
    return figures;
  } finally {
    await noOpsWorker.stop();
    await place.close();
  }
};

async function measureTurn(place: Place, name: 'create-managed' | 'create-byo', turn: number): Promise<Turn> {
  // The run would also look at what earlier turns have made.
  await place.reset();
  const cluster = clusterNamed(`o${turn}-${name}`);
  const { workflowId, runId, result } = await measuredScenarios[name].start({ ...place, client: place.aks, cluster });
  await result();
  const graph = activityGraph(await place.temporal.workflow.getHandle(workflowId).fetchHistory());
  const sent = await place.requests();
  const requests = sent.filter(({ headers }) => headers['x-ms-correlation-request-id'] === runId).length;
  return {
    run: await taken(place, workflowId),
    noOps: await runNoOps(place, `nothing-${name}-${turn}`, [graph]),
    asking: await runNoOps(place, `asking-${name}-${turn}`, [graph, { id: clusterId(cluster), requests }]),
    requests,
  };
}

function figuresOf(name: string, turns: readonly Turn[]): Figure[] {
  const ratio = (what: string, value: (turn: Turn) => number): Figure => ({
    name: `${name}${what}`,
    unit: 'ratio',
    better: 'lower',
    limit,
    values: turns.map(value),
  });
  const figure = (what: string, unit: Figure['unit'], value: (turn: Turn) => number): Figure => ({
    name: `${name}: ${what}`,
    unit,
    better: 'lower',
    values: turns.map(value),
  });
  return [
    ratio('', ({ run, noOps }) => run.ms / noOps.ms),
    ratio(': beside as many requests', ({ run, asking }) => run.ms / asking.ms),
    ratio(': between activities', ({ run, noOps }) => run.betweenMs / noOps.betweenMs),
    figure('run', 'ms', ({ run }) => run.ms),
    figure('no-ops', 'ms', ({ noOps }) => noOps.ms),
    figure('no-ops that ask', 'ms', ({ asking }) => asking.ms),
    figure('requests', 'count', ({ requests }) => requests),
  ];
}

type NoOpsInput = Parameters<typeof noOps>;

async function runNoOps(place: Place, name: string, args: NoOpsInput): Promise<Taken> {
  const workflowId = `no-ops-${name}`;
  const handle = await place.temporal.workflow.start('noOps', { taskQueue: noOpsQueue, workflowId, args });
  await handle.result();
  return taken(place, workflowId);
}

async function taken({ temporal }: Place, workflowId: string): Promise<Taken> {
  const handle = temporal.workflow.getHandle(workflowId);
  const [{ startTime, closeTime }, history] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  const ms = (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
  return { ms, betweenMs: ms - covered(activitiesOf(history)) };
}
