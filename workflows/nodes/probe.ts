import { patched } from '@temporalio/workflow';
import { type AgentPoolFacts, isWindows } from '../../resources/agentPools.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { entryOf } from '../../resources/entries.ts';
import { type ClusterReference, sameResourceId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { KubernetesFacts, Look, NodeFacts, NodeProbeResult } from '../../resources/nodes.ts';
import { azure } from '../engine/azure.ts';
import { inTurn } from './looks.ts';

/** So many nodes pull at the same time: where none can, kubectl waits for each, and a command is waited for no longer than five minutes. */
const mostTogether = 3;

/** Has the oldest node of each pool pull an image, and say where it boots from. @param isPatient Whether a look that failed is tried again. */
export async function probeOldestNodes(
  { cluster }: { cluster: ClusterReference },
  found: ClusterFacts,
  kubernetes: Look<KubernetesFacts>,
  imageSource: string | undefined,
  isPatient = false,
): Promise<Record<string, Look<NodeProbeResult>>> {
  if ('unseen' in kubernetes) return {};
  const looking = isPatient ? azure.verifying : azure.looking;
  const asked = found.agentPoolProfiles.flatMap(({ name, osType }) => {
    // The pod that pulls runs on Linux.
    if (isWindows(osType)) return [];
    const node = oldestNode(kubernetes.seen.nodes, name)?.name;
    return node === undefined ? [] : [{ name, node }];
  });
  const source = imageSource === undefined ? {} : { imageSource };
  const more = { ...source, ...(isPatient && { isPatient }) };
  if (asked.length > 1 && patched('probes-together')) {
    const groups = Array.from({ length: Math.ceil(asked.length / mostTogether) }, (_, index) =>
      asked.slice(index * mostTogether, (index + 1) * mostTogether),
    );
    const seen = await inTurn(
      groups.map((group) => async () => {
        const nodes = group.map(({ node }) => node);
        return looking(`Have ${nodes.join(', ')} pull an image`).probeNodes({ cluster, nodes, ...more });
      }),
    );
    const byNode = Object.assign({}, ...seen) as Record<string, Look<NodeProbeResult>>;
    return Object.fromEntries(asked.flatMap(({ name, node }) => (byNode[node] ? [[name, byNode[node]]] : [])));
  }
  const probes = await inTurn(
    asked.map(({ name, node }) => async () => {
      return [name, await looking(`Have ${node} pull an image`).probeNode({ cluster, node, ...more })] as const;
    }),
  );
  return Object.fromEntries(probes);
}

/** The node that has been in the pool for longest: if any boots from an old source, it does. */
export const oldestNode = (nodes: readonly NodeFacts[], pool: string): NodeFacts | undefined =>
  nodes.filter((node) => node.pool === pool).sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))[0];

/** Says why a pool's nodes boot from this source already; `undefined` where they do not, or nobody can tell. */
export const bootsFrom =
  ({ probes, kubernetes }: ExistingClusterFacts, source: string) =>
  ({ name }: AgentPoolFacts): string | undefined => {
    // run-command is forbidden: trust the cluster's bootstrapProfile, or each run would reimage all pools.
    if ('unseen' in kubernetes && kubernetes.unseen.because === 'notAllowed') {
      return 'taken to boot as the cluster says: nobody may run a command there';
    }
    if ('seen' in kubernetes && kubernetes.seen.podDenied !== undefined) {
      return 'taken to boot as the cluster says: it admits no pod that could show it';
    }
    const probe = entryOf(probes, name);
    if (!probe || !('seen' in probe)) return undefined;
    const { bootstrapSource, node } = probe.seen;
    return sameResourceId(bootstrapSource, source) ? `node ${node} boots from ${source} already` : undefined;
  };
