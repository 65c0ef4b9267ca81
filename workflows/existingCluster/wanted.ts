import type { ParsedChangeRegistryInput, ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterReference, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import {
  endpointType,
  given,
  guidesEndpoint,
  inGroupOf,
  nothingWanted,
  type WantedInfrastructure,
  type WantedSubnet,
  wantedRegistry,
} from '../infrastructure/wanted.ts';
import { networkOf, nodeSubnets } from './facts.ts';

/** Whether the nodes are in a network of one's own. */
export const hasNoManagedNetwork = ({ managedNetworkId }: ExistingClusterFacts): boolean =>
  managedNetworkId === undefined;

/** What an update is about. */
export function wantedByUpdate(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  seen: ExistingClusterFacts,
  closesEgress: boolean,
): WantedInfrastructure {
  if (!seen.cluster) return nothingWanted;
  const nodeSubnetIds = nodeSubnets(seen);
  const [first] = nodeSubnetIds;
  const network = first === undefined ? undefined : { virtualNetworkId: networkOf(first), nodeSubnetIds, closesEgress };
  return wantedForExistingCluster(input, seen.cluster, seen.registryEndpointIds, network);
}

/** Whether the cluster is told already to boot its nodes from the registry that is wanted. */
export const bootsFromWanted = (found: ClusterFacts, { registry }: WantedInfrastructure): boolean =>
  found.artifactSource === 'Cache' &&
  (registry ? sameResourceId(found.containerRegistryId, registry.id) : hasManagedRegistry(found));

/** What a scenario does with the network that its cluster is in. */
interface ExistingNetwork {
  /** Resource ID. */
  virtualNetworkId: string;
  /** Subnets of the nodes, by resource ID. */
  nodeSubnetIds: readonly string[];
  /** The nodes' subnets are to have no default outbound access. */
  closesEgress: boolean;
}

/**
 * What an update of a cluster that is there is about: a registry of one's own in the cluster's own network, for the kubelet
 * identity that it has. Guide: bring your own ACR, "Update an existing AKS cluster".
 */
function wantedForExistingCluster(
  { cluster, registry, network }: RegistryChangeInput,
  found: ClusterFacts,
  registryEndpointIds: readonly string[],
  context: ExistingNetwork | undefined,
): WantedInfrastructure {
  const ownRegistry = registry?.mode === 'bringYourOwn' ? registry : undefined;
  const virtualNetwork = context && wantedNetwork(context, network, ownRegistry !== undefined);
  const wanted: WantedInfrastructure = { ...(virtualNetwork && { virtualNetwork }), identities: {} };
  if (!ownRegistry) return wanted;
  const kubelet = found.kubeletIdentityId;
  const own = wantedRegistry(cluster, ownRegistry, guidesEndpoint);
  // The endpoint of the registry that the cluster has stays until its nodes have left it. Once they have, the new one is found
  // under the name that it was given then.
  const besides = `${resourceReference(own.registry.id).name}-endpoint`;
  const boots = sameResourceId(found.containerRegistryId, own.registry.id);
  const isBesides =
    boots && registryEndpointIds.some((id) => sameResourceId(id, inGroupOf(cluster)(endpointType, besides, '').id));
  const replaces = found.containerRegistryId !== undefined && (!boots || isBesides);
  return {
    ...wanted,
    ...(replaces ? wantedRegistry(cluster, ownRegistry, besides) : own),
    identities: kubelet === undefined ? {} : { kubelet: given(kubelet, 'cluster') },
  };
}

interface RegistryChangeInput {
  cluster: ClusterReference;
  registry?: RegistryInput;
  network?: { registrySubnet?: { name: string; addressPrefix?: string } };
}

function wantedNetwork(
  { virtualNetworkId: id, nodeSubnetIds, closesEgress }: ExistingNetwork,
  network: RegistryChangeInput['network'],
  ownRegistry: boolean,
): WantedInfrastructure['virtualNetwork'] {
  const nodes = nodeSubnetIds.map((subnetId) => ({
    use: 'nodeSubnet' as const,
    id: subnetId,
    name: resourceReference(subnetId).name,
    where: 'cluster',
  }));
  const { registrySubnet } = network ?? {};
  const [first] = nodes;
  const forRegistry = registrySubnet
    ? { ...registrySubnet, id: `${id}/subnets/${registrySubnet.name}`, where: 'network.registrySubnet' }
    : first;
  const subnets: WantedSubnet[] = [
    ...(closesEgress ? nodes : []),
    // Azure takes endpoints among nodes as well, and what the nodes' subnet is to have goes first.
    ...(ownRegistry && forRegistry && !(closesEgress && !registrySubnet)
      ? [{ ...forRegistry, use: 'registrySubnet' as const }]
      : []),
  ];
  return subnets.length === 0 ? undefined : { ...given(id, 'cluster'), subnets };
}
