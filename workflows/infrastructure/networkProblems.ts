import type { Problem } from '../../contract/problem.ts';
import { aksRanges, overlaps } from '../../resources/addressRanges.ts';
import { surgeNodes } from '../../resources/agentPools.ts';
import { resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { VirtualNetworkFacts } from '../../resources/virtualNetworks.ts';
import type { InfrastructureContext } from './context.ts';
import { type InfrastructurePlan, seenSubnet } from './specification.ts';
import { type AddressNeeds, subnetProblems } from './subnetProblems.ts';
import type { WantedInfrastructure } from './wanted.ts';

/** AKS's default service range, which the network's subnets must leave free. Source: REST API, `serviceCidr`. */
const defaultServiceCidr = '10.0.0.0/16';
/** AKS's default with Azure CNI. Source: Learn, "Configure Azure CNI networking". */
const defaultMaxPods = 30;

type WantedNetwork = NonNullable<WantedInfrastructure['virtualNetwork']>;

/** Adds a problem to the list that is being made. */
export type ReportProblem = (where: string, problem: string, whatToDo: string) => void;

/** Every limit of the network and its subnets that can be known beforehand. */
export function networkProblems(context: InfrastructureContext, plan: InfrastructurePlan): Problem[] {
  const { wanted, seen, newCluster } = context;
  const { virtualNetwork: network } = wanted;
  // A network that must exist and does not is reported already, and nothing else is known of it.
  if (!network || !plan.virtualNetwork || (network.mustExist && !seen.virtualNetwork)) return [];
  const problems: Problem[] = [];
  const report: ReportProblem = (where, problem, whatToDo) => problems.push({ where, problem, whatToDo });
  const ranges = seen.virtualNetwork?.addressPrefixes ?? plan.virtualNetwork.addressPrefixes;
  reportPlace(context, network, report);
  reportRanges(network, ranges, seen.virtualNetwork, report);
  // AKS has checked its service range against the subnets of an existing cluster.
  if (newCluster) reportServiceRange(newCluster.serviceCidr ?? defaultServiceCidr, plan, seen.virtualNetwork, report);
  const needs: AddressNeeds = {
    ...(newCluster && { nodeSubnet: nodeAddresses(newCluster) }),
    ...(!seen.privateEndpoint && { registrySubnet: plan.privateEndpoint?.records.length ?? 0 }),
  };
  return [
    ...problems,
    ...subnetProblems(network.subnets, plan.virtualNetwork.subnets, seen.virtualNetwork, ranges, needs),
  ];
}

function reportPlace(
  { input, location, seen }: InfrastructureContext,
  network: WantedNetwork,
  report: ReportProblem,
): void {
  const { virtualNetwork: there } = seen;
  if (there && there.location !== location) {
    report(
      there.id,
      `the network is in ${there.location}, the cluster in ${location}`,
      'Use a network in the region of the cluster.',
    );
  }
  if (!sameResourceId(resourceReference(network.id).subscriptionId, input.cluster.subscriptionId)) {
    report(
      network.where,
      'the network is in another subscription than the cluster, and interfaces must be in that of their network',
      'Use a network in the subscription of the cluster.',
    );
  }
}

function reportRanges(
  { addressPrefixes = [] }: WantedNetwork,
  ranges: readonly string[],
  there: VirtualNetworkFacts | undefined,
  report: ReportProblem,
): void {
  for (const range of there ? addressPrefixes : []) {
    if (ranges.includes(range)) continue;
    report(
      'network.addressPrefixes',
      `the network is there without ${range}: it has ${ranges.join(', ')}`,
      'Leave the key out, or give the ranges that the network has.',
    );
  }
  for (const [index, range] of ranges.entries()) {
    const where = there?.id ?? 'network.addressPrefixes';
    for (const reserved of aksRanges.filter((each) => overlaps(range, each)))
      report(where, `${range} overlaps ${reserved}, which AKS keeps for itself`, 'Use another range.');
    const other = ranges.slice(0, index).find((earlier) => overlaps(earlier, range));
    if (other !== undefined) report(where, `${range} overlaps ${other}`, 'Use ranges that do not overlap.');
  }
}

function reportServiceRange(
  serviceCidr: string,
  { virtualNetwork: planned }: InfrastructurePlan,
  there: VirtualNetworkFacts | undefined,
  report: ReportProblem,
): void {
  const absent = (planned?.subnets ?? []).filter((subnet) => !seenSubnet(there, subnet));
  const subnets = [
    ...(there?.subnets ?? []),
    ...absent.map(({ id, addressPrefix }) => ({ id, addressPrefixes: [addressPrefix] })),
  ];
  for (const { id, addressPrefixes } of subnets) {
    const range = addressPrefixes.find((each) => overlaps(each, serviceCidr));
    if (range === undefined) continue;
    report(
      id,
      `its range ${range} overlaps that of the cluster's services, ${serviceCidr}`,
      'Give another range as serviceCidr.',
    );
  }
}

/** Counts an address of the subnet for each node and each of its pods. Source: Learn, "Configure Azure CNI networking". */
function nodeAddresses({
  agentPoolProfiles,
  apiServerAccess,
}: NonNullable<InfrastructureContext['newCluster']>): number {
  const pools = agentPoolProfiles.map(({ count, maxCount, maxPods = defaultMaxPods }) => {
    const nodes = Math.max(count, maxCount ?? 0);
    return (nodes + surgeNodes(nodes)) * (maxPods + 1);
  });
  // The API server's private endpoint is in the nodes' subnet.
  return pools.reduce((sum, addresses) => sum + addresses, apiServerAccess === 'privateLink' ? 1 : 0);
}
