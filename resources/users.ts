import { isWithin, keyOf, parentId, sameResourceId } from './ids.ts';
import { type Unread, unreadTexts } from './unread.ts';

/** The resources around a cluster that it names. */
export interface ClusterReferences {
  id: string;
  nodeResourceGroupId: string;
  /** The registry that its nodes boot from. */
  registryId?: string;
  controlPlaneIdentityIds: string[];
  controlPlanePrincipalIds: string[];
  kubeletIdentityId?: string;
  kubeletPrincipalId?: string;
  /** Subnets of its nodes, of its pods and of its API server. */
  subnetIds: string[];
}

/** The clusters that the worker may list, and the subscriptions whose clusters it may not. */
export interface ClustersSeen {
  clusters: ClusterReferences[];
  /** Subscription IDs, lower case. */
  unlisted: string[];
  /** The same, with the reason, and subscriptions that were not asked. */
  unread: Unread[];
}

/** The users of a resource beside the cluster that it was made for. */
export interface Users {
  /** In words, each with the ID of the user. */
  users: string[];
  /** IDs of the subscriptions whose clusters could not be asked although the resource or its cluster is in them. */
  unchecked: string[];
  /** Other parts that would tell, and could not be read. Left out where all was read, and by earlier versions. */
  unread?: Unread[];
}

/** Why nobody can tell who uses a resource; `undefined` where all that would tell was read. */
export function unknownUsers({ unchecked, unread = [] }: Users): string | undefined {
  const subscriptions = unchecked.map((id) => `/subscriptions/${id}`).join(', ');
  const why = [
    ...(unchecked.length > 0 ? [`the clusters in ${subscriptions} may not be listed`] : []),
    ...unreadTexts(unread),
  ];
  return why.length > 0 ? why.join('; ') : undefined;
}

/** Resources that only those use who are named beside them. */
export const nobody: Users = { users: [], unchecked: [] };

const bootsFrom = ({ registryId }: ClusterReferences, id: string): boolean => sameResourceId(registryId, id);

/** Whether a cluster has nodes, pods or its API server in a network: in its own, or in that which AKS manages for it. */
const isInNetwork = ({ subnetIds, nodeResourceGroupId }: ClusterReferences, networkId: string): boolean =>
  subnetIds.some((id) => isWithin(id, networkId)) || isWithin(networkId, nodeResourceGroupId);

/** Clusters whose nodes boot from a registry, or pull from it: their kubelet identity is among the holders of its roles. */
export const usersOfRegistry = (
  id: string,
  clusters: readonly ClusterReferences[],
  holders: readonly string[],
): string[] =>
  clusters.flatMap((cluster) => {
    if (bootsFrom(cluster, id)) return `the nodes of ${cluster.id} boot from it`;
    const pulls = holders.some((holder) => sameResourceId(holder, cluster.kubeletPrincipalId));
    return pulls ? `the nodes of ${cluster.id} pull from it` : [];
  });

export const usersOfIdentity = (id: string, clusters: readonly ClusterReferences[]): string[] =>
  clusters.flatMap((cluster) => [
    ...(cluster.controlPlaneIdentityIds.some((each) => sameResourceId(each, id))
      ? [`it is the control plane identity of ${cluster.id}`]
      : []),
    ...(sameResourceId(cluster.kubeletIdentityId, id) ? [`it is the kubelet identity of ${cluster.id}`] : []),
  ]);

/** @param id Resource ID of a network or of a subnet. */
export const usersOfNetwork = (id: string, clusters: readonly ClusterReferences[]): string[] =>
  clusters.flatMap((cluster) => {
    const subnets = cluster.subnetIds.filter((subnet) => isWithin(subnet, id));
    return subnets.length > 0 ? `${cluster.id} uses ${[...new Set(subnets)].join(', ')}` : [];
  });

/** An endpoint of a registry, by the network that it is in. */
export interface EndpointPlace {
  id: string;
  subnetId: string;
}

/** Clusters that reach their registry by an endpoint: those in its network, and those whose network has no other. */
export const usersOfEndpoint = (
  { id, subnetId }: EndpointPlace,
  registryId: string,
  others: readonly EndpointPlace[],
  clusters: readonly ClusterReferences[],
): string[] =>
  clusters
    .filter((cluster) => bootsFrom(cluster, registryId))
    .filter((cluster) => {
      const isThere = (endpoint: EndpointPlace) => isInNetwork(cluster, parentId(endpoint.subnetId));
      const elsewhere = others.filter((other) => !sameResourceId(other.id, id));
      return isThere({ id, subnetId }) || !elsewhere.some(isThere);
    })
    .map((cluster) => `the nodes of ${cluster.id} reach their registry by it`);

/** Clusters in a network that find their registry by the zone that the network is linked to. */
export const usersOfZoneLink = (virtualNetworkId: string, clusters: readonly ClusterReferences[]): string[] =>
  clusters
    .filter((cluster) => cluster.registryId !== undefined && isInNetwork(cluster, virtualNetworkId))
    .map((cluster) => `the nodes of ${cluster.id} find their registry by it`);

/**
 * Clusters whose registry has a record, in networks that are linked to its zone.
 *
 * @param name Of the record: the registry's, or that of one of its data endpoints.
 */
export const usersOfRecord = (
  name: string,
  linkedNetworks: readonly string[],
  clusters: readonly ClusterReferences[],
): string[] =>
  clusters
    // The name of a registry has no dash: what comes after one is the hash of its domain name label scope.
    .filter(({ registryId = '' }) => keyOf(registryId.split('/').at(-1) ?? '') === keyOf(name.split(/[.-]/)[0] ?? ''))
    .filter((cluster) => linkedNetworks.some((network) => isInNetwork(cluster, network)))
    .map((cluster) => `the nodes of ${cluster.id} find their registry by it`);

/** Clusters whose identity holds a role, and which name the role's scope. */
export const usersOfRole = (scope: string, principalId: string, clusters: readonly ClusterReferences[]): string[] =>
  clusters
    .filter(({ controlPlanePrincipalIds, kubeletPrincipalId, registryId, kubeletIdentityId, subnetIds }) => {
      const isAt = (...ids: (string | undefined)[]) => ids.some((id) => sameResourceId(id, scope));
      const holds = (...ids: (string | undefined)[]) => ids.some((id) => sameResourceId(id, principalId));
      return (
        (holds(kubeletPrincipalId) && isAt(registryId)) ||
        (holds(...controlPlanePrincipalIds) && isAt(kubeletIdentityId, ...subnetIds))
      );
    })
    .map(({ id }) => `${id} needs it`);
