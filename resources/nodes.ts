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

/** What the run-command API shows of the inside of a cluster. */
export interface KubernetesFacts {
  nodes: NodeFacts[];
  disruptionBudgets: DisruptionBudgetFacts[];
}

/** Something that was looked at from inside the cluster, or why it could not be. */
export type Look<T> = { seen: T } | { unseen: Unseen };

export interface Unseen {
  /** `notAllowed`: the cluster or Azure forbids run-command. `failed`: it was tried in vain, which says something about the cluster. */
  because: 'notAllowed' | 'failed';
  message: string;
}

/** What tells whether a pool has been reimaged, looked at before and after. */
export interface PoolEvidence {
  provisioningState: string;
  nodeImageVersion: string;
  /** Left out where the inside of the cluster cannot be looked at. */
  nodes?: NodeFacts[];
}

/** What a pool shows, with what Kubernetes shows of its nodes. */
export function poolEvidence(
  pool: string,
  { provisioningState = 'Unknown', nodeImageVersion = 'Unknown' }: Partial<Omit<PoolEvidence, 'nodes'>>,
  kubernetes: Look<KubernetesFacts>,
): PoolEvidence {
  const nodes = 'seen' in kubernetes ? kubernetes.seen.nodes.filter((node) => node.pool === pool) : undefined;
  return { provisioningState, nodeImageVersion, ...(nodes && { nodes }) };
}

/**
 * How it is known that nodes are other ones: by the boots of the nodes; where they could not be seen before, because they had
 * no way to get an image, by what the oldest of them boots from now; or only by the pool's image.
 */
export type EvidenceKind = 'nodes' | 'bootstrapSource' | 'nodeImageVersion';

export interface NodeProof {
  name: string;
  /** Boot ID before, where a node of this name was there. */
  before?: string;
  after: string;
  reimaged: boolean;
}

/** Whether a pool's nodes have been replaced or reimaged, and how that is known. */
export interface PoolProof {
  pool: string;
  evidence: EvidenceKind;
  reimaged: boolean;
  /** With evidence `nodes` only. */
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

/** What became of one pool in a run. */
export interface PoolReimage extends PoolProof {
  /** `reimaged` by this run, `byAzure` without being asked (Kubernetes 1.37 and later), `replaced` by way of a temporary pool. */
  how: 'reimaged' | 'byAzure' | 'replaced' | 'notReimaged';
  /** Answered with 304: Azure saw nothing to do. */
  notModified: boolean;
}

export interface NodeProbe {
  cluster: ClusterReference;
  /** Name of the node. */
  node: string;
  /** Host of the registry and the path under which it keeps Microsoft's images; left out: Microsoft's own. */
  imageSource?: string;
}

/** What a pod on a node found out. */
export interface NodeProbeResult {
  node: string;
  /** Image that was pulled, or was to be. */
  image: string;
  pulled: boolean;
  /** Where the node gets Microsoft's images from; `Direct`: from Microsoft. Left out where the pod did not run. */
  bootstrapSource?: string;
  message: string;
}
