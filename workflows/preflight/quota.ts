import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { ReimageOptions } from '../../contract/inputs/existingCluster.ts';
import type { Problem } from '../../contract/problem.ts';
import { isIPv4, usableAddresses } from '../../resources/addressRanges.ts';
import { type AgentPoolFacts, raisedSurge, surgeNodes, surgeOf } from '../../resources/agentPools.ts';
import type { AllowanceFacts } from '../../resources/allowances.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { sameResourceId } from '../../resources/ids.ts';
import type { SubnetFacts } from '../../resources/virtualNetworks.ts';

/** Reports VM sizes that cannot be had, and vCPUs beyond the quota, surge nodes included. */
export function quotaProblems(
  { agentPoolProfiles, location }: ParsedCreateClusterInput,
  { vmSizes, usages }: AllowanceFacts,
): Problem[] {
  if (!vmSizes) return [];
  const problems: Problem[] = [];
  const needed = new Map<string, number>();
  agentPoolProfiles.forEach(({ vmSize, count, availabilityZones = [] }, index) => {
    const where = `agentPoolProfiles[${index}].vmSize`;
    const report = (problem: string, whatToDo: string): void => {
      problems.push({ where, problem, whatToDo });
    };
    const choose = `Use one that \`az vm list-skus --location ${location}\` prints.`;
    const size = vmSizes[vmSize];
    if (!size) {
      report(`${vmSize} is not offered in ${location}`, choose);
      return;
    }
    if (size.restriction) report(`${vmSize} cannot be had in ${location} (${size.restriction})`, choose);
    const missing = availabilityZones.filter((zone) => !size.zones.includes(zone));
    if (missing.length > 0)
      report(`${vmSize} is not offered in zone ${missing.join(', ')}`, 'Use other zones or another size.');
    const vCPUs = size.vCPUs * (count + surgeNodes(count));
    for (const family of [size.family, 'cores']) needed.set(family, (needed.get(family) ?? 0) + vCPUs);
  });
  for (const [family, vCPUs] of needed) {
    const usage = usages[family.toLowerCase()];
    if (!usage || usage.limit - usage.used >= vCPUs) continue;
    const name = family === 'cores' ? `the region ${location}` : `family ${family} in ${location}`;
    problems.push({
      where: 'agentPoolProfiles',
      problem: `${vCPUs} vCPUs are needed with surge nodes, and the quota of ${name} leaves ${usage.limit - usage.used} of ${usage.limit}`,
      whatToDo: 'Ask for more quota, or use smaller or fewer nodes.',
    });
  }
  return problems;
}

/**
 * Reports vCPUs beyond the quota: of the nodes that AKS adds while it reimages, or of temporary copies of whole pools where the input
 * allows for them. The largest pools may be worked on together.
 */
export function surgeProblems(
  { cluster, discovered }: ExistingClusterFacts,
  pools: readonly AgentPoolFacts[],
  {
    maxParallelPools = 1,
    maxSurge,
    whenNotReimaged,
  }: Pick<ReimageOptions, 'maxParallelPools' | 'maxSurge' | 'whenNotReimaged'>,
): Problem[] {
  if (!cluster || !discovered) return [];
  const { vmSizes = {}, usages } = discovered.allowances;
  const isCopied = whenNotReimaged === 'temporaryPool';
  const raised = pools.map((pool) => ({ ...pool, ...surgeMeanwhile(pool, maxSurge) }));
  const needs = raised.map((pool) => (isCopied ? neededByCopy(pool, vmSizes) : neededBySurge(pool, vmSizes)));
  const families = [...new Set(needs.flatMap((need) => [...need.keys()]))];
  return [...families, 'cores'].flatMap((family) => {
    const atOnce = needs.map((need) => inFamily(need, family)).sort((a, b) => b - a);
    const vCPUs = sum(atOnce.slice(0, maxParallelPools));
    const usage = usages[family.toLowerCase()];
    if (!usage || usage.limit - usage.used >= vCPUs) return [];
    const [forWhat, instead] = isCopied
      ? ['temporary copies of pools', 'another reimage.whenNotReimaged']
      : ['surge nodes', maxSurge === undefined ? 'maxSurge of the pools' : 'reimage.maxSurge'];
    const problem = `${vCPUs} vCPUs are needed for ${forWhat}, and the quota of ${family} leaves ${usage.limit - usage.used} of ${usage.limit}`;
    const whatToDo = `Ask for more quota, or set a smaller reimage.maxParallelPools or ${instead}.`;
    return [{ where: cluster.id, problem, whatToDo }];
  });
}

