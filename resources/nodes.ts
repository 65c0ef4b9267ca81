import type { ClusterReference } from './ids.ts';

/** A node as Kubernetes shows it. */
export interface NodeFacts {
  name: string;
  pool: string;
  /** New at every boot. */
  bootId: string;
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
}

/** Nodes and disruption budgets, seen by way of run-command. */
export interface KubernetesFacts {
  nodes: NodeFacts[];
  disruptionBudgets: DisruptionBudgetFacts[];
}

/** Result of a run-command: what it showed, or why it could not run. */
export type Look<T> = { seen: T } | { unseen: Unseen };

export interface Unseen {
  /** `notAllowed`: the cluster or Azure forbids run-command. `failed`: run-command was tried in vain, which tells against the cluster. */
  because: 'notAllowed' | 'failed';
  message: string;
}

/** State of a pool. Two of them, from before and after, tell whether the pool has been reimaged. */
export interface PoolEvidence {
  provisioningState: string;
  nodeImageVersion: string;
  /** Left out where run-command shows nothing. */
  nodes?: NodeFacts[];
}

/** State of a pool, with its nodes among those that Kubernetes shows. */
export function poolEvidence(
  pool: string,
  { provisioningState = 'Unknown', nodeImageVersion = 'Unknown' }: Partial<Omit<PoolEvidence, 'nodes'>>,
  kubernetes: Look<KubernetesFacts>,
): PoolEvidence {
  const nodes = 'seen' in kubernetes ? kubernetes.seen.nodes.filter((node) => node.pool === pool) : undefined;
  return { provisioningState, nodeImageVersion, ...(nodes && { nodes }) };
}

/**
 * How a pool is known to be reimaged. `nodes`: its nodes have booted since. `bootstrapSource`: its oldest node boots from the
 * wanted source, where nodes that got no images could not be seen before. `nodeImageVersion`: only its image is a newer one.
 */
export type EvidenceKind = 'nodes' | 'bootstrapSource' | 'nodeImageVersion';

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
}

/**
 * Compares what a pool showed before with what it shows now. A node is another one if it has booted since; an equal
 * `nodeImageVersion` proves nothing, a new one proves that AKS has rolled the pool (Azure/azure-cli-extensions#5989).
 */
export function proofOf(pool: string, before: PoolEvidence, after: PoolEvidence): PoolProof {
  if (before.nodes && after.nodes) {
    const known = new Set(before.nodes.map(({ bootId }) => bootId));
    const nodes = after.nodes.map(({ name, bootId }): NodeProof => {
      const then = before.nodes?.find((node) => node.name === name)?.bootId;
      return { name, ...(then !== undefined && { before: then }), after: bootId, reimaged: !known.has(bootId) };
    });
    const done = nodes.filter(({ reimaged }) => reimaged).length;
    const seen = nodes.length === 0 ? 'no nodes' : `${done} of ${nodes.length} nodes have booted since`;
    return { pool, evidence: 'nodes', reimaged: done === nodes.length, nodes, seen };
  }
  const [then, now] = [before.nodeImageVersion, after.nodeImageVersion];
  const reimaged = then !== now;
  const seen = reimaged ? `node image ${now} in place of ${then}` : `node image ${now}, as before`;
  return { pool, evidence: 'nodeImageVersion', reimaged, nodes: [], seen };
}

/** Outcome of the reimage of one pool. */
export interface PoolReimage extends PoolProof {
  /** `byAzure`: AKS reimages by itself from Kubernetes 1.37 on. `replaced`: made anew while a temporary pool took the load. */
  how: 'reimaged' | 'byAzure' | 'replaced' | 'notReimaged';
  /** Whether Azure answered 304: nothing to do. */
  notModified: boolean;
}

/** A node that is to pull an image, and to show where it boots from. */
export interface NodeProbe {
  cluster: ClusterReference;
  /** Name of the node. */
  node: string;
  /** Host and path of Microsoft's images in a registry. Left out: Microsoft's own registry. */
  imageSource?: string;
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
