import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Problem } from '../../contract/problem.ts';
import { surgeNodes } from '../../resources/agentPools.ts';
import type { AllowanceFacts } from '../../resources/allowances.ts';

/** VM sizes that cannot be had, and vCPUs that the quota does not leave, surge nodes included. */
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
