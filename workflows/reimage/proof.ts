import { type ClusterReference, sameResourceId } from '../../resources/ids.ts';
import type { PoolEvidence, PoolProof } from '../../resources/nodes.ts';
import { azure } from '../engine/azure.ts';
import { oldestNode } from '../nodes/probe.ts';

/** Proves a reimage by what nodes boot from: if the pool's oldest node boots from the new source, all newer ones do. */
export async function proofBySource(
  cluster: ClusterReference,
  pool: string,
  { nodes = [] }: PoolEvidence,
): Promise<Partial<PoolProof>> {
  const node = oldestNode(nodes, pool)?.name;
  if (node === undefined) return {};
  const imageSource = await azure.reading('Read where nodes are to boot from').readImageSource(cluster);
  const probe = await azure
    .operating(`Have ${node} pull an image`)
    .probeNode({ cluster, node, isPatient: true, ...(imageSource !== undefined && { imageSource }) });
  if ('unseen' in probe) return {};
  const { bootstrapSource } = probe.seen;
  const reimaged = sameResourceId(bootstrapSource, imageSource ?? 'Direct');
  return { evidence: 'bootstrapSource', reimaged, seen: `${node}, its oldest node, boots from ${bootstrapSource}` };
}
