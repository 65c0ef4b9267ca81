import type { ClusterReference } from './ids.ts';

/** A node as Kubernetes shows it. */
export interface NodeFacts {
  name: string;
  pool: string;
  /** New at every boot, so that it tells a reboot as well. */
  bootId: string;
  /**
   * New on every new disk: node images come without one, and the first boot makes it (Azure/AgentBaker,
   * vhdbuilder/packer/cleanup-vhd.sh, read 2026-11-26). Left out where the node does not say it.
   */
  machineId?: string;
  /** When it joined the cluster, as Kubernetes spells it. */
  createdAt: string;
  ready: boolean;
}

/** A disruption budget that covers pods. */
export interface DisruptionBudgetFacts {
  namespace: string;
  name: string;
  disruptionsAllowed: number;
  expectedPods: number;
  /** Names of the nodes of its pods. Left out where it allows a disruption, or where nobody could look. */
  nodes?: string[];
  /** Names of the pools that these nodes are of, of every budget. Left out where nobody could look, and by version 0.1. */
  pools?: string[];
}

/** Whether none of a budget's pods may be evicted now. */
export const allowsNoDisruption = ({ disruptionsAllowed, expectedPods }: DisruptionBudgetFacts): boolean =>
  disruptionsAllowed === 0 && expectedPods > 0;

/** Nodes and disruption budgets, seen by way of run-command. */
export interface KubernetesFacts {
  nodes: NodeFacts[];
  disruptionBudgets: DisruptionBudgetFacts[];
  /** Pods of earlier looks, as namespace/name, that could not be removed. Left out where there are none. */
  leftPods?: string[];
  /** Who does not admit the pods with which nodes show that they pull, and why. Left out where they are admitted. */
  podDenied?: string;
}

/**
 * Result of a run-command: what it showed, or why it could not run. A look that was forbidden or that failed is never taken for
 * what a cluster says about itself.
 */
export type Look<T> = { seen: T } | { unseen: Unseen };

export interface Unseen {
  /**
   * `notAllowed`: the cluster or Azure forbids run-command. `podDenied`: the cluster does not admit the pod of the look. `failed`: it was
   * tried in vain, which tells against the cluster.
   */
  because: 'notAllowed' | 'podDenied' | 'failed';
  message: string;
}

/** State of a pool. Two of them, from before and after, tell whether the pool has been reimaged. */
export interface PoolEvidence {
  provisioningState: string;
  nodeImageVersion: string;
  /** The number of nodes that AKS counts. Left out by version 0.1, as is the next. */
  count?: number;
  enableAutoScaling?: boolean;
  /** Left out where run-command shows nothing. */
  nodes?: NodeFacts[];
  /** Why it shows nothing. Left out by version 0.1. */
  unseen?: Unseen;
}

/** State of a pool, with its nodes among those that Kubernetes shows. */
export function poolEvidence(
  pool: string,
  found: {
    provisioningState?: string;
    nodeImageVersion?: string;
    count?: number | null;
    enableAutoScaling?: boolean | null;
  },
  kubernetes: Look<KubernetesFacts>,
): PoolEvidence {
  const { provisioningState = 'Unknown', nodeImageVersion = 'Unknown', count, enableAutoScaling } = found;
  return {
    provisioningState,
    nodeImageVersion,
    ...(typeof count === 'number' && { count }),
    ...(typeof enableAutoScaling === 'boolean' && { enableAutoScaling }),
    ...('seen' in kubernetes
      ? { nodes: kubernetes.seen.nodes.filter((node) => node.pool === pool) }
      : { unseen: kubernetes.unseen }),
  };
}

/**
 * How a pool is known to be reimaged. `nodes`: its nodes have another disk than before. `bootstrapSource`: its oldest node boots
 * from the wanted source, where nodes that got no images could not be seen before. `nodeImageVersion`: AKS names a newer image for
 * the pool, and no node could be looked at. `madeAnew`: the pool was deleted and made again, and no node could be looked at.
 */
export type EvidenceKind = 'nodes' | 'bootstrapSource' | 'nodeImageVersion' | 'madeAnew';

/** Whether one node has been replaced or reimaged. */
export interface NodeProof {
  name: string;
  /** Boot ID before. Left out: there was no node of this name. */
  before?: string;
  /** Boot ID now. */
  after: string;
  reimaged: boolean;
}

/** Whether a pool's nodes have been replaced or reimaged, and how that is known. */
export interface PoolProof {
  pool: string;
  evidence: EvidenceKind;
  reimaged: boolean;
  /** Empty with another evidence than `nodes`. */
  nodes: NodeProof[];
  /** For people. */
  seen: string;
  /** Why its nodes could not be looked at. */
  unseen?: Unseen;
}

/**
 * Whether both are the same machine with the same disk. A reboot changes neither the machine ID nor when the node joined; a
 * deleted node object joins anew without a new disk.
 */
export function isSameDisk(one: NodeFacts, other: NodeFacts): boolean {
  if (one.name !== other.name) return false;
  if (one.machineId !== undefined && other.machineId !== undefined) return one.machineId === other.machineId;
  return one.bootId === other.bootId || one.createdAt === other.createdAt;
}

