import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import { defaultNetwork, type PrivateDns, type RegistryInput } from '../../contract/inputs/infrastructure.ts';
import { type Profile, profileSetting } from '../../contract/profiles.ts';
import {
  controlPlaneIdentityName,
  type DefaultNames,
  formerRegistryName,
  kubeletIdentityName,
  virtualNetworkName,
} from '../../resources/derivedNames.ts';
import {
  type ClusterReference,
  parentId,
  resourceGroupId,
  resourceId,
  resourceReference,
} from '../../resources/ids.ts';
import type { InfrastructureRequest } from '../../resources/infrastructure.ts';
import { registryZoneName } from '../../resources/privateDns.ts';
import type { RoleHolder } from '../../resources/roles.ts';
import type { SubnetUse } from '../../resources/virtualNetworks.ts';

/** A resource that the scenario creates or adopts. */
export interface WantedResource {
  id: string;
  /** Given by resource ID: it is never created. */
  mustExist: boolean;
  /** Path in the input. */
  where: string;
}

export interface WantedSubnet {
  use: SubnetUse;
  id: string;
  name: string;
  /** As given. Left out: a subnet that is absent gets the default range. */
  addressPrefix?: string;
  where: string;
}

/** The infrastructure that a scenario creates, adopts or checks. A resource that it has no use for is left out. */
export interface WantedInfrastructure {
  virtualNetwork?: WantedResource & { addressPrefixes?: string[]; subnets: WantedSubnet[] };
  registry?: WantedResource;
  privateEndpoint?: WantedResource & { connectionName: string };
  privateDnsZone?: WantedResource & { linkName: string };
  identities: { [H in RoleHolder]?: WantedResource };
}

export const nothingWanted: WantedInfrastructure = { identities: {} };

/** The infrastructure of a new cluster. Every ID follows from the input, so that nothing has to be searched for. */
export function wantedInfrastructure(input: ParsedCreateClusterInput, names?: DefaultNames): WantedInfrastructure {
  const { cluster, registry, kubeletIdentity, identity } = input;
  const inGroup = inGroupOf(cluster);
  const wantedIdentity = (where: string, defaultName: string, by: { resourceId?: string; name?: string } = {}) =>
    by.resourceId === undefined
      ? inGroup('Microsoft.ManagedIdentity/userAssignedIdentities', by.name ?? defaultName, `${where}.name`)
      : givenById(by.resourceId, `${where}.resourceId`);

  const network = wantedNetworkOfInput(input, inGroup);
  const userAssigned = identity?.type === 'UserAssigned' ? identity : undefined;
  const controlPlane =
    userAssigned || network ? wantedIdentity('identity', controlPlaneIdentityName(cluster), userAssigned) : undefined;
  const wanted: WantedInfrastructure = {
    ...(network && { virtualNetwork: network }),
    identities: { ...(controlPlane && { controlPlane }) },
  };
  if (registry.mode === 'managed') return wanted;
  return {
    ...wanted,
    ...wantedRegistry(cluster, registry, guidesEndpoint, names),
    identities: {
      ...wanted.identities,
      kubelet: wantedIdentity('kubeletIdentity', kubeletIdentityName(cluster), kubeletIdentity),
    },
  };
}

export const inGroupOf =
  ({ subscriptionId, resourceGroup }: ClusterReference) =>
  (type: string, name: string, where: string): WantedResource => ({
    id: resourceId(subscriptionId, resourceGroup, type, name),
    mustExist: false,
    where,
  });

export const privateEndpointType = 'Microsoft.Network/privateEndpoints';
/** Guide: bring your own ACR, "Create a private endpoint". */
export const guidesEndpoint = 'myPrivateEndpoint';

/** Says by whom the registry's names come to lead to its endpoint; a registry that AKS manages has a zone of its own. */
export const privateDnsOf = (registry: RegistryInput): PrivateDns | undefined =>
  registry.mode === 'bringYourOwn' ? registry.privateDns : undefined;

type OwnRegistry = Extract<RegistryInput, { mode: 'bringYourOwn' }>;

/**
 * A registry of one's own, with the endpoint and the zone that make it reachable.
 *
 * @param names Left out by version 0.1.
 */
export function wantedRegistry(
  cluster: ClusterReference,
  { containerRegistryId, name, privateEndpoint: endpoint, privateDnsZone: zone, privateDns }: OwnRegistry,
  endpointName: string,
  names: DefaultNames | undefined,
): Required<Pick<WantedInfrastructure, 'registry' | 'privateEndpoint'>> & Pick<WantedInfrastructure, 'privateDnsZone'> {
  const inGroup = inGroupOf(cluster);
  return {
    registry: containerRegistryId
      ? givenById(containerRegistryId, 'registry.containerRegistryId')
      : inGroup(
          'Microsoft.ContainerRegistry/registries',
          name ?? names?.registry ?? formerRegistryName(cluster),
          'registry.name',
        ),
    privateEndpoint: {
      ...(endpoint.resourceId
        ? givenById(endpoint.resourceId, 'registry.privateEndpoint.resourceId')
        : inGroup(privateEndpointType, endpoint.name ?? endpointName, 'registry.privateEndpoint.name')),
      connectionName: endpoint.connectionName,
    },
    ...(privateDns !== 'managedElsewhere' && {
      privateDnsZone: {
        ...(zone.resourceId
          ? givenById(zone.resourceId, 'registry.privateDnsZone.resourceId')
          : inGroup('Microsoft.Network/privateDnsZones', registryZoneName, 'registry.privateDnsZone')),
        linkName: zone.linkName,
      },
    }),
  };
}

