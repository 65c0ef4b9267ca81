import type { ScenarioRun } from '../../client/index.ts';
import type { ClusterReference, ScenarioResult } from '../../contract/index.ts';
import { createExistingCluster, type ExistingCluster, type Pools } from '../../scripts/existing-cluster.ts';
import { type Harness, input, subscriptionId } from '../support/harness.ts';
import { newNodeImage } from '../workflows/living.ts';

/** A simulated Azure and a worker, used for one case after the other. */
export interface Slot extends Harness {
  /** Of its cluster: slots share the Temporal server, where the cluster is the lock. */
  name: string;
}

/** A scenario in a fresh world of its own. */
export interface SweptScenario {
  /** What somebody has made before. */
  prepare(slot: Slot): Promise<void>;
  start(slot: Slot): Promise<ScenarioRun<ScenarioResult>>;
  /** What happens before it is started again. */
  meanwhile?(slot: Slot): Promise<void>;
  /** Whether what a failed run has done is not taken back: it is then started again, and has to end verified. */
  forwardOnly?: true;
}

const clusterOf = ({ name }: Slot): ClusterReference => ({ subscriptionId, resourceGroup: `rg-${name}`, name });
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
  (more: Partial<ExistingCluster> = {}) =>
  (slot: Slot) =>
    createExistingCluster(slot.azure.simulator, { cluster: clusterOf(slot), pools, ...more });

const createOwn = ({ client, name }: Slot) =>
  client.createCluster(input(name, { registry, apiServerAccess: 'vnetIntegration' }));

export const sweptScenarios = {
  'create-managed': { prepare: async () => undefined, start: ({ client, name }) => client.createCluster(input(name)) },
  'create-byo': { prepare: async () => undefined, start: createOwn },
  'isolate-managed': {
    prepare: existing(),
    start: (slot) => slot.client.isolateCluster({ cluster: clusterOf(slot), registry: { mode: 'managed' } }),
  },
  'isolate-byo': {
    prepare: existing({ ownNetwork: true }),
    start: (slot) => slot.client.isolateCluster({ cluster: clusterOf(slot), registry }),
  },
  'change-registry': {
    prepare: existing({ isolated: true, ownNetwork: true }),
    start: (slot) => slot.client.changeRegistry({ cluster: clusterOf(slot), registry }),
  },
  disable: {
    prepare: existing({ isolated: true }),
    start: (slot) => slot.client.disableIsolation({ cluster: clusterOf(slot) }),
  },
  reimage: {
    async prepare(slot) {
      await existing()(slot);
      await newNodeImage(slot);
    },
    // Nodes that have the latest image are not reimaged.
    meanwhile: newNodeImage,
    start: (slot) => slot.client.reimageNodePools({ cluster: clusterOf(slot), reimage: { maxParallelPools: 2 } }),
  },
  audit: {
    prepare: existing({ isolated: true }),
    start: (slot) => slot.client.auditCluster({ cluster: clusterOf(slot) }),
  },
  delete: {
    prepare: existing({ isolated: true }),
    start: (slot) => slot.client.deleteCluster({ cluster: clusterOf(slot) }),
    forwardOnly: true,
  },
  'delete-byo': {
    async prepare(slot) {
      await (await createOwn(slot)).result();
    },
    start: (slot) => slot.client.deleteCluster({ cluster: clusterOf(slot), alsoDelete: [...everything] }),
    forwardOnly: true,
  },
} satisfies Record<string, SweptScenario>;

export type SweptName = keyof typeof sweptScenarios;
