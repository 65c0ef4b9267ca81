import type { ClusterReference } from './ids.ts';

/**
 * Names that follow from others where the input gives none. A name follows from its input alone, so that every run finds what
 * an earlier one made, and no two inputs have the same: a hash of the whole input stands for what would not tell them apart.
 */

export const virtualNetworkName = ({ name }: ClusterReference): string => `${name}-vnet`;
export const controlPlaneIdentityName = ({ name }: ClusterReference): string => `${name}-identity`;
export const kubeletIdentityName = ({ name }: ClusterReference): string => `${name}-kubelet`;

/** Name of a registry's second endpoint, where another registry's endpoint has the guide's name. */
export const endpointNameBesides = (registry: string): string => `${registry}-endpoint`;

/** Names that version 0.1 formed otherwise. */
export interface DefaultNames {
  registry: string;
  nodeResourceGroup: string;
}

/**
 * Registries have 5 to 50 letters and digits, in all of Azure. The names of cluster and group stand there without what separates
 * them: the hash alone tells `a-b` in `c` from `a` in `b-c`.
 */
export const registryName = (cluster: ClusterReference): string =>
  `${registryBeginning(cluster)}${hashOf(whole(cluster), 9)}x`;

/** The name that version 0.1 gave it: the beginning of the subscription ID in place of the hash, where the names fit. */
export function formerRegistryName(cluster: ClusterReference): string {
  const { subscriptionId, resourceGroup, name } = cluster;
  const fit = [resourceGroup, name].every((each) => plain(each).length <= 20 && /^[-\w]*$/.test(each));
  // A subscription ID has no x.
  return fit ? `${registryBeginning(cluster)}${subscriptionId.slice(0, 8).toLowerCase()}` : registryName(cluster);
}

const registryBeginning = ({ resourceGroup, name }: ClusterReference): string =>
  `${plain(name).slice(0, 20)}${plain(resourceGroup).slice(0, 20)}`;

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');

const whole = ({ subscriptionId, resourceGroup, name }: ClusterReference): string =>
  `${subscriptionId}/${resourceGroup}/${name}`.toLowerCase();

/**
 * AKS's own default while it has 80 characters at most, and no underscore that may be the group's or the cluster's. Source: AKS
 * docs, "What naming restrictions are enforced for AKS resources and parameters?".
 */
export function nodeResourceGroupName(cluster: ClusterReference, location: string): string {
  const isClear = !`${cluster.resourceGroup}${cluster.name}`.includes('_');
  return isClear ? formerNodeResourceGroupName(cluster, location) : hashedGroupName(cluster, location);
}

/** The name that version 0.1 gave it. */
export function formerNodeResourceGroupName(cluster: ClusterReference, location: string): string {
  const name = aksGroupName(cluster, location);
  return name.length <= 80 ? name : hashedGroupName(cluster, location);
}

const aksGroupName = ({ resourceGroup, name }: ClusterReference, location: string): string =>
  `MC_${resourceGroup}_${name}_${location}`;

// A region has no hyphen.
const hashedGroupName = (cluster: ClusterReference, location: string): string =>
  `${aksGroupName(cluster, location).slice(0, 70)}-${hashOf(whole(cluster), 9)}`;

/**
 * Name of the pool that takes the load while another one is made anew: 12 lower-case letters and digits at most, 6 for Windows.
 * Four digits of a hash may be the same for two of a hundred pools, so that a plan looks for that.
 */
export function temporaryPoolName({ name, osType }: { name: string; osType: string }): string {
  const isWindows = osType === 'Windows';
  if (name.length <= (isWindows ? 3 : 9)) return `tmp${name}`;
  // A pool's name begins with a letter.
  return isWindows ? `t0${hashOf(name, 4)}` : `tmp0${hashOf(name, 8)}`;
}

/** FNV-1a with 64 bits, in digits and lower-case letters. The workflow sandbox has none of Node's hashes. */
function hashOf(text: string, length: number): string {
  const hash = [...text].reduce(
    (sum, character) => BigInt.asUintN(64, (sum ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n),
    0xcbf29ce484222325n,
  );
  return hash.toString(36).padStart(length, '0').slice(-length);
}