/**
 * Compares what a pool showed before with what it shows now. An equal `nodeImageVersion` proves nothing, a new one proves that
 * AKS has rolled the pool (Azure/azure-cli-extensions#5989).
 */
export function proofOf(pool: string, before: PoolEvidence, after: PoolEvidence): PoolProof {
  if (before.nodes && after.nodes) return proofByNodes(pool, before.nodes, after.nodes, after);
  // A node that an autoscaler adds boots as the cluster says then, whatever could not be seen before.
  if (after.nodes?.length === 0 && after.count === 0) {
    return { pool, evidence: 'nodes', reimaged: true, nodes: [], seen: 'no nodes' };
  }
  const unseen = after.unseen ?? before.unseen;
  // The command of a look runs on a node of any pool. Where it fails, an empty pool is as empty as AKS says.
  if (unseen && after.count === 0 && !after.enableAutoScaling) {
    return { pool, evidence: 'nodes', reimaged: true, nodes: [], seen: 'no nodes, as AKS counts' };
  }
  // A look that failed says nothing, so that another evidence does not count either.
  if (after.unseen?.because === 'failed') {
    const seen = `its nodes could not be looked at: ${after.unseen.message}`;
    return { pool, evidence: 'nodes', reimaged: false, nodes: [], seen, unseen: after.unseen };
  }
  const [then, now] = [before.nodeImageVersion, after.nodeImageVersion];
  const reimaged = then !== now;
  const seen = reimaged ? `node image ${now} in place of ${then}` : `node image ${now}, as before`;
  return { pool, evidence: 'nodeImageVersion', reimaged, nodes: [], seen, ...(unseen && { unseen }) };
}

function proofByNodes(
  pool: string,
  before: readonly NodeFacts[],
  after: readonly NodeFacts[],
  counted: Pick<PoolEvidence, 'count' | 'enableAutoScaling'>,
): PoolProof {
  const nodes = after.map((node): NodeProof => {
    const then = before.find(({ name }) => name === node.name);
    return {
      name: node.name,
      ...(then && { before: then.bootId }),
      after: node.bootId,
      reimaged: then === undefined || !isSameDisk(then, node),
    };
  });
  const done = nodes.filter(({ reimaged }) => reimaged).length;
  const { count = nodes.length } = counted;
  const has = nodes.length === 0 ? 'no nodes' : `${done} of ${nodes.length} nodes have a new disk`;
  // AKS does not count the machines of some pools. One that had nodes and shows none has not shown new ones.
  const known = counted.count ?? Math.min(1, before.length);
  // An autoscaler adds nodes that have not joined yet.
  const least = counted.enableAutoScaling ? Math.min(1, known) : known;
  return {
    pool,
    evidence: 'nodes',
    reimaged: done === nodes.length && nodes.length >= least,
    nodes,
    seen: count === nodes.length ? has : `${has}; AKS counts ${count}, and ${nodes.length} were seen`,
  };
}

/** The result of one means to have a pool's nodes made anew. */
export interface TriedMeans {
  by: 'upgradeNodeImageVersion' | 'localDNS' | 'patchUpgrade' | 'temporaryPool';
  reimaged: boolean;
  evidence: EvidenceKind;
  /** For people: the nodes afterwards, or why Azure did nothing. */
  seen: string;
}

/** Outcome of the reimage of one pool. */
export interface PoolReimage extends PoolProof {
  /**
   * `byAzure`: AKS reimages by itself from Kubernetes 1.37 on. `settingChanged`: by a change of its LocalDNS mode, which was put
   * back. `upgraded`: to another patch of Kubernetes. `replaced`: made anew while a temporary pool took the load.
   */
  how: 'reimaged' | 'byAzure' | 'settingChanged' | 'upgraded' | 'replaced' | 'notReimaged';
  /** Whether Azure did nothing: it answered 304 or 204, or refused. */
  notModified: boolean;
  /** Azure's words, unless it answered 304. */
  refused?: string;
  /** Everything that was tried, in this order. Left out where the reimage was enough, or the input wants nothing else. */
  tried?: readonly TriedMeans[];
}

/** A node that is to pull an image, and to show where it boots from. */
export interface NodeProbe {
  cluster: ClusterReference;
  /** Name of the node. */
  node: string;
  /** Host and path of Microsoft's images in a registry. Left out: Microsoft's own registry. */
  imageSource?: string;
  /** Whether a look that failed is tried again for some minutes. */
  isPatient?: boolean;
}

/** Nodes that are to do so at the same time. */
export interface NodesProbe extends Omit<NodeProbe, 'node'> {
  nodes: readonly string[];
}

/** Result of a pod on the node. */
export interface NodeProbeResult {
  node: string;
  /** The image that was to be pulled. */
  image: string;
  pulled: boolean;
  /** Host and path from which the node gets Microsoft's images; `Direct`: from Microsoft. Left out: the pod did not run. */
  bootstrapSource?: string;
  message: string;
}