/**
 * Why the quota has no room for the temporary copy of a pool while others are copied; `undefined` where it has.
 *
 * @param pools All that are reimaged.
 */
export function copyGap(
  pool: AgentPoolFacts,
  pools: readonly AgentPoolFacts[],
  { vmSizes = {}, usages }: Pick<AllowanceFacts, 'vmSizes' | 'usages'>,
  maxParallelPools: number,
): string | undefined {
  const own = neededByCopy(pool, vmSizes);
  const others = pools.filter(({ name }) => name !== pool.name).map((each) => neededByCopy(each, vmSizes));
  return [...own.keys(), 'cores'].flatMap((family) => {
    const beside = others.map((need) => inFamily(need, family)).sort((a, b) => b - a);
    const vCPUs = inFamily(own, family) + sum(beside.slice(0, maxParallelPools - 1));
    const usage = usages[family.toLowerCase()];
    if (!usage || usage.limit - usage.used >= vCPUs) return [];
    return [
      `${vCPUs} vCPUs are needed, and the quota of ${family} leaves ${usage.limit - usage.used} of ${usage.limit}`,
    ];
  })[0];
}

/**
 * How many pools the quota lets be reimaged at the same time: surge nodes of the largest of them, while one of them is copied.
 *
 * @returns `undefined` where it lets `most`.
 */
export function atOnceByQuota(
  pools: readonly AgentPoolFacts[],
  { maxSurge, whenNotReimaged, ladder }: Pick<ReimageOptions, 'maxSurge' | 'whenNotReimaged' | 'ladder'>,
  allowances: Pick<AllowanceFacts, 'vmSizes' | 'usages'> | undefined,
  most: number,
): { atATime: number; because: string } | undefined {
  const { vmSizes, usages = {} } = allowances ?? {};
  if (!vmSizes) return { atATime: 1, because: 'the quota of vCPUs for their surge nodes was not seen' };
  const isCopied =
    whenNotReimaged === 'temporaryPool' || (whenNotReimaged === 'ladder' && ladder.includes('temporaryPool'));
  const needs = pools.map((pool) => {
    const raised = { ...pool, ...surgeMeanwhile(pool, maxSurge) };
    const surge = neededBySurge(raised, vmSizes);
    return { surge, copy: isCopied ? neededByCopy(raised, vmSizes) : surge };
  });
  const families = [...new Set(needs.flatMap(({ copy }) => [...copy.keys()]))];
  const bounds = [...families, 'cores'].flatMap((family) => {
    const usage = usages[family.toLowerCase()];
    if (!usage) return [];
    const free = usage.limit - usage.used;
    const vCPUs = needs.map(({ surge, copy }) => ({ surge: inFamily(surge, family), copy: inFamily(copy, family) }));
    let atATime = Math.min(most, pools.length);
    while (atATime > 1 && neededAtOnce(vCPUs, atATime, free) > free) atATime -= 1;
    const use = isCopied ? 'surge nodes and one temporary copy' : 'surge nodes';
    const because = `the quota of ${family} leaves ${free} of ${usage.limit} vCPUs for their ${use}`;
    return atATime < Math.min(most, pools.length) ? [{ atATime, because }] : [];
  });
  return bounds.sort((one, other) => one.atATime - other.atATime)[0];
}

/**
 * How many pools the addresses of their subnets let be reimaged at the same time. A node takes as many as nodes there have on average: one, or
 * one for each of its pods too, as the network of the cluster is made.
 *
 * @param all Every pool of the cluster. @returns `undefined` where they let `most`.
 */
