/** How to deal with operations that somebody else has begun. */
export interface BusyPolicy {
  /** Bound on the wait. */
  minutes: number;
  /** Whether to abort them at once. */
  abort: boolean;
}

const recorded = 'recorded 2025-03-22, azure-cli 2.70.0, test_aks_network_isolated_cluster.yaml, eastus2euap';

/**
 * Kinds of Azure's long-running operations, and of commands inside a cluster. Those of a kind take about as long, and the shortest
 * recorded is the usual time; none where it depends on the nodes, or where nobody has recorded it.
 */
export const operationKinds = {
  createCluster: { usualSeconds: 411, source: recorded },
  createClusterWithManagedRegistry: { usualSeconds: 569, source: recorded },
  updateCluster: { usualSeconds: 217, source: recorded },
  deleteCluster: {},
  reimagePool: {},
  writePool: {},
  deletePool: {},
  writeRegistry: { usualSeconds: 10, source: recorded },
  writeCacheRule: { usualSeconds: 10, source: recorded },
  writeVirtualNetwork: { usualSeconds: 10, source: recorded },
  writeSubnet: { usualSeconds: 10, source: recorded },
  writePrivateEndpoint: { usualSeconds: 60, source: recorded },
  writePrivateDns: { usualSeconds: 30, source: recorded },
  command: { usualSeconds: 6, source: 'modelled' },
  other: {},
} as const satisfies Record<string, { usualSeconds?: number; source?: string }>;

export type OperationKind = keyof typeof operationKinds;

const writes: Readonly<Record<string, OperationKind>> = {
  'microsoft.containerservice/managedclusters': 'updateCluster',
  'microsoft.containerservice/managedclusters/agentpools': 'writePool',
  'microsoft.containerregistry/registries': 'writeRegistry',
  'microsoft.containerregistry/registries/cacherules': 'writeCacheRule',
  'microsoft.network/virtualnetworks': 'writeVirtualNetwork',
  'microsoft.network/virtualnetworks/subnets': 'writeSubnet',
  'microsoft.network/privateendpoints': 'writePrivateEndpoint',
  'microsoft.network/privatednszones': 'writePrivateDns',
  'microsoft.network/privatednszones/virtualnetworklinks': 'writePrivateDns',
};

const deletions: Readonly<Record<string, OperationKind>> = {
  'microsoft.containerservice/managedclusters': 'deleteCluster',
  'microsoft.containerservice/managedclusters/agentpools': 'deletePool',
};

/** The kind of a write of a resource of this type, or of its deletion. */
export const kindOfWrite = (type: string): OperationKind => writes[type.toLowerCase()] ?? 'other';
export const kindOfDeletion = (type: string): OperationKind => deletions[type.toLowerCase()] ?? 'other';
