import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { type ClusterChange, type ClusterFacts, hasOwnNetwork } from '../../resources/managedClusters.ts';
import { clusterUpdate } from './facts.ts';

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

/** The step that changes the outbound type, and why it cannot be taken back if it cannot. */
export function outboundStep(
  input: { cluster: ClusterReference; outboundType: string },
  seen: ExistingClusterFacts,
  title: string,
  needs: readonly StepId[],
): PlannedStep {
  const { outboundType } = input;
  const forwardOnly = outboundForwardOnly(seen, outboundType);
  return {
    id: 'outboundType',
    kind: 'outboundType',
    title,
    needs,
    ...clusterUpdate(input, seen, { outboundType }),
    ...(forwardOnly !== undefined && { forwardOnly }),
  };
}

/** Why Azure does not put the present outbound type back after this one; `undefined` where it does. */
export function outboundForwardOnly({ cluster }: ExistingClusterFacts, outboundType: string): string | undefined {
  if (!cluster) return undefined;
  const after = reachableOutboundTypes({ ...cluster, outboundType });
  const back = after.some((type) => type.toLowerCase() === cluster.outboundType.toLowerCase());
  return back ? undefined : `Azure does not change ${outboundType} back to ${cluster.outboundType}`;
}