export function atOnceByAddresses(
  pools: readonly AgentPoolFacts[],
  all: readonly AgentPoolFacts[],
  maxSurge: string | undefined,
  subnets: readonly SubnetFacts[],
  most: number,
): { atATime: number; because: string } | undefined {
  const bounds = subnets.flatMap(({ id, name, addressPrefixes, addressesInUse }) => {
    const isIn = ({ vnetSubnetId }: AgentPoolFacts) => vnetSubnetId !== undefined && sameResourceId(vnetSubnetId, id);
    const nodes = sum(all.filter(isIn).map(({ count }) => count));
    if (nodes === 0) return [];
    const eachTakes = Math.ceil(addressesInUse / nodes);
    const free = sum(addressPrefixes.filter(isIPv4).map(usableAddresses)) - addressesInUse;
    const surges = pools
      .filter(isIn)
      .map((pool) => surgeOf(pool.count, { ...pool, ...surgeMeanwhile(pool, maxSurge) }.maxSurge))
      .sort((one, other) => other - one);
    const wanted = Math.min(most, surges.length);
    let atATime = wanted;
    while (atATime > 1 && sum(surges.slice(0, atATime)) * eachTakes > free) atATime -= 1;
    const because = `subnet ${name} has ${free} free addresses for their surge nodes, of which one takes ${eachTakes}`;
    return atATime < wanted ? [{ atATime, because }] : [];
  });
  return bounds.sort((one, other) => one.atATime - other.atATime)[0];
}

/** A copy that does not fit alone is not made. */
function neededAtOnce(pools: readonly { surge: number; copy: number }[], atATime: number, free: number): number {
  const sorted = pools.toSorted((one, other) => other.surge - one.surge);
  const surges = (some: typeof sorted, many: number) => sum(some.slice(0, many).map(({ surge }) => surge));
  const besideCopy = sorted.flatMap((pool) =>
    pool.copy > free
      ? []
      : [
          pool.copy +
            surges(
              sorted.filter((other) => other !== pool),
              atATime - 1,
            ),
        ],
  );
  return Math.max(surges(sorted, atATime), ...besideCopy);
}

type VmSizes = NonNullable<AllowanceFacts['vmSizes']>;

/** The surge that AKS adds to a pool while it makes its nodes anew, for people: `1 node, 4 vCPUs of standardDDSv5Family`. */
export const surgeNeed = (pool: AgentPoolFacts, vmSizes: VmSizes): string =>
  needText(surgeOf(pool.count, pool.maxSurge), neededBySurge(pool, vmSizes));

/** The needs of a pool's temporary copy, for people. */
export const copyNeed = (pool: AgentPoolFacts, vmSizes: VmSizes): string =>
  needText(pool.count, neededByCopy(pool, vmSizes));

const needText = (nodes: number, need: Need): string =>
  [
    nodes === 1 ? '1 node' : `${nodes} nodes`,
    ...[...need].flatMap(([family, vCPUs]) => (vCPUs > 0 ? [`${vCPUs} vCPUs of ${family}`] : [])),
  ].join(', ');

const inFamily = (need: Need, family: string): number =>
  family === 'cores' ? sum([...need.values()]) : (need.get(family) ?? 0);

const surgeMeanwhile = (pool: AgentPoolFacts, wanted: string | undefined): Pick<AgentPoolFacts, 'maxSurge'> => {
  const raised = raisedSurge(pool, wanted)?.raised;
  return raised === undefined ? {} : { maxSurge: raised };
};

/** vCPUs by family. */
type Need = ReadonlyMap<string, number>;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** The sizes of a pool, and how many machines it has of each. Sizes of which Azure tells nothing are left out. */
const sizesOf = ({ virtualMachines, vmSize, count }: AgentPoolFacts, vmSizes: VmSizes) =>
  (virtualMachines ?? [{ size: vmSize, count }]).flatMap(({ size, count: machines }) => {
    const facts = vmSizes[size];
    return facts ? [{ ...facts, machines }] : [];
  });

/** Nobody documents of which of its sizes AKS adds nodes to a pool of virtual machines: the largest is counted. */
function neededBySurge(pool: AgentPoolFacts, vmSizes: VmSizes): Need {
  const [size] = sizesOf(pool, vmSizes).sort((a, b) => b.vCPUs - a.vCPUs);
  return new Map(size ? [[size.family, size.vCPUs * surgeOf(pool.count, pool.maxSurge)]] : []);
}

/** A copy has as many nodes as its pool; while AKS reimages, there is none yet. */
function neededByCopy(pool: AgentPoolFacts, vmSizes: VmSizes): Need {
  const need = new Map(neededBySurge(pool, vmSizes));
  const families = Map.groupBy(sizesOf(pool, vmSizes), ({ family }) => family);
  for (const [family, sizes] of families) {
    const vCPUs = sum(sizes.map((each) => each.vCPUs * each.machines));
    need.set(family, Math.max(need.get(family) ?? 0, vCPUs));
  }
  return need;
}
