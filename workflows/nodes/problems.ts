import type { Problem } from '../../contract/problem.ts';
import type { AgentPoolFacts } from '../../resources/agentPools.ts';
import { listedInShort } from '../../resources/entries.ts';
import { agentPoolId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { KubernetesFacts, Look, NodeFacts } from '../../resources/nodes.ts';

/** Nodes that are in no agent pool, and so neither reimaged nor asked. */
export const nodesOutsidePools = (
  { agentPoolProfiles }: { agentPoolProfiles: readonly AgentPoolFacts[] },
  nodes: readonly NodeFacts[],
): NodeFacts[] => nodes.filter(({ pool }) => !agentPoolProfiles.some(({ name }) => name === pool));

/** Findings about nodes before the first write that would leave isolation unproven once egress is cut. */
export function nodeProblems(cluster: ClusterFacts, kubernetes: Look<KubernetesFacts> | undefined): Problem[] {
  if (!kubernetes || 'unseen' in kubernetes) return [];
  const { nodes } = kubernetes.seen;
  return [...outsideProblems(cluster, nodes), ...deallocatedProblems(cluster, nodes)];
}

function outsideProblems(cluster: ClusterFacts, nodes: readonly NodeFacts[]): Problem[] {
  const outside = nodesOutsidePools(cluster, nodes).map(({ name }) => name);
  if (outside.length === 0) return [];
  return [
    {
      where: cluster.id,
      problem: `nodes are in no agent pool, so that nothing could be proven of them: ${listedInShort(outside)}`,
      whatToDo:
        'Remove them first: virtual nodes with their add-on, those of node auto provisioning with their NodePool, those of others with what made them.',
    },
  ];
}

/**
 * A deallocated node stays registered, and starts with the disk that it has. Source: AKS docs, "Use Scale-down Mode"
 * (scale-down-mode.md, 2026-11-27); Azure/AKS#4313.
 */
const deallocatedProblems = ({ id, agentPoolProfiles }: ClusterFacts, nodes: readonly NodeFacts[]): Problem[] =>
  agentPoolProfiles.flatMap(({ name, count, keepsMachines }) => {
    const ofPool = nodes.filter(({ pool }) => pool === name);
    const idle = ofPool.filter(({ ready }) => !ready).length;
    if (!keepsMachines || idle === 0 || ofPool.length <= count) return [];
    return [
      {
        where: agentPoolId(id, name),
        problem: `${idle} of its ${ofPool.length} nodes are not ready, and it keeps machines that are scaled down (scaleDownMode Deallocate): these start with the disks that they have`,
        whatToDo: 'Have AKS delete them first (`az aks nodepool update --scale-down-mode Delete`).',
      },
    ];
  });
