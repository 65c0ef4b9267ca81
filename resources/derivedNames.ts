import type { ClusterReference } from './ids.ts';

/**
 * Names that follow from others where the input gives none. A name follows from its input alone, so that every run finds what
 * an earlier one made. A hash of the whole input stands in for what does not fit, so that two inputs have two names.
 */

export const virtualNetworkName = ({ name }: ClusterReference): string => `${name}-vnet`;
export const controlPlaneIdentityName = ({ name }: ClusterReference): string => `${name}-identity`;
export const kubeletIdentityName = ({ name }: ClusterReference): string => `${name}-kubelet`;

/** Name of a registry's second endpoint, where another registry's endpoint has the guide's name. */
export const endpointNameBesides = (registry: string): string => `${registry}-endpoint`;

/**
 * Registries have 5 to 50 letters and digits, in all of Azure. Hyphens and underscores are left out without a hash, or nearly
 * every registry would have one; discovery finds a registry that is another cluster's.
 */
export function registryName(cluster: ClusterReference): string {
  const { subscriptionId, resourceGroup, name } = cluster;
  const [group, own] = [resourceGroup, name].map(plain) as [string, string];
  const beginning = `${own.slice(0, 20)}${group.slice(0, 20)}`;
  const isWhole = own.length <= 20 && group.length <= 20 && /^[-\w]*$/.test(`${resourceGroup}${name}`);
  // A subscription ID has no x.
  return isWhole
    ? `${beginning}${subscriptionId.slice(0, 8).toLowerCase()}`
    : `${beginning}${hashOf(whole(cluster), 9)}x`;
}

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');

const whole = ({ subscriptionId, resourceGroup, name }: ClusterReference): string =>
  `${subscriptionId}/${resourceGroup}/${name}`.toLowerCase();

/**
 * AKS's own default while it has 80 characters at most. Source: AKS docs, "What naming restrictions are enforced for AKS
 * resources and parameters?". Where an underscore belongs to the group or to the cluster it does not tell; discovery finds a
 * group that is there.
 */
export function nodeResourceGroupName(cluster: ClusterReference, location: string): string {
  const name = `MC_${cluster.resourceGroup}_${cluster.name}_${location}`;
  // A region has no hyphen.
  return name.length <= 80 ? name : `${name.slice(0, 70)}-${hashOf(whole(cluster), 9)}`;
}

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
