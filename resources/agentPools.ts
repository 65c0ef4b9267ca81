import type { ClusterReference } from './ids.ts';
import { carriesMarks, type Marks } from './marks.ts';
import type { PoolEvidence } from './nodes.ts';

/** Azure compares names without case. */
export const isWindows = (osType: string): boolean => /^windows$/i.test(osType);

/** Whether Azure's words for a refusal to reimage a pool say that there is nothing to do. They are in no document. */
export const saysNothingToDo = (words: string): boolean =>
  /already|latest|newest|up.?to.?date|nothing|no.?(newer|upgrade|update|change)|not.?(needed|necessary|required|modified)/i.test(
    words,
  );

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
  /** Whether scaling down deallocates its machines, which stay with their disks (`scaleDownMode: Deallocate`). Left out where it does not. */
  keepsMachines?: true;
  /** `VirtualMachineScaleSets`, `VirtualMachines` or `AvailabilitySet`. Left out by version 0.1. */
  type?: string;
  /** How many machines of each size a pool of virtual machines has; its `vmSize` is empty. */
  virtualMachines?: { size: string; count: number }[];
  /** Left out where it carries none, as the pools of a cluster's owner do. */
  marks?: Marks;
  /** Name of the pool whose temporary copy it is. */
  copyOf?: string;
  /** The subnet of its pods, where they have one of their own. */
  podSubnetId?: string;
  /** Number or percentage of nodes that an upgrade adds. Azure's default: 10 %. */
  maxSurge?: string;
  /** The patch of Kubernetes that its nodes run. Left out by version 0.1, as are the next two. */
  currentOrchestratorVersion?: string;
  /** Left out where it has none. */
  localDNSMode?: string;
  /** The mode that it had before an earlier run changed it and did not put it back; `null`: none. */
  formerLocalDNSMode?: string | null;
  /** The surge that an earlier run has raised and not put back. */
  formerMaxSurge?: FormerSurge;
}

/** A surge that is raised for a while. */
export interface FormerSurge {
  former: string;
  raised: string;
}

/** As a tag has it. */
export const formerSurgeText = ({ former, raised }: FormerSurge): string => `${former} ${raised}`;

/** The surge in such a tag, while the pool has it as a run has left it. */
export function formerSurgeIn(text: string | undefined, maxSurge: string | undefined): FormerSurge | undefined {
  const [, former, raised] = /^(\d+%?) (\d+%?)$/.exec(text ?? '') ?? [];
  return former !== undefined && raised !== undefined && raised === maxSurge ? { former, raised } : undefined;
}

/** A change of a pool for which AKS makes its nodes anew. A property that is left out stays as it is. */
export interface PoolChange {
  /** Azure's `localDNSProfile.mode`; `null`: no profile. */
  localDNSMode?: string | null;
  orchestratorVersion?: string;
  /** Azure's `upgradeSettings.maxSurge`. AKS makes no node anew for it. */
  maxSurge?: string;
  /** Tags to set beside the others; `null`: to take away. */
  tags?: Record<string, string | null>;
}

/**
 * The LocalDNS mode to which a pool can go without any change of its nodes: either installs nothing, and the change has AKS make
 * the nodes anew. Source: AKS docs, localdns-custom.md, "Configure the mode for LocalDNS" (2026-07-06).
 */
export const otherMode = (mode: string | null | undefined): 'Preferred' | 'Disabled' =>
  mode === 'Preferred' ? 'Disabled' : 'Preferred';

/** The temporary copy of a pool that an earlier run has left. */
export interface LeftCopy {
  /** Name of the copy. */
  copy: string;
  /** Name of the pool for which it stands. */
  pool: string;
  /** The pool, unless it was deleted and not made anew. */
  found?: AgentPoolFacts;
}

/** Copies that carry the marks of the workflow. Somebody else's pools carry none. */
export const leftCopies = (pools: readonly AgentPoolFacts[], workflow: Marks): LeftCopy[] =>
  pools.flatMap(({ name, marks = {}, copyOf }) => {
    if (copyOf === undefined || copyOf === name || !carriesMarks(marks, workflow)) return [];
    const found = pools.find((pool) => pool.name === copyOf);
    return [{ copy: name, pool: copyOf, ...(found && { found }) }];
  });

/** Names a pool of a cluster. */
export interface AgentPoolReference {
  cluster: ClusterReference;
  pool: string;
}

/** Outcome of a request to reimage a pool. */
export interface Reimaged {
  /** Whether Azure did nothing: it answered 304 or 204, or refused. */
  notModified: boolean;
  /** Azure's words, unless it answered 304. */
  refused?: string;
  after: PoolEvidence;
}

/** Number of nodes that an upgrade adds. AKS's default maxSurge is 10 %. Source: Learn, "Customize node surge upgrade". */
export const surgeNodes = (nodes: number): number => Math.ceil(nodes / 10);

/** `maxSurge` is a number of nodes, or a percentage that AKS rounds up. Source: the same. */
export function surgeOf(count: number, maxSurge: string | undefined): number {
  if (maxSurge === undefined) return surgeNodes(count);
  const value = Number.parseInt(maxSurge, 10);
  return maxSurge.endsWith('%') ? Math.ceil((count * value) / 100) : value;
}

/** The surge to which a pool is raised; `undefined` where that would not make the rounds of its reimage fewer. */
export function raisedSurge(
  { count, maxSurge = '10%', formerMaxSurge }: AgentPoolFacts,
  wanted: string | undefined,
): FormerSurge | undefined {
  if (wanted === undefined || formerMaxSurge) return undefined;
  const rounds = (surge: string) => Math.ceil(count / Math.max(1, surgeOf(count, surge)));
  return rounds(wanted) < rounds(maxSurge) ? { former: maxSurge, raised: wanted } : undefined;
}
