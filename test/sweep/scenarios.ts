import type { ScenarioHandle } from '../../client/index.ts';
import type { ScenarioResult } from '../../contract/index.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { createExistingCluster, type FoundCluster, type Pools } from '../../scripts/local/existingCluster.ts';
import type { FaultRule } from '../../simulator/index.ts';
import { newNodeImage } from '../scenarios/existingCluster.ts';
import { input, subscriptionId } from '../support/azure.ts';
import type { Harness } from '../support/harness.ts';
import type { Boundaries } from './boundaries.ts';

/** Where a scenario runs. */
export interface ScenarioPlace extends Pick<Harness, 'azure' | 'client'> {
  /** Name of the cluster. Places share the Temporal server, where the cluster is the lock. */
  name: string;
}

/** A simulated Azure and a worker, used for one case after the other. */
export interface Slot extends Harness, ScenarioPlace {
  boundaries: Boundaries;
}

/** Parts of the input beside what the scenario is about. */
export interface SweptOptions {
  onFailure?: 'hold' | 'leave';
  dryRun?: boolean;
}

/** A scenario in a fresh world of its own. */
export interface SweptScenario {
  /** Makes what the scenario finds there. */
  prepare(place: ScenarioPlace): Promise<void>;
  start(place: ScenarioPlace, options?: SweptOptions): Promise<ScenarioHandle<ScenarioResult>>;
  /** Starts another run at the same time, on another cluster that shares everything else. */
  beside?(place: ScenarioPlace): Promise<ScenarioHandle<ScenarioResult>>;
  /** Runs before the scenario is started again. */
  meanwhile?(place: ScenarioPlace): Promise<void>;
  /** Makes the scenario fail late, so that its undo is swept. A retry of the failed step may yet end verified. */
  failsOf?: FaultRule & { method: string; path: string };
  /** Whether what a failed run has done is not taken back: it is then started again, and has to end verified. */
  forwardOnly?: true;
  /** Whether it only looks. */
  looksOnly?: true;
  /** Whether another means makes up for one that is refused: a pool may then be made anew. */
  climbs?: true;
  /** Whether the cluster is isolated once the run is verified. */
  isolates?: true;
}

/** Name of the other cluster where two runs meet. */
export const besideOf = (name: string): string => `${name}beside`;

export const clusterOf = ({ name }: ScenarioPlace): ClusterReference => ({
  subscriptionId,
  resourceGroup: `rg-${name}`,
  name,
});
const pools: Pools = { system: { mode: 'System', count: 1 }, work: { mode: 'User', count: 1 } };
const registry = { mode: 'bringYourOwn' } as const;
const everything = [
  'privateEndpoint',
  'privateDnsZone',
  'registry',
  'virtualNetwork',
  'identities',
  'resourceGroup',
] as const;

const existing =
  (more: Partial<FoundCluster> = {}) =>
  (place: ScenarioPlace) =>
    createExistingCluster(place.azure.simulator, { cluster: clusterOf(place), pools, ...more });

const createOwn = ({ client, name }: ScenarioPlace, options?: SweptOptions) =>
  client.createCluster(input(name, { registry, apiServerAccess: 'vnetIntegration', ...options }));

/** One of two clusters that share group, network, registry, endpoint and zone. */
const createSharing = ({ client, name }: ScenarioPlace, cluster: string) => {
  const given = input(cluster, { registry: { ...registry, name: `${name}shared` }, network: { name: 'shared-vnet' } });
  return client.createCluster({ ...given, cluster: { ...given.cluster, resourceGroup: `rg-${name}` } });
};

const clusterFails = {
  method: 'PUT',
  path: '/managedClusters/[^/]+$',
  operation: { status: 'Failed', code: 'QuotaExceeded', message: 'Not enough cores' },
} as const;
const lastPoolFails = {
  method: 'POST',
  path: '/agentPools/system/upgradeNodeImageVersion$',
  answer: { status: 400, code: 'InvalidParameter', message: 'No.' },
} as const;

