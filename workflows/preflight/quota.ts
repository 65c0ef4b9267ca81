import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Problem } from '../../contract/problem.ts';
import { type AgentPoolFacts, surgeNodes } from '../../resources/agentPools.ts';
import type { AllowanceFacts } from '../../resources/allowances.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';

/** Reports VM sizes that cannot be had, and vCPUs beyond the quota, surge nodes included. */
export function quotaProblems(
  { agentPoolProfiles, location }: ParsedCreateClusterInput,
  { vmSizes, usages }: AllowanceFacts,
): Problem[] {
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

/** Reports vCPUs beyond the quota, of the nodes that AKS adds while it reimages. The largest pools may be reimaged together. */
export function surgeProblems(
  { cluster, discovered }: ExistingClusterFacts,
  pools: readonly AgentPoolFacts[],
  maxParallelPools: number,
): Problem[] {
  if (!cluster || !discovered) return [];
  const { vmSizes, usages } = discovered.allowances;
  const surges = pools
    .flatMap((pool) => {
      // Nobody documents of which of its sizes AKS adds nodes to a pool of virtual machines.
      const sizes = (pool.virtualMachines ?? [{ size: pool.vmSize }]).flatMap(({ size }) => vmSizes[size] ?? []);
      const [size] = sizes.sort((a, b) => b.vCPUs - a.vCPUs);
      return size ? [{ family: size.family, vCPUs: size.vCPUs * surgeOf(pool) }] : [];
    })
    .sort((a, b) => b.vCPUs - a.vCPUs);
  const families = [...new Set(surges.map(({ family }) => family))];
  return [...families, 'cores'].flatMap((family) => {
    const atOnce = surges.filter((each) => family === 'cores' || each.family === family).slice(0, maxParallelPools);
    const vCPUs = atOnce.reduce((sum, each) => sum + each.vCPUs, 0);
    const usage = usages[family.toLowerCase()];
    if (!usage || usage.limit - usage.used >= vCPUs) return [];
    const problem = `${vCPUs} vCPUs are needed for surge nodes, and the quota of ${family} leaves ${usage.limit - usage.used} of ${usage.limit}`;
    const whatToDo = 'Ask for more quota, or set a smaller reimage.maxParallelPools or maxSurge of the pools.';
    return [{ where: cluster.id, problem, whatToDo }];
  });
}

/** `maxSurge` is a number of nodes, or a percentage that AKS rounds up. Source: Learn, "Customize node surge upgrade". */
function surgeOf({ count, maxSurge }: AgentPoolFacts): number {
  if (maxSurge === undefined) return surgeNodes(count);
  const value = Number.parseInt(maxSurge, 10);
  return maxSurge.endsWith('%') ? Math.ceil((count * value) / 100) : value;
}
