import type { ParsedChangeRegistryInput, ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import { endpointNameBesides } from '../../resources/derivedNames.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { poolSubnets } from '../../resources/discovery.ts';
import { type ClusterReference, parentId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import {
  givenById,
  guidesEndpoint,
  inGroupOf,
  nothingWanted,
  privateEndpointType,
  type WantedInfrastructure,
  type WantedSubnet,
  wantedRegistry,
} from '../infrastructure/wanted.ts';

/** Whether the nodes are in a network of one's own, so that its subnets can be changed. */
export const hasNoManagedNetwork = ({ managedNetworkId }: ExistingClusterFacts): boolean =>
  managedNetworkId === undefined;

/** The infrastructure that an update of the cluster wants. */
export function wantedByUpdate(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  seen: ExistingClusterFacts,
  closesEgress: boolean,
): WantedInfrastructure {
  if (!seen.cluster) return nothingWanted;
  const nodeSubnetIds = poolSubnets(seen, ['vnetSubnetId']);
  const [first] = nodeSubnetIds;
  const network = first === undefined ? undefined : { virtualNetworkId: parentId(first), nodeSubnetIds, closesEgress };
  return wantedForExistingCluster(input, seen.cluster, seen, network);
}

/** Whether the cluster boots its nodes from the wanted registry already. */
export const bootsFromWanted = (found: ClusterFacts, { registry }: WantedInfrastructure): boolean =>
  found.artifactSource === 'Cache' &&
  (registry ? sameResourceId(found.containerRegistryId, registry.id) : hasManagedRegistry(found));

/** The network that the cluster is in, and what a scenario wants of it. */
interface ExistingNetwork {
  /** Resource ID. */
  virtualNetworkId: string;
  /** Subnets of the nodes, by resource ID. */
  nodeSubnetIds: readonly string[];
  /** Whether the nodes' subnets are to lose their default outbound access. */
  closesEgress: boolean;
}

/**
 * The infrastructure that an existing cluster gets: a registry of one's own in the network and for the kubelet identity that
 * the cluster has. Guide: bring your own ACR, "Update an existing AKS cluster".
 */
function wantedForExistingCluster(
  { cluster, registry, network }: RegistryChangeInput,
  found: ClusterFacts,
  { registryEndpointIds, names }: Pick<ExistingClusterFacts, 'registryEndpointIds' | 'names'>,
  context: ExistingNetwork | undefined,
): WantedInfrastructure {
  const ownRegistry = registry?.mode === 'bringYourOwn' ? registry : undefined;
  const virtualNetwork = context && wantedNetwork(context, network, ownRegistry !== undefined);
  const wanted: WantedInfrastructure = { ...(virtualNetwork && { virtualNetwork }), identities: {} };
  if (!ownRegistry) return wanted;
  const kubelet = found.kubeletIdentityId;
  const own = wantedRegistry(cluster, ownRegistry, guidesEndpoint, names);
  // The old registry's endpoint stays until the nodes have left that registry, so the new endpoint gets another name. A later
  // run finds it under that name.
  const besides = endpointNameBesides(resourceReference(own.registry.id).name);
  const boots = sameResourceId(found.containerRegistryId, own.registry.id);
  const isBesides =
    boots &&
    registryEndpointIds.some((id) => sameResourceId(id, inGroupOf(cluster)(privateEndpointType, besides, '').id));
  const replaces = found.containerRegistryId !== undefined && (!boots || isBesides);
  return {
    ...wanted,
    ...(replaces ? wantedRegistry(cluster, ownRegistry, besides, names) : own),
    identities: kubelet === undefined ? {} : { kubelet: givenById(kubelet, 'cluster') },
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
    // The endpoint may share the nodes' subnet. If that loses its outbound access, it is listed already.
    ...(ownRegistry && forRegistry && !(closesEgress && !registrySubnet)
      ? [{ ...forRegistry, use: 'registrySubnet' as const }]
      : []),
  ];
  return subnets.length === 0 ? undefined : { ...givenById(id, 'cluster'), subnets };
}
