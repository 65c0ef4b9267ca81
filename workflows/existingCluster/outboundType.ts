import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { type ClusterChange, type ClusterFacts, hasOwnNetwork } from '../../resources/managedClusters.ts';
import { managedOutboundMoves, ownNetworkOutboundTypes } from '../../resources/outboundTypes.ts';
import { clusterUpdate } from './facts.ts';

export const previousOutbound = ({ outboundType, outboundProfile }: ClusterFacts): ClusterChange => ({
  outboundType,
  outboundProfile,
});

/** The outbound types that Azure lets a cluster move to. Source: AKS docs egress-outboundtype.md, "Update outboundType after cluster creation". */
function reachableOutboundTypes(cluster: ClusterFacts): readonly string[] {
  if (hasOwnNetwork(cluster)) return ownNetworkOutboundTypes;
  return managedOutboundMoves[cluster.outboundType.toLowerCase()] ?? [];
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

/** Plans the step that changes the outbound type. It says so where Azure would not change it back. */
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

/** Says why Azure would not change this outbound type back to the present one; `undefined` where it would. */
export function outboundForwardOnly({ cluster }: ExistingClusterFacts, outboundType: string): string | undefined {
  if (!cluster) return undefined;
  const after = reachableOutboundTypes({ ...cluster, outboundType });
  const back = after.some((type) => type.toLowerCase() === cluster.outboundType.toLowerCase());
  return back ? undefined : `Azure does not change ${outboundType} back to ${cluster.outboundType}`;
}