export const givenById = (id: string, where: string): WantedResource => ({ id, mustExist: true, where });

function wantedNetworkOfInput(
  { cluster, registry, network, apiServerAccess }: ParsedCreateClusterInput,
  inGroup: (type: string, name: string, where: string) => WantedResource,
): WantedInfrastructure['virtualNetwork'] {
  const ownRegistry = registry.mode === 'bringYourOwn';
  if (!network && !ownRegistry) return undefined;
  const wanted: WantedResource = network?.virtualNetworkId
    ? givenById(network.virtualNetworkId, 'network.virtualNetworkId')
    : inGroup('Microsoft.Network/virtualNetworks', network?.name ?? virtualNetworkName(cluster), 'network');
  const uses: SubnetUse[] = [
    'nodeSubnet',
    ...(ownRegistry ? (['registrySubnet'] as const) : []),
    ...(apiServerAccess === 'vnetIntegration' ? (['apiServerSubnet'] as const) : []),
  ];
  return {
    ...wanted,
    ...(network?.addressPrefixes && { addressPrefixes: network.addressPrefixes }),
    subnets: uses.map((use) => {
      const subnet = network?.[use] ?? { name: defaultNetwork[use].name };
      return { ...subnet, use, id: `${wanted.id}/subnets/${subnet.name}`, where: `network.${use}` };
    }),
  };
}

/** Finds the subnet of a use. Schema and `wantedInfrastructure` make sure of it where it is needed. */
export const wantedSubnet = ({ virtualNetwork }: WantedInfrastructure, use: SubnetUse): WantedSubnet | undefined =>
  virtualNetwork?.subnets.find((subnet) => subnet.use === use);

/** Says who needs a role where. The role itself may depend on what discovery sees there. */
function roleScopes(wanted: WantedInfrastructure): InfrastructureRequest['roleScopes'] {
  const { identities, registry } = wanted;
  const nodes = wantedSubnet(wanted, 'nodeSubnet');
  const apiServer = wantedSubnet(wanted, 'apiServerSubnet');
  return [
    ...(nodes && identities.controlPlane ? [{ scope: nodes.id, holder: 'controlPlane' as const }] : []),
    ...(apiServer && identities.controlPlane ? [{ scope: apiServer.id, holder: 'controlPlane' as const }] : []),
    ...(identities.kubelet && identities.controlPlane
      ? [{ scope: identities.kubelet.id, holder: 'controlPlane' as const }]
      : []),
    ...(registry ? [{ scope: registry.id, holder: 'kubelet' as const }] : []),
  ];
}

/** The request of discovery and of the read-back. */
export function infrastructureRequest(
  { cluster: { subscriptionId }, profile }: { cluster: ClusterReference; profile: Profile },
  location: string,
  wanted: WantedInfrastructure,
): InfrastructureRequest {
  const { virtualNetwork, registry, privateEndpoint, privateDnsZone, identities } = wanted;
  const { controlPlane, kubelet } = identities;
  const { name, targetRepository } = profileSetting(profile, 'cacheRule');
  return {
    subscriptionId,
    location,
    ...(virtualNetwork && {
      virtualNetworkId: virtualNetwork.id,
      subnetIds: virtualNetwork.subnets.map(({ id }) => id),
    }),
    ...(registry && { registryId: registry.id, cacheRule: { name, targetRepository } }),
    ...(privateEndpoint && { privateEndpointId: privateEndpoint.id }),
    ...(privateDnsZone && { privateDnsZoneId: privateDnsZone.id, zoneLinkName: privateDnsZone.linkName }),
    identityIds: { ...(controlPlane && { controlPlane: controlPlane.id }), ...(kubelet && { kubelet: kubelet.id }) },
    roleScopes: roleScopes(wanted),
  };
}

/** Every resource whose permissions matter, with its group and its subscription. */
export function permissionScopes(cluster: ClusterReference, wanted: WantedInfrastructure): string[] {
  const { virtualNetwork, registry, privateEndpoint, privateDnsZone, identities } = wanted;
  const subnets = virtualNetwork?.subnets ?? [];
  const resources = [
    virtualNetwork,
    ...subnets,
    registry,
    privateEndpoint,
    privateDnsZone,
    ...Object.values(identities),
  ];
  const ids = resources.flatMap((wanted) => (wanted ? [wanted.id] : []));
  const groups = [cluster, ...ids.map(resourceReference)].map(({ subscriptionId, resourceGroup }) =>
    resourceGroupId(subscriptionId, resourceGroup),
  );
  const scopes = groups.flatMap((group) => [parentId(group), group]);
  return [...new Set([...scopes, ...ids])];
}
