import type { Problem } from '../../contract/problem.ts';
import { contains, isIPv4, overlaps, prefixLength, usableAddresses } from '../../resources/addressRanges.ts';
import { isFailed, isFinal } from '../../resources/provisioningState.ts';
import {
  apiServerDelegation,
  type SubnetFacts,
  type SubnetSpecification,
  type SubnetUse,
  type VirtualNetworkFacts,
} from '../../resources/virtualNetworks.ts';
import { seenSubnet } from './specification.ts';
import type { WantedSubnet } from './wanted.ts';

const useTitles: Readonly<Record<SubnetUse, string>> = {
  nodeSubnet: 'subnet of the nodes',
  registrySubnet: 'subnet of the private endpoint',
  apiServerSubnet: 'subnet of the API server',
};

/** The smallest subnet that AKS takes for API servers. Source: Learn, "API Server VNet Integration". */
const longestApiServerPrefix = 28;

/** How many addresses the run will take. Existing nodes and endpoints have theirs. */
export type AddressNeeds = { nodeSubnet?: number; registrySubnet?: number };

/** Checks each subnet: its name, its range, and whether it suits its use. */
export function subnetProblems(
  wanted: readonly WantedSubnet[],
  planned: readonly SubnetSpecification[],
  network: VirtualNetworkFacts | undefined,
  ranges: readonly string[],
  needs: AddressNeeds,
): Problem[] {
  return planned.flatMap((subnet, index): Problem[] => {
    const given = wanted[index];
    if (!given) return [];
    const there = seenSubnet(network, subnet);
    const twin = planned.slice(0, index).find(({ name }) => name.toLowerCase() === subnet.name.toLowerCase());
    if (twin) {
      const problem = `${subnet.name} is the ${useTitles[twin.use]} already`;
      return [{ where: `${given.where}.name`, problem, whatToDo: 'Use another name.' }];
    }
    return [
      ...rangeProblems(subnet, given, there, ranges, neighbours(subnet, planned, network?.subnets ?? [])),
      ...useProblems(subnet, given, there, needs),
    ];
  });
}

interface Neighbour {
  name: string;
  addressPrefixes: string[];
}

/** The other subnets, existing or planned. */
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

function rangeProblems(
  { name, addressPrefix }: SubnetSpecification,
  wanted: WantedSubnet,
  there: SubnetFacts | undefined,
  ranges: readonly string[],
  others: readonly Neighbour[],
): Problem[] {
  const where = `${wanted.where}.addressPrefix`;
  if (there) {
    const given = wanted.addressPrefix;
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

/** Says what is wrong with one subnet. */
type ReportOfSubnet = (problem: string, whatToDo: string) => void;

/** Checks the subnet's state, its size, its delegation, and what else is in it. */
function useProblems(
  subnet: SubnetSpecification,
  wanted: WantedSubnet,
  there: SubnetFacts | undefined,
  { nodeSubnet: nodes = 0, registrySubnet: members = 0 }: AddressNeeds,
): Problem[] {
  const where = there?.id ?? `${wanted.where}.addressPrefix`;
  const problems: Problem[] = [];
  const report: ReportOfSubnet = (problem, whatToDo) => problems.push({ where, problem, whatToDo });
  if (there && !isFinal(there.provisioningState)) {
    report(`an operation is in progress on the subnet (${there.provisioningState})`, 'Wait for it to end.');
  } else if (there && isFailed(there.provisioningState)) {
    report(`its state is ${there.provisioningState}`, 'Repair or delete it, then start again.');
  }
  const { addressPrefix, use } = subnet;
  // A subnet that is full can have got a second range, into which nodes spill over. Source: Learn, "Create multiple prefixes for a subnet".
  const ranges = there?.addressPrefixes.filter(isIPv4) ?? [addressPrefix];
  const usable = ranges.reduce((sum, range) => sum + usableAddresses(range), 0);
  const free = usable - (there?.addressesInUse ?? 0);
  switch (use) {
    case 'nodeSubnet':
      reportDelegation(use, there, report);
      if (free >= nodes) break;
      report(
        `${ranges.join(', ')} has ${free} free addresses, and ${nodes} are needed for nodes, surge nodes and their pods`,
        'Use a larger subnet, fewer nodes or a smaller maxPods.',
      );
      break;
    case 'registrySubnet':
      reportDelegation(use, there, report);
      if (free >= members) break;
      report(
        `${ranges.join(', ')} has ${free} free addresses, and ${members} are needed for the private endpoint`,
        'Use a larger subnet.',
      );
      break;
    case 'apiServerSubnet':
      if (prefixLength(addressPrefix) > longestApiServerPrefix) {
        report(`${addressPrefix} is too small for API servers`, `Use /${longestApiServerPrefix} or larger.`);
      }
      reportOthersThanApiServers(there, report);
  }
  return problems;
}

function reportDelegation(use: SubnetUse, there: SubnetFacts | undefined, report: ReportOfSubnet): void {
  const { delegations = [] } = there ?? {};
  if (delegations.length === 0) return;
  report(`the ${useTitles[use]} is delegated to ${delegations.join(', ')}`, 'Use a subnet without delegation.');
}

function reportOthersThanApiServers(there: SubnetFacts | undefined, report: ReportOfSubnet): void {
  const { delegations = [], addressesInUse = 0 } = there ?? {};
  const foreign = delegations.filter((service) => service.toLowerCase() !== apiServerDelegation.toLowerCase());
  if (foreign.length > 0) {
    report(
      `the subnet is delegated to ${foreign.join(', ')}`,
      `Use one that is delegated to ${apiServerDelegation}, or to nothing.`,
    );
  } else if (there && delegations.length === 0 && addressesInUse > 0) {
    report('the subnet holds something else than API servers', 'Use a subnet of its own.');
  }
}
