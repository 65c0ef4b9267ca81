import type { Check } from '../../contract/result.ts';
import { entryOf } from '../../resources/entries.ts';
import { agentPoolId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { EvidenceKind, KubernetesFacts, Look, NodeProbeResult, PoolReimage } from '../../resources/nodes.ts';
import { check } from '../engine/check.ts';

/** Checks where the nodes of each pool boot from, and whether they pull their images from there. */
export function nodeChecks(
  { id, agentPoolProfiles }: ClusterFacts,
  kubernetes: Look<KubernetesFacts>,
  probes: Readonly<Record<string, Look<NodeProbeResult>>>,
  source: string,
): Check[] {
  const linux = agentPoolProfiles.filter(({ osType }) => osType !== 'Windows');
  return linux.flatMap(({ name }): Check[] => {
    const poolId = agentPoolId(id, name);
    const boots = (seen: unknown) => check(`boots:${name}`, `Nodes of ${name} boot from`, poolId, source, seen);
    const pulls = (seen: unknown) => check(`pulls:${name}`, `A node of ${name} pulls an image`, poolId, 'pulled', seen);
    const probe: Look<NodeProbeResult> | undefined = 'unseen' in kubernetes ? kubernetes : entryOf(probes, name);
    if (probe === undefined) return []; // A pool without nodes.
    if ('unseen' in probe) {
      const { because, message } = probe.unseen;
      // A probe that failed says something about the cluster. One that is not allowed says nothing.
      const unseen = because === 'notAllowed' ? { unproven: message } : { evidence: message };
      return [boots(undefined), pulls(because === 'failed' ? message : undefined)].map((each) => ({
        ...each,
        ...unseen,
      }));
    }
    const { node, pulled, bootstrapSource, message } = probe.seen;
    return [
      { ...boots(bootstrapSource), evidence: `containerd's configuration on ${node}` },
      { ...pulls(pulled ? 'pulled' : message), evidence: `a pod on ${node}` },
    ];
  });
}

const evidenceTitles: Readonly<Record<EvidenceKind, string>> = {
  nodes: 'boot IDs of the nodes',
  bootstrapSource: "containerd's configuration on the oldest node",
  nodeImageVersion: 'node image of the pool',
};

/** Checks that each planned pool was reimaged, and says how that is known. */
export const reimageChecks = ({ id }: ClusterFacts, reimages: Iterable<PoolReimage>): Check[] =>
  [...reimages].map(({ pool, seen, reimaged, evidence, how }) => ({
    ...check(`reimage:${pool}`, `Node pool ${pool} was reimaged`, agentPoolId(id, pool), true, reimaged),
    seen: how === 'byAzure' ? `${seen}, by AKS itself` : seen,
    evidence: evidenceTitles[evidence],
  }));
