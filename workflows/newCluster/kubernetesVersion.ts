import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Problem } from '../../contract/problem.ts';
import { minimumKubernetesVersion, profileSetting } from '../../contract/profiles.ts';
import { type Discovered, notRead } from '../../resources/discovery.ts';
import { isAtLeast, isLongTermOnly } from '../../resources/kubernetesVersions.ts';

/** Chooses the version to ask for, and says why it cannot be had if it cannot. An existing cluster keeps its own. */
export function chooseKubernetesVersion(
  { kubernetesVersion: given, profile, location }: ParsedCreateClusterInput,
  { kubernetesVersions: offered, cluster: there, providers }: Discovered,
): { version: string; problems: Problem[] } {
  const version =
    given ??
    profileSetting(profile, 'defaultKubernetesVersion') ??
    offered.find(({ isDefault }) => isDefault)?.version ??
    '';
  if (there) return { version: given ?? there.kubernetesVersion, problems: [] };
  const usable = offered.filter((each) => isAtLeast(each.version, minimumKubernetesVersion) && !isLongTermOnly(each));
  const whatToDo = `Use one of ${usable.map(({ version: minor }) => minor).join(', ')}, or a patch version of one.`;
  const problem = (text: string) => ({ version, problems: [{ where: 'kubernetesVersion', problem: text, whatToDo }] });
  if (offered.length === 0) {
    const { 'Microsoft.ContainerService': state = '' } = providers;
    // A region without versions is reported as an unknown region. Where they may not be read, AKS chooses its default.
    if (version !== '' || ['Registered', notRead].includes(state)) return { version, problems: [] };
    const text = 'the default is not known before Microsoft.ContainerService is registered';
    return {
      version,
      problems: [{ where: 'kubernetesVersion', problem: text, whatToDo: 'Give a version, or register it first.' }],
    };
  }
  if (version === '') return problem(`there is no default in ${location}`);
  if (!isAtLeast(version, minimumKubernetesVersion)) {
    return problem(`${version} is older than ${minimumKubernetesVersion}, the first with network isolation`);
  }
  const found = offered.find(
    ({ version: minor, patchVersions }) => minor === version || patchVersions.includes(version),
  );
  if (!found) return problem(`${version} is not offered in ${location}`);
  if (isLongTermOnly(found)) {
    return problem(
      `${version} has long-term support only, and createCluster makes clusters with the support plan KubernetesOfficial (AKS docs, long-term-support.md, read 2026-11-26)`,
    );
  }
  return { version, problems: [] };
}
