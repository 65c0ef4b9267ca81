import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { AuditFacts, ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterReference, sameResourceId } from '../../resources/ids.ts';
import {
  egressTags,
  inWords,
  keptEgress,
  ownEgress,
  profileOf,
  tagsBefore,
  withoutKeptEgress,
} from '../../resources/keptEgress.ts';
import { type ClusterChange, type ClusterFacts, hasOwnNetwork } from '../../resources/managedClusters.ts';
import {
  cutsEgress,
  managedOutboundMoves,
  ownersWayOut,
  ownNetworkOutboundTypes,
} from '../../resources/outboundTypes.ts';
import type { RouteFacts, SubnetFacts } from '../../resources/virtualNetworks.ts';
import { clusterUpdate } from './facts.ts';

/** The change that undo makes. @param change What the run has changed. */
export const previousOutbound = (found: ClusterFacts, change: ClusterChange): ClusterChange => ({
  outboundType: found.outboundType,
  outboundProfile: found.outboundProfile,
  ...tagsBefore(change, found),
});

/** A change of the outbound type, and what the plan says beside it. */
interface OutboundMove {
  change: ClusterChange;
  said: string[];
}

/**
 * The change that cuts egress. It keeps the owner's settings, which Azure forgets, where disableIsolation finds them again. Older
 * ones go, for egress was opened since by somebody who did not look there.
 */
export function planCutting({ cluster }: ExistingClusterFacts, outboundType: string): OutboundMove {
  // Where egress is cut, the tags keep how it was before.
  if (!cluster || cutsEgress(cluster.outboundType)) return { change: { outboundType }, said: [] };
  const older = withoutKeptEgress(cluster);
  const egress = ownEgress(cluster);
  if (!egress) return { change: { outboundType, ...older }, said: [] };
  const tags = egressTags(egress, cluster);
  const what = inWords(egress);
  if (!tags) {
    const said = [`Azure forgets ${what}, and the cluster has no room for tags that would keep it: note it yourself`];
    return { change: { outboundType, ...older }, said };
  }
  const said = [`${what} is kept in tags ${Object.keys(tags).join(', ')} of the cluster, for disableIsolation`];
  return { change: { outboundType, tags: { ...older.tags, ...tags } }, said };
}

/** Says which settings a policy has kept from being kept. Azure has forgotten them by then: they stand here. */
export function keptNothing(
  found: ClusterFacts,
  { outboundType = '' }: ClusterChange,
  result: { tagsNotKept?: true } | undefined,
): { reason: string } | undefined {
  const egress = ownEgress(found);
  if (!result?.tagsNotKept || !egress) return undefined;
  const after = `${found.outboundType} before, ${outboundType} after`;
  return {
    reason: `${after}; ${inWords(egress)} is not kept, for a policy strips or denies the tags: note it yourself`,
  };
}

/** The change that opens egress, with the owner's settings as far as they were kept and can still be had. */
export function planOpening({ cluster, lostAddresses = {} }: ExistingClusterFacts, outboundType: string): OutboundMove {
  if (!cluster) return { change: { outboundType }, said: [] };
  const tags = withoutKeptEgress(cluster);
  const kept = keptEgress(cluster);
  if (!kept) {
    const said = Object.keys(tags.tags ?? {}).map(
      (key) => `nothing is given back from tag ${key}, which cannot be read`,
    );
    return { change: { outboundType }, said };
  }
  if (kept.outboundType.toLowerCase() !== outboundType.toLowerCase()) {
    const said = [`not given back, for it was of outbound type ${kept.outboundType}: ${inWords(kept)}`];
    return { change: { outboundType, ...tags }, said };
  }
  const lost = Object.entries(lostAddresses).map(([id, why]) => `${id} cannot be given back: ${why}`);
  return {
    change: { outboundType, outboundProfile: profileOf(kept, Object.keys(lostAddresses)), ...tags },
    said: [`given back from its tags: ${inWords(kept)}`, ...lost],
  };
}

