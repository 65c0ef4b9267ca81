import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Problem } from '../../contract/problem.ts';
import { contains, overlaps, prefixLength, usableAddresses } from '../../resources/addressRanges.ts';
import { surgeNodes } from '../../resources/agentPools.ts';
import { resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import { isFailed, isFinal } from '../../resources/provisioningState.ts';
import {
  apiServerDelegation,
  type SubnetFacts,
  type SubnetSpecification,
  type VirtualNetworkFacts,
} from '../../resources/virtualNetworks.ts';
import { type InfrastructurePlan, seenSubnet } from './plan.ts';
import type { InfrastructureInput, WantedInfrastructure, WantedSubnet } from './wanted.ts';

/** AKS's default service range, which the network's subnets must leave free. Source: REST API, `serviceCidr`. */
const defaultServiceCidr = '10.0.0.0/16';
/** Not for clusters. Source: Learn, "Azure CNI node subnet", prerequisites. */
const reservedRanges = ['169.254.0.0/16', '172.30.0.0/16', '172.31.0.0/16', '192.0.2.0/24'];
/** AKS's own default with Azure CNI. Source: Learn, "Configure Azure CNI networking". */
const defaultMaxPods = 30;

/** With what a cluster that is still to be made will need. */
export interface NetworkInput extends InfrastructureInput {
  apiServerAccess?: ParsedCreateClusterInput['apiServerAccess'];
  serviceCidr?: string;
  agentPoolProfiles?: ParsedCreateClusterInput['agentPoolProfiles'];
}

/** Every limit of the network and its subnets that can be known beforehand. */
export function networkProblems(
  input: NetworkInput,
  { virtualNetwork: target }: WantedInfrastructure,
  { virtualNetwork: seen, privateEndpoint }: InfrastructureFacts,
  plan: InfrastructurePlan,
  clusterIsThere: boolean,
): Problem[] {
  // Of a network that must be there and is not, nothing else can be said.
  if (!target || !plan.virtualNetwork || (target.mustExist && !seen)) return [];
  const needed: AddressNeeds = {
    ...(!clusterIsThere && { nodeSubnet: nodeAddresses(input) }),
    ...(!privateEndpoint && { registrySubnet: plan.privateEndpoint?.records.length ?? 0 }),
  };
  const problems: Problem[] = [];
  const report = (where: string, problem: string, whatToDo: string) => problems.push({ where, problem, whatToDo });
  if (seen && seen.location !== input.location) {
    report(
      seen.id,
      `the network is in ${seen.location}, the cluster in ${input.location}`,
      'Use a network in the region of the cluster.',
    );
  }
  if (!sameResourceId(resourceReference(target.id).subscriptionId, input.cluster.subscriptionId)) {
    report(
      target.where,
      'the network is in another subscription than the cluster, and interfaces must be in that of their network',
      'Use a network in the subscription of the cluster.',
    );
  }
  const ranges = seen?.addressPrefixes ?? plan.virtualNetwork.addressPrefixes;
  for (const range of target.addressPrefixes ?? []) {
    if (seen && !ranges.includes(range)) {
      report(
        'network.addressPrefixes',
        `the network is there without ${range}: it has ${ranges.join(', ')}`,
        'Leave the key out, or give the ranges that the network has.',
      );
    }
  }
  for (const [index, range] of ranges.entries()) {
    const where = seen ? seen.id : 'network.addressPrefixes';
    for (const reserved of reservedRanges.filter((each) => overlaps(range, each)))
      report(where, `${range} overlaps ${reserved}, which AKS keeps for itself`, 'Use another range.');
    const other = ranges.slice(0, index).find((earlier) => overlaps(earlier, range));
    if (other !== undefined) report(where, `${range} overlaps ${other}`, 'Use ranges that do not overlap.');
  }
  const { serviceCidr = defaultServiceCidr } = input;
  // Of a cluster that is there, AKS has seen to it.
  for (const subnet of clusterIsThere ? [] : [...(seen?.subnets ?? []), ...absentSubnets(plan, seen)]) {
    const range = subnet.addressPrefixes.find((each) => overlaps(each, serviceCidr));
    if (range === undefined) continue;
    report(
      subnet.id,
      `its range ${range} overlaps that of the cluster's services, ${serviceCidr}`,
      'Give another range as serviceCidr.',
    );
  }
  const { subnets } = plan.virtualNetwork;
  for (const [index, subnet] of subnets.entries()) {
    const subnetTarget = target.subnets[index];
    if (!subnetTarget) continue;
    const there = seenSubnet(seen, subnet);
    const twin = subnets.slice(0, index).find(({ name }) => name.toLowerCase() === subnet.name.toLowerCase());
    if (twin) {
      report(`${subnetTarget.where}.name`, `${subnet.name} is the ${useTitles[twin.use]} already`, 'Use another name.');
      continue;
    }
    problems.push(
      ...placeProblems(subnet, subnetTarget, there, ranges, neighbours(subnet, subnets, seen?.subnets ?? [])),
    );
    problems.push(...useProblems(subnet, subnetTarget, there, needed));
  }
  return problems;
}

/** Subnets that are still to be made. */
const absentSubnets = (
  { virtualNetwork }: InfrastructurePlan,
  seen: VirtualNetworkFacts | undefined,
): { id: string; addressPrefixes: string[] }[] =>
  (virtualNetwork?.subnets ?? []).flatMap((subnet) =>
    seenSubnet(seen, subnet) ? [] : [{ id: subnet.id, addressPrefixes: [subnet.addressPrefix] }],
  );

interface Neighbour {
  name: string;
  addressPrefixes: string[];
}

/** The other subnets, there or planned. */
function neighbours(
  subnet: SubnetSpecification,
  planned: readonly SubnetSpecification[],
  seen: readonly SubnetFacts[],
): Neighbour[] {
  const absent = planned.filter(({ name }) => !seen.some((there) => there.name.toLowerCase() === name.toLowerCase()));
  const earlier = absent.slice(0, Math.max(0, absent.indexOf(subnet)));
  const others = seen.filter(({ name }) => name.toLowerCase() !== subnet.name.toLowerCase());
  return [...others, ...earlier.map(({ name, addressPrefix }) => ({ name, addressPrefixes: [addressPrefix] }))];
}

/** The subnet's range. */
function placeProblems(
  { name, addressPrefix }: SubnetSpecification,
  target: WantedSubnet,
  there: SubnetFacts | undefined,
  ranges: readonly string[],
  others: readonly Neighbour[],
): Problem[] {
  const where = `${target.where}.addressPrefix`;
  if (there) {
    const given = target.addressPrefix;
    if (given === undefined || there.addressPrefixes.includes(given)) return [];
    const problem = `the subnet ${name} is there with ${there.addressPrefixes.join(', ')}, not ${given}`;
    return [{ where, problem, whatToDo: 'Leave the key out, or use another name.' }];
  }
  const problems: Problem[] = [];
  if (!ranges.some((range) => contains(range, addressPrefix))) {
    const problem = `${addressPrefix} is not within the network's ${ranges.join(', ')}`;
    problems.push({ where, problem, whatToDo: 'Give a range within the network.' });
  }
  const other = others.find(({ addressPrefixes }) => addressPrefixes.some((range) => overlaps(range, addressPrefix)));
  if (other) {
    const problem = `${addressPrefix} overlaps subnet ${other.name} (${other.addressPrefixes.join(', ')})`;
    problems.push({ where, problem, whatToDo: 'Give a range that is free.' });
  }
  return problems;
}

const useTitles = {
  nodeSubnet: 'subnet of the nodes',
  registrySubnet: 'subnet of the private endpoint',
  apiServerSubnet: 'subnet of the API server',
} as const;

/** Addresses that are still to be taken; what is there already has its own. */
type AddressNeeds = { nodeSubnet?: number; registrySubnet?: number };

/** What the subnet is for: its size, its delegation, and what else is in it. */
function useProblems(
  subnet: SubnetSpecification,
  target: WantedSubnet,
  there: SubnetFacts | undefined,
  needed: AddressNeeds,
): Problem[] {
  const where = there?.id ?? `${target.where}.addressPrefix`;
  const problems: Problem[] = [];
  const report = (problem: string, whatToDo: string) => problems.push({ where, problem, whatToDo });
  if (there && !isFinal(there.provisioningState)) {
    report(`an operation is in progress on the subnet (${there.provisioningState})`, 'Wait for it to end.');
  } else if (there && isFailed(there.provisioningState)) {
    report(`its state is ${there.provisioningState}`, 'Repair or delete it, then start again.');
  }
  const delegations = there?.delegations ?? [];
  const free = usableAddresses(subnet.addressPrefix) - (there?.addressesInUse ?? 0);
  const notDelegated = () => {
    if (delegations.length === 0) return;
    report(
      `the ${useTitles[subnet.use]} is delegated to ${delegations.join(', ')}`,
      'Use a subnet without delegation.',
    );
  };
  switch (subnet.use) {
    case 'nodeSubnet': {
      notDelegated();
      const { nodeSubnet: nodes = 0 } = needed;
      if (free >= nodes) break;
      report(
        `${subnet.addressPrefix} has ${free} free addresses, and ${nodes} are needed for nodes, surge nodes and their pods`,
        'Use a larger subnet, fewer nodes or a smaller maxPods.',
      );
      break;
    }
    case 'registrySubnet': {
      notDelegated();
      const { registrySubnet: members = 0 } = needed;
      if (free >= members) break;
      report(
        `${subnet.addressPrefix} has ${free} free addresses, and ${members} are needed for the private endpoint`,
        'Use a larger subnet.',
      );
      break;
    }
    case 'apiServerSubnet': {
      if (prefixLength(subnet.addressPrefix) > 28) {
        report(`${subnet.addressPrefix} is too small for API servers`, 'Use /28 or larger.');
      }
      const foreign = delegations.filter((service) => service.toLowerCase() !== apiServerDelegation.toLowerCase());
      if (foreign.length > 0) {
        report(
          `the subnet is delegated to ${foreign.join(', ')}`,
          `Use one that is delegated to ${apiServerDelegation}, or to nothing.`,
        );
      } else if (there && delegations.length === 0 && there.addressesInUse > 0) {
        report('the subnet holds something else than API servers', 'Use a subnet of its own.');
      }
    }
  }
  return problems;
}

/** With Azure CNI every pod has an address of the subnet. Source: Learn, "Configure Azure CNI networking". */
function nodeAddresses({ agentPoolProfiles = [], apiServerAccess }: NetworkInput): number {
  const pools = agentPoolProfiles.map(({ count, maxCount, maxPods = defaultMaxPods }) => {
    const nodes = Math.max(count, maxCount ?? 0);
    return (nodes + surgeNodes(nodes)) * (maxPods + 1);
  });
  // The API server's private endpoint is in the nodes' subnet.
  return pools.reduce((sum, addresses) => sum + addresses, apiServerAccess === 'privateLink' ? 1 : 0);
}