/** Every scenario, and its ways, each of which succeeds undisturbed. */
export const successfulScenarios = {
  'create-managed': {
    prepare: async () => undefined,
    start: ({ client, name }, options) => client.createCluster(input(name, options)),
    isolates: true,
  },
  'create-byo': { prepare: async () => undefined, start: createOwn, isolates: true },
  'isolate-managed': {
    prepare: existing(),
    start: (place, options) =>
      place.client.isolateCluster({ cluster: clusterOf(place), registry: { mode: 'managed' }, ...options }),
    isolates: true,
  },
  'isolate-byo': {
    prepare: existing({ ownNetwork: true }),
    start: (place, options) => place.client.isolateCluster({ cluster: clusterOf(place), registry, ...options }),
    isolates: true,
  },
  'change-registry': {
    prepare: existing({ isolated: true, ownNetwork: true }),
    start: (place, options) => place.client.changeRegistry({ cluster: clusterOf(place), registry, ...options }),
    isolates: true,
  },
  disable: {
    prepare: existing({ isolated: true }),
    start: (place, options) => place.client.disableIsolation({ cluster: clusterOf(place), ...options }),
  },
  reimage: {
    async prepare(place) {
      await existing()(place);
      await newNodeImage(place);
    },
    // Nodes that have the latest image are not reimaged.
    meanwhile: newNodeImage,
    start: (place, options) =>
      place.client.reimageNodePools({ cluster: clusterOf(place), reimage: { maxParallelPools: 2 }, ...options }),
  },
  audit: {
    prepare: existing({ isolated: true }),
    start: (place) => place.client.auditCluster({ cluster: clusterOf(place) }),
    looksOnly: true,
  },
  delete: {
    prepare: existing({ isolated: true }),
    start: (place, options) => place.client.deleteCluster({ cluster: clusterOf(place), ...options }),
    forwardOnly: true,
  },
  'delete-byo': {
    async prepare(place) {
      await (await createOwn(place)).result();
    },
    start: (place, options) =>
      place.client.deleteCluster({ cluster: clusterOf(place), alsoDelete: [...everything], ...options }),
    forwardOnly: true,
  },
} satisfies Record<string, SweptScenario>;

/** The same, and those that fail late. */
export const sweptScenarios = {
  ...successfulScenarios,
  'undo-create-byo': { ...successfulScenarios['create-byo'], failsOf: clusterFails },
  'undo-isolate-managed': { ...successfulScenarios['isolate-managed'], failsOf: { ...clusterFails, after: 1 } },
  'undo-isolate-byo': { ...successfulScenarios['isolate-byo'], failsOf: { ...clusterFails, after: 1 } },
  'undo-change-registry': { ...successfulScenarios['change-registry'], failsOf: lastPoolFails },
  together: {
    prepare: async () => undefined,
    start: (place) => createSharing(place, place.name),
    beside: (place) => createSharing(place, besideOf(place.name)),
  },
  /** AKS leaves the nodes as they are, so that the pool is made anew behind a copy. */
  replace: {
    prepare: existing(),
    start: (place, options) =>
      place.client.reimageNodePools({
        cluster: clusterOf(place),
        agentPools: ['work'],
        reimage: { whenNotReimaged: 'temporaryPool' },
        ...options,
      }),
  },
  /** AKS leaves the nodes as they are until a setting of the pool is changed, which is put back. */
  climb: {
    prepare: existing(),
    start: (place, options) =>
      place.client.reimageNodePools({ cluster: clusterOf(place), agentPools: ['work'], ...options }),
    climbs: true,
  },
  /** The same for a whole isolation and for its way back, where AKS leaves every pool that has the newest image as it is. */
  'undo-climb': {
    ...successfulScenarios['isolate-managed'],
    async prepare(place) {
      await existing()(place);
      await place.azure.send('PUT', '/simulator/azure', { reimageOnNewestImage: 'ignored' });
    },
    failsOf: { ...clusterFails, after: 1 },
    climbs: true,
  },
  'undo-disable': { ...successfulScenarios.disable, failsOf: lastPoolFails },
} satisfies Record<string, SweptScenario>;

export type SweptName = keyof typeof sweptScenarios;