/** The outbound types that Azure lets a cluster move to. Source: AKS docs egress-outboundtype.md, "Update outboundType after cluster creation". */
function reachableOutboundTypes(cluster: ClusterFacts): readonly string[] {
  if (hasOwnNetwork(cluster)) return ownNetworkOutboundTypes;
  return managedOutboundMoves[cluster.outboundType.toLowerCase()] ?? [];
}

export function outboundProblems({ cluster, dependencies }: ExistingClusterFacts, outboundType: string): Problem[] {
  if (!cluster || outboundType.toLowerCase() === cluster.outboundType.toLowerCase()) return [];
  const reachable = reachableOutboundTypes(cluster);
  if (reachable.includes(outboundType)) return wayOutProblems(dependencies, outboundType);
  const network = hasOwnNetwork(cluster) ? "one's own network" : 'a network that AKS manages';
  return [
    {
      where: 'outboundType',
      problem: `Azure does not change ${cluster.outboundType} to ${outboundType} in ${network}`,
      whatToDo: `Use ${reachable.join(' or ') || 'another cluster'}.`,
    },
  ];
}

/**
 * The owner's subnets without the way out that the outbound type takes for granted: nodes would reach nothing. A route table leads
 * nowhere without a default route, and a gateway without an address. Source: AKS docs, "Customize cluster egress with a user-defined
 * routing table" (egress-udr.md, 2026-11-27); Learn, "NAT gateway resource".
 */
function wayOutProblems(seen: AuditFacts | undefined, outboundType: string): Problem[] {
  const wayOut = ownersWayOut(outboundType);
  if (!wayOut || !seen) return [];
  const problemOf = wayOut.on === 'natGatewayId' ? gatewayProblem : routingProblem;
  return seen.subnets.flatMap((subnet) => {
    const problem = problemOf(seen, subnet);
    if (problem === undefined) return [];
    return [
      {
        where: subnet.id,
        problem: `${problem}, as outbound type ${outboundType} wants`,
        whatToDo: `Put a ${wayOut.what} ${wayOut.with} on it, or use another outbound type.`,
      },
    ];
  });
}

/** A gateway of the whole network serves each of its subnets. */
function gatewayProblem({ network, natGateways = [] }: AuditFacts, subnet: SubnetFacts): string | undefined {
  const id = subnet.natGatewayId ?? network?.natGatewayId;
  if (id === undefined) return 'no NAT gateway is on this subnet';
  const gateway = natGateways.find((each) => sameResourceId(each.id, id));
  return gateway?.addressIds?.length === 0 ? `NAT gateway ${id} of this subnet has no public IP address` : undefined;
}

function routingProblem(
  { routesOut, routeSources = [], unread = {} }: AuditFacts,
  { routeTableId }: SubnetFacts,
): string | undefined {
  if (routeTableId === undefined) return 'no route table is on this subnet';
  // A default route may come by BGP as well, and then nobody sees it. Version 0.1 has seen none of the routes.
  if (!routesOut || routeSources.length > 0 || unread.routes !== undefined) return undefined;
  const own = routesOut.filter((route) => sameResourceId(route.routeTableId, routeTableId));
  const isDefault = ({ addressPrefix = '0.0.0.0/0' }: RouteFacts) =>
    /^(0\.0\.0\.0\/[01]|128\.0\.0\.0\/1)$/.test(addressPrefix);
  if (!own.some(isDefault)) return `route table ${routeTableId} of this subnet has no default route`;
  const toInternet = own.some((route) => isDefault(route) && /^internet$/i.test(route.nextHopType));
  return toInternet
    ? `the default route of ${routeTableId} leads to the internet, not to an appliance or a gateway`
    : undefined;
}

/** Plans the step that changes the outbound type. It says so where Azure would not change it back. */
export function outboundStep(
  input: { cluster: ClusterReference; outboundType: string },
  seen: ExistingClusterFacts,
  title: string,
  needs: readonly StepId[],
  said: readonly string[],
): PlannedStep {
  const { outboundType } = input;
  const forwardOnly = outboundForwardOnly(seen, outboundType);
  const { reason, ...update } = clusterUpdate(input, seen, { outboundType });
  return {
    id: 'outboundType',
    kind: 'outboundType',
    title,
    needs,
    ...update,
    reason: [reason, ...said].join('; '),
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
