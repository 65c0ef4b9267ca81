import { exampleClusters, exampleSubscription } from '../local/exampleClusters.ts';
import type { FoundCluster, SubnetReference } from '../local/existingCluster.ts';

/** One thing that happens in a demo: something that somebody else does in Azure, or a scenario with an example as its input. */
export type Act =
  | { does: string; existing: FoundCluster }
  | { does: string; newNodeImage: true }
  | { does: string; opens: SubnetReference }
  | { scenario: DemoScenario; example: string };

export type DemoScenario =
  | 'createCluster'
  | 'isolateCluster'
  | 'changeRegistry'
  | 'disableIsolation'
  | 'reimageNodePools'
  | 'auditCluster'
  | 'deleteCluster';

const create = (example: string): Act => ({ scenario: 'createCluster', example });
const createManaged = create('create-managed-private-link.json');
const createOwn = create('create-byo-private-link.json');
const newNodeImage: Act = { does: 'Microsoft publishes a new node image', newNodeImage: true };

const openNodeSubnet: Act = {
  does: 'Somebody opens the node subnet for default outbound access',
  opens: {
    subscriptionId: exampleSubscription,
    resourceGroup: 'isolated-byo',
    virtualNetwork: 'private-link-vnet',
    subnet: 'aks-subnet',
    addressPrefix: '192.168.1.0/24',
  },
};

/** The acts of `npm run demo -- --scenario NAME`, by name. */
export const demos = {
  'managed-private-link': [createManaged],
  'managed-vnet-integration': [create('create-managed-vnet-integration.json')],
  'byo-private-link': [createOwn],
  'byo-vnet-integration': [create('create-byo-vnet-integration.json')],
  'isolate-managed': [
    { does: 'Somebody has an ordinary cluster', existing: exampleClusters.ordinary },
    { scenario: 'isolateCluster', example: 'isolate-managed.json' },
  ],
  'isolate-byo': [
    {
      does: 'Somebody has an ordinary cluster in a network of their own',
      existing: exampleClusters.ownNetwork,
    },
    { scenario: 'isolateCluster', example: 'isolate-byo.json' },
  ],
  'change-registry': [createOwn, { scenario: 'changeRegistry', example: 'change-registry.json' }],
  disable: [createManaged, { scenario: 'disableIsolation', example: 'disable.json' }],
  reimage: [
    {
      does: 'Somebody has a cluster with eight node pools',
      existing: exampleClusters.manyPools,
    },
    newNodeImage,
    { scenario: 'reimageNodePools', example: 'reimage.json' },
    newNodeImage,
    { scenario: 'reimageNodePools', example: 'reimage-one-by-one.json' },
  ],
  audit: [
    createOwn,
    { scenario: 'auditCluster', example: 'audit-byo.json' },
    openNodeSubnet,
    { scenario: 'auditCluster', example: 'audit-byo.json' },
  ],
  lifecycle: [
    createOwn,
    { scenario: 'auditCluster', example: 'audit-byo.json' },
    { scenario: 'changeRegistry', example: 'change-registry.json' },
    { scenario: 'disableIsolation', example: 'disable-byo.json' },
    { scenario: 'auditCluster', example: 'audit-byo.json' },
    { scenario: 'deleteCluster', example: 'delete-byo.json' },
  ],
} as const satisfies Record<string, readonly Act[]>;

export type Demo = keyof typeof demos;
