import { azureCliAt, installAzureCli } from '../scripts/conformance/azureCli.ts';
import { variables } from '../scripts/conformance/scenarios.ts';
import { createExistingCluster } from '../scripts/local/existingCluster.ts';
import { controlApi } from '../scripts/local/simulatorClient.ts';
import { startSimulator } from '../simulator/index.ts';
import { medianOf } from './figures.ts';
import { createByGuide } from './guide.ts';
import type { Item } from './item.ts';
import { plainClient } from './plainClient.ts';
import { runsOf } from './runs.ts';
import { clusterNamed, eightPools } from './scenarios.ts';

/** A client that mostly waits takes next to nothing of the machine. */
const speed = 50;
const limits = { creation: 1.4, reimage: 3 };

/** The guide, one command after the other, divided by what a run takes. */
export const sequential: Item = async (bench) => {
  bench.onProgress(`Does the guide one command after the other, at speed ${speed}.`);
  const [creation, reimage, runs] = await Promise.all([
    createOneByOne(),
    reimageOneByOne(),
    runsOf(bench, ['create-byo', 'reimage-eight-pools']),
  ]);
  const ours = (name: string) =>
    medianOf(runs.filter(({ scenario }) => scenario === name).map(({ seconds }) => seconds));
  const by = (name: string, seconds: number, scenario: string, limit?: number) => ({
    name,
    unit: 'ratio' as const,
    better: 'higher' as const,
    values: [seconds / ours(scenario)],
    ...(limit !== undefined && { limit }),
  });
  return [
    by('create-byo', creation, 'create-byo', limits.creation),
    by('reimage-eight-pools', reimage, 'reimage-eight-pools', limits.reimage),
    ...(bench.full ? [by('create-byo, by az itself', await createByAz(bench.onProgress), 'create-byo')] : []),
  ];
};

/** Simulated seconds of a creation with a registry of one's own. */
const createOneByOne = (): Promise<number> =>
  inWorld(speed, async (simulator) => {
    const cluster = clusterNamed('guide');
    const client = plainClient(simulator, cluster.subscriptionId, speed);
    return () => createByGuide(client, cluster);
  });

/** Simulated seconds of eight pools, reimaged one by one. */
const reimageOneByOne = (): Promise<number> =>
  inWorld(speed, async (simulator) => {
    const cluster = clusterNamed('guide');
    await createExistingCluster(simulator, { cluster, pools: eightPools });
    await controlApi(simulator, 'node-image', 'POST');
    const client = plainClient(simulator, cluster.subscriptionId, speed);
    return async () => {
      for (const pool of Object.keys(eightPools)) await client.reimage(cluster.resourceGroup, cluster.name, pool);
    };
  });

/** The unmodified Azure CLI, at real speed: each command takes it a second of this machine's time. */
async function createByAz(onProgress: (line: string) => void): Promise<number> {
  const bin = await installAzureCli(onProgress);
  onProgress('The Azure CLI does the guide at real speed, which takes a quarter of an hour.');
  return inWorld(1, async (simulator) => {
    const az = await azureCliAt(bin, simulator);
    return async () => {
      const failed = (await az.run(['byo-private-link.sh'], variables)).find(({ exitCode }) => exitCode !== 0);
      if (failed) throw new Error(failed.command);
    };
  });
}

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** Simulated seconds that something takes in a world of its own, in which roles take effect at once: az would fail without. */
async function inWorld(
  worldSpeed: number,
  prepare: (simulator: Simulator) => Promise<() => Promise<void>>,
): Promise<number> {
  const simulator = await startSimulator({ speed: worldSpeed });
  try {
    await controlApi(simulator, 'reset', 'POST', { clientsClock: 'simulated', roleDelaySeconds: 0 });
    const act = await prepare(simulator);
    const begun = simulator.clock.now();
    await act();
    return (simulator.clock.now() - begun) / 1000;
  } finally {
    await simulator.close();
  }
}
