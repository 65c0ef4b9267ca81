import pWaitFor from 'p-wait-for';
import type { FleetProgress } from '../contract/fleet.ts';
import type { RolloutFleetInput } from '../contract/inputs/rolloutFleet.ts';
import { fleetWorkflowId, progressQuery, rolloutFleet } from '../contract/names.ts';
import { runsWithinLimits } from '../contract/runCosts.ts';
import { createExistingCluster } from '../scripts/local/existingCluster.ts';
import type { Item } from './item.ts';
import { type Place, startPlace } from './place.ts';
import { clusterNamed, measuredScenarios, threePools } from './scenarios.ts';

/** The rollout begins with more than a hundred runs: at eight times the speed this machine is the limit for a while, and not Azure. */
const speed = 4;
/** How much longer somebody's creation may take because a rollout is under way. */
const most = 1.1;
/** As many times as many clusters as are in flight: the rollout lasts longer than the creations. */
const waves = 2;

/** A creation in the middle of a rollout of the same subscription, compared with one that is alone. */
export const beside: Item = async ({ full, runs, onProgress }) => {
  const place = await startPlace(speed, onProgress);
  try {
    await place.startWorker();
    await warmUp(place);
    onProgress('Creates a cluster alone.');
    const alone = await creationSeconds(place, 'alone');
    const runsInFlight = runsWithinLimits('isolateCluster', Object.keys(threePools).length);
    const clusters = full ? 1_000 : waves * runsInFlight + runs;
    onProgress(`Creates ${runs} clusters, one after the other, while a rollout isolates ${clusters}.`);
    await startRollout(place, clusters, runsInFlight);
    const values: number[] = [];
    for (let run = 1; run <= runs; run += 1) values.push((await creationSeconds(place, `amid${run}`)) / alone);
    return [{ name: 'create-byo in the middle of a rollout', unit: 'ratio', better: 'lower', limit: most, values }];
  } finally {
    await place.close();
  }
};

/** A worker that has just started loads and compiles code. */
async function warmUp({ aks, simulator }: Place): Promise<void> {
  const setting = { simulator, client: aks, cluster: clusterNamed('warm') };
  await measuredScenarios.audit.prepare(setting);
  await (await measuredScenarios.audit.start(setting)).result();
}

/** Simulated seconds that a creation takes. */
async function creationSeconds({ temporal, aks, simulator }: Place, name: string): Promise<number> {
  const setting = { simulator, client: aks, cluster: clusterNamed(name) };
  const run = await measuredScenarios['create-byo'].start(setting);
  await run.result();
  const { startTime, closeTime } = await temporal.workflow.getHandle(run.workflowId, run.runId).describe();
  const at = (time: Date | undefined) => simulator.clock.at(time?.getTime() ?? 0) / 1000;
  return at(closeTime) - at(startTime);
}

/** Resolves once all that may be in flight is. */
async function startRollout({ temporal, queue, simulator }: Place, count: number, inFlight: number): Promise<void> {
  const clusters = Array.from({ length: count }, (_, index) => clusterNamed(`r${index}`));
  for (const cluster of clusters) await createExistingCluster(simulator, { cluster, pools: threePools });
  const input: RolloutFleetInput = {
    name: 'beside',
    scenario: 'isolateCluster',
    input: { registry: { mode: 'managed' } },
    clusters,
    rings: [{ name: 'all' }],
    parallel: { clusters: inFlight, perRegion: inFlight, perSubscription: inFlight },
    audits: 'none',
  };
  const rollout = await temporal.workflow.start(rolloutFleet, {
    taskQueue: queue,
    workflowId: fleetWorkflowId('beside'),
    args: [input],
  });
  await pWaitFor(async () => ((await rollout.query<FleetProgress>(progressQuery)).counts.inWork ?? 0) >= inFlight, {
    interval: 200,
  });
}
