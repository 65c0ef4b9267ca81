import { activitiesOf } from './cost.ts';
import type { Figure } from './figures.ts';
import type { Item } from './item.ts';
import { covered } from './lowerLimit.ts';
import { activityGraph } from './noOps/graph.ts';
import { startNoOpsWorker } from './noOps/worker.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, measuredScenarios } from './scenarios.ts';
import { noLatency } from './worker.ts';

/** The first runs load and compile code. */
const warmUps = 3;
const limit = 1.5;
const noOpsQueue = 'bench-no-ops';

interface Taken {
  /** From the start to the end. */
  ms: number;
  /** The part of it in which no activity ran. */
  betweenMs: number;
}

/** A run against a simulated Azure without latency, divided by as many activities that do nothing, in the same order. */
export const overhead: Item = async ({ runs, onProgress }) => {
  const place = await startPlace(noLatency, onProgress);
  const noOpsWorker = await startNoOpsWorker({ temporal: place.server.address, queue: noOpsQueue });
  try {
    await place.startWorker();
    const figures: Figure[] = [];
    for (const name of ['create-managed', 'create-byo'] as const) {
      const values: { run: Taken; noOps: Taken }[] = [];
      for (let turn = 0; turn < warmUps + Math.max(runs, 5); turn += 1) {
        const cluster = clusterNamed(`o${turn}-${name}`);
        const handle = await measuredScenarios[name].start({ ...place, client: place.aks, cluster });
        await handle.result();
        const graph = activityGraph(await place.temporal.workflow.getHandle(handle.workflowId).fetchHistory());
        const noOps = await runNoOps(place, `${name}-${turn}`, graph);
        if (turn >= warmUps) values.push({ run: await taken(place, handle.workflowId), noOps });
      }
      figures.push(...figuresOf(name, values));
    }
    return figures;
  } finally {
    await noOpsWorker.stop();
    await place.close();
  }
};

function figuresOf(name: string, values: readonly { run: Taken; noOps: Taken }[]): Figure[] {
  const ms = (what: string, value: (each: { run: Taken; noOps: Taken }) => number): Figure => ({
    name: `${name}: ${what}`,
    unit: 'ms',
    better: 'lower',
    values: values.map(value),
  });
  return [
    { name, unit: 'ratio', better: 'lower', limit, values: values.map(({ run, noOps }) => run.ms / noOps.ms) },
    {
      name: `${name}: between activities`,
      unit: 'ratio',
      better: 'lower',
      limit,
      values: values.map(({ run, noOps }) => run.betweenMs / noOps.betweenMs),
    },
    ms('run', ({ run }) => run.ms),
    ms('no-ops', ({ noOps }) => noOps.ms),
  ];
}

async function runNoOps(place: Place, name: string, graph: number[][]): Promise<Taken> {
  const workflowId = `no-ops-${name}`;
  const handle = await place.temporal.workflow.start('noOps', { taskQueue: noOpsQueue, workflowId, args: [graph] });
  await handle.result();
  return taken(place, workflowId);
}

async function taken({ temporal }: Place, workflowId: string): Promise<Taken> {
  const handle = temporal.workflow.getHandle(workflowId);
  const [{ startTime, closeTime }, history] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  const ms = (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
  return { ms, betweenMs: ms - covered(activitiesOf(history)) };
}
