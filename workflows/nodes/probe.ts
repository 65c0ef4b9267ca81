import { type AgentPoolFacts, isWindows } from '../../resources/agentPools.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { entryOf } from '../../resources/entries.ts';
import { type ClusterReference, sameResourceId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { KubernetesFacts, Look, NodeFacts, NodeProbeResult } from '../../resources/nodes.ts';
import { azure } from '../engine/azure.ts';
import { inTurn } from './looks.ts';

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
  const probes = await inTurn(
    asked.map(({ name, node }) => async () => {
      const probe = { cluster, node, ...source, ...(isPatient && { isPatient }) };
      return [name, await looking(`Have ${node} pull an image`).probeNode(probe)] as const;
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
