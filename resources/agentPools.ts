import type { ClusterReference } from './ids.ts';
import type { PoolEvidence } from './nodes.ts';

/** A node pool as it is to be. Source: Azure REST API, "Managed Clusters", `ManagedClusterAgentPoolProfile`. */
export interface AgentPoolProfile {
  name: string;
  mode: 'System' | 'User';
  /** Number of nodes; the initial one with autoscaling. */
  count: number;
  vmSize: string;
  osSKU?: 'Ubuntu' | 'AzureLinux';
  osDiskSizeGB?: number;
  osDiskType?: 'Managed' | 'Ephemeral';
  maxPods?: number;
  availabilityZones?: string[];
  enableAutoScaling: boolean;
  minCount?: number;
  maxCount?: number;
  nodeLabels?: Record<string, string>;
  nodeTaints?: string[];
}

/** A node pool as Azure shows it with its cluster. */
export interface AgentPoolFacts {
  name: string;
  mode: string;
  count: number;
  vmSize: string;
  provisioningState: string;
  osSKU: string;
  enableAutoScaling: boolean;
  minCount?: number;
  maxCount?: number;
  vnetSubnetId?: string;
  osType: string;
  powerState: string;
  nodeImageVersion: string;
  enableNodePublicIP: boolean;
  /** `VirtualMachineScaleSets`, `VirtualMachines` or `AvailabilitySet`. Left out by version 0.1. */
  type?: string;
  /** How many machines of each size a pool of virtual machines has; its `vmSize` is empty. */
  virtualMachines?: { size: string; count: number }[];
  /** The subnet of its pods, where they have one of their own. */
  podSubnetId?: string;
  /** Number or percentage of nodes that an upgrade adds. Azure's default: 10 %. */
  maxSurge?: string;
}

/** Names a pool of a cluster. */
export interface AgentPoolReference {
  cluster: ClusterReference;
  pool: string;
}

/** Outcome of a request to reimage a pool. */
export interface Reimaged {
  /** Whether Azure answered 304: nothing to do. */
  notModified: boolean;
  after: PoolEvidence;
}

/** Number of nodes that an upgrade adds. AKS's default maxSurge is 10 %. Source: Learn, "Customize node surge upgrade". */
export const surgeNodes = (nodes: number): number => Math.ceil(nodes / 10);
