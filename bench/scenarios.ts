import type { AksIsolationClient, ScenarioHandle } from '../client/index.ts';
import type { ScenarioResult } from '../contract/index.ts';
import type { ClusterReference } from '../resources/ids.ts';
import { createExistingCluster, type FoundCluster, type Pools } from '../scripts/local/existingCluster.ts';
import { controlApi } from '../scripts/local/simulatorClient.ts';
import type { Simulator } from '../simulator/index.ts';

/** A cluster, in a simulated Azure. */
export interface Setting {
  simulator: Simulator;
  client: AksIsolationClient;
  cluster: ClusterReference;
}

export interface MeasuredScenario {
  /** Makes what the scenario finds. Time in the simulated Azure may be advanced meanwhile. */
  prepare(setting: Setting): Promise<void>;
  start(setting: Setting): Promise<ScenarioHandle<ScenarioResult>>;
}

const subscriptionId = '11111111-1111-1111-1111-111111111111';
export const clusterNamed = (name: string): ClusterReference => ({ subscriptionId, resourceGroup: `rg-${name}`, name });

/** A system pool and two others: the size that a fleet's clusters have. */
export const threePools: Pools = {
  system: { mode: 'System', count: 2 },
  canary: { mode: 'User', count: 1 },
  work: { mode: 'User', count: 3 },
};
/** As in the guide's own measurements: pools of two to six nodes. */
export const eightPools: Pools = Object.fromEntries(
  [2, 3, 3, 4, 4, 5, 5, 6].map((count, index) => [
    index === 0 ? 'system' : `user${index}`,
    { mode: index === 0 ? ('System' as const) : ('User' as const), count },
  ]),
);

const managed = { mode: 'managed' } as const;
const own = { mode: 'bringYourOwn' } as const;

const nothing = async () => undefined;
const existing =
  (more: Partial<FoundCluster> = {}) =>
  ({ simulator, cluster }: Setting) =>
    createExistingCluster(simulator, { cluster, pools: threePools, ...more });
const creation =
  (
    registry: typeof managed | typeof own,
    apiServerAccess: 'privateLink' | 'vnetIntegration',
  ): MeasuredScenario['start'] =>
  ({ client, cluster }) =>
    client.createCluster({ cluster, location: 'westeurope', registry, apiServerAccess });

/** With a newer node image, or Azure reimages nothing. */
const withNewImage =
  (more: Partial<FoundCluster>) =>
  async (setting: Setting): Promise<void> => {
    await existing(more)(setting);
    await controlApi(setting.simulator, 'node-image', 'POST');
  };

/** Every scenario, in the ways that differ in what they do. */
export const measuredScenarios = {
  'create-managed': { prepare: nothing, start: creation(managed, 'privateLink') },
  'create-managed-vnet-integration': { prepare: nothing, start: creation(managed, 'vnetIntegration') },
  'create-byo': { prepare: nothing, start: creation(own, 'privateLink') },
  'create-byo-vnet-integration': { prepare: nothing, start: creation(own, 'vnetIntegration') },
  'isolate-managed': {
    prepare: existing(),
    start: ({ client, cluster }) => client.isolateCluster({ cluster, registry: managed }),
  },
  'isolate-byo': {
    prepare: existing({ ownNetwork: true }),
    start: ({ client, cluster }) => client.isolateCluster({ cluster, registry: own }),
  },
  'change-registry': {
    prepare: existing({ isolated: true, ownNetwork: true }),
    start: ({ client, cluster }) => client.changeRegistry({ cluster, registry: own }),
  },
  disable: {
    prepare: existing({ isolated: true }),
    start: ({ client, cluster }) => client.disableIsolation({ cluster }),
  },
  'reimage-eight-pools': {
    prepare: withNewImage({ pools: eightPools }),
    start: ({ client, cluster }) => client.reimageNodePools({ cluster, reimage: { maxParallelPools: 8 } }),
  },
  audit: {
    prepare: existing({ isolated: true, ownNetwork: true }),
    start: ({ client, cluster }) => client.auditCluster({ cluster }),
  },
  delete: {
    prepare: existing({ isolated: true, ownNetwork: true }),
    start: ({ client, cluster }) => client.deleteCluster({ cluster }),
  },
} as const satisfies Record<string, MeasuredScenario>;

export type MeasuredName = keyof typeof measuredScenarios;
export const measuredNames = Object.keys(measuredScenarios) as MeasuredName[];
