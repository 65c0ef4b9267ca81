import type { Problem } from '../../contract/problem.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterChange, type ClusterFacts, hasOwnNetwork } from '../../resources/managedClusters.ts';

export const previousOutbound = ({ outboundType, outboundProfile }: ClusterFacts): ClusterChange => ({
  outboundType,
  outboundProfile,
});

const managedMoves: Readonly<Record<string, readonly string[]>> = {
  loadbalancer: ['managedNATGateway', 'none', 'block'],
  managednatgateway: ['none', 'block'],
  none: ['loadBalancer', 'managedNATGateway', 'block'],
  block: ['loadBalancer', 'managedNATGateway', 'none'],
};
const ownTypes = ['loadBalancer', 'userAssignedNATGateway', 'userDefinedRouting', 'none'];

/** To which outbound types a cluster can move. Source: AKS docs egress-outboundtype.md, "Update outboundType after cluster creation". */
function reachableOutboundTypes(cluster: ClusterFacts): readonly string[] {
  if (hasOwnNetwork(cluster)) return ownTypes;
  return managedMoves[cluster.outboundType.toLowerCase()] ?? [];
}

export function outboundProblems({ cluster }: ExistingClusterFacts, outboundType: string): Problem[] {
  if (!cluster || outboundType.toLowerCase() === cluster.outboundType.toLowerCase()) return [];
  const reachable = reachableOutboundTypes(cluster);
  if (reachable.includes(outboundType)) return [];
  const network = hasOwnNetwork(cluster) ? "one's own network" : 'a network that AKS manages';
  return [
    {
      where: 'outboundType',
      problem: `Azure does not change ${cluster.outboundType} to ${outboundType} in ${network}`,
      whatToDo: `Use ${reachable.join(' or ') || 'another cluster'}.`,
    },
  ];
}

/** Why an outbound type cannot be put back, if it cannot. */
function outboundForwardOnly(cluster: ClusterFacts, outboundType: string): string | undefined {
  const after = reachableOutboundTypes({ ...cluster, outboundType });
  const back = after.some((type) => type.toLowerCase() === cluster.outboundType.toLowerCase());
  return back ? undefined : `Azure does not change ${outboundType} back to ${cluster.outboundType}`;
}

/** Whether an outbound type can be put back. */
export function forwardOnly({ cluster }: ExistingClusterFacts, outboundType: string): { forwardOnly?: string } {
  const why = cluster && outboundForwardOnly(cluster, outboundType);
  return why === undefined ? {} : { forwardOnly: why };
}
