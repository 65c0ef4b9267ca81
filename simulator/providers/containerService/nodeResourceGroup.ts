import type { World } from '../../arm/world.ts';
import { assignRole } from '../authorization/roleAssignments.ts';
import { builtInRoles } from '../authorization/roleDefinitions.ts';
import { isSingleMachines } from '../compute/poolSizes.ts';
import { createIdentity, identityIds } from '../managedIdentity/userAssignedIdentities.ts';
import { createVnet } from '../network/virtualNetworks.ts';
import { createGroup } from '../resources/resourceGroups.ts';
import { apiServerEndpoint, placeApiServerEndpoint } from './apiServerEndpoint.ts';
import { kubeletIdentityId } from './clusterResource.ts';
import { createRegistryWithEndpoint } from './managedRegistry.ts';
import { reconcileLockdown } from './nodeGroupAccess.ts';
import { openHolder, scale } from './nodes.ts';
import { reconcileOutbound } from './outbound.ts';
import type { ClusterBody } from './shapes.ts';
import { nodeGroupOf, poolsOf } from './stored.ts';
import { showMachines } from './virtualMachinePools.ts';

/**
 * Makes the node resource group, which is there from the start of the creation, and in a network of the owner's the endpoint of the
 * API server, which the first nodes ask for.
 */
export function openNodeGroup(world: World, cluster: ClusterBody): void {
  const id = nodeGroupOf(cluster);
  if (!world.store.get(id)) createGroup(world, id, cluster.location, cluster.id);
  const own = poolsOf(world, cluster.id)
    .map(({ properties }) => properties.vnetSubnetID)
    .find((subnet) => subnet);
  if (own) placeApiServerEndpoint(world, cluster, own);
}

/** Brings the node resource group in line with the cluster: adds what the cluster needs, removes what it no longer uses. */
export function reconcileNodeGroup(world: World, cluster: ClusterBody): void {
  const group = nodeGroupOf(cluster);
  const { properties, location } = cluster;
  const digits = String(Number.parseInt(properties.resourceUID.slice(-7), 16))
    .padStart(8, '0')
    .slice(-8);
  const pools = poolsOf(world, cluster.id);
  const place = (type: string, name: string, body: Record<string, unknown>) => {
    const id = `${group}/providers/${type}/${name}`;
    if (!world.store.get(id)) world.store.put(id, type, { id, name, type, location, ...body });
    return id;
  };

  const ownSubnet = pools.map((pool) => pool.properties.vnetSubnetID).find((subnet) => subnet);
  const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/aks-vnet-${digits}`;
  // Azure's own ranges for a managed network.
  if (!ownSubnet && !world.store.get(vnet)) {
    createVnet(world, vnet, location, '10.224.0.0/12', {
      // Microsoft Learn, "Customize cluster egress": since March 2026 AKS's own subnets have no default outbound access.
      'aks-subnet': { addressPrefix: '10.224.0.0/16', defaultOutboundAccess: false },
      ...(properties.apiServerAccessProfile?.enableVnetIntegration && {
        'aks-apiserver-subnet': {
          addressPrefix: '10.226.0.0/28',
          delegations: [
            { name: 'aks-delegation', properties: { serviceName: 'Microsoft.ContainerService/managedClusters' } },
          ],
        },
      }),
    });
  }
  const subnet = ownSubnet ?? `${vnet}/subnets/aks-subnet`;
  place('Microsoft.Network/networkSecurityGroups', `aks-agentpool-${digits}-nsg`, {
    properties: { provisioningState: 'Succeeded' },
  });
  for (const pool of pools) {
    scale(world, openHolder(world, cluster, pool, digits), pool.properties);
    if (isSingleMachines(pool.properties)) showMachines(world, cluster, pool.name);
  }
  if (!properties.identityProfile) createIdentity(world, kubeletIdentityId(cluster, group), location);

  reconcileOutbound(world, cluster, digits, subnet);
  placeApiServerEndpoint(world, cluster, subnet);
  reconcileRegistry(world, cluster, subnet, vnet);
  reconcileLockdown(world, cluster);
}

/** Where its registry outlives a cluster, the node resource group stays with nothing else in it. */
export function keepManagedRegistry(world: World, cluster: ClusterBody): void {
  const group = world.store.get(nodeGroupOf(cluster));
  const registries = group ? world.store.list('Microsoft.ContainerRegistry/registries', group.id) : [];
  if (!group || registries.length === 0 || world.settings.azure.managedRegistryOnDelete === 'goes') return;
  const { managedBy: _cluster, ...body } = group.body;
  world.store.put(group.id, group.type, body);
  const isKept = (id: string) => registries.some((registry) => `${id}/`.startsWith(`${registry.id}/`));
  for (const { id } of world.store.below(group.id)) if (!isKept(id)) world.remove(id);
}

/** The managed registry comes and goes with `bootstrapProfile`; a registry of one's own is never touched. */
function reconcileRegistry(world: World, cluster: ClusterBody, subnet: string, managedVnet: string): void {
  const group = nodeGroupOf(cluster);
  const wanted = cluster.properties.bootstrapProfile.containerRegistryId?.toLowerCase();
  const type = 'Microsoft.ContainerRegistry/registries';
  for (const registry of world.store.list(type, group)) {
    if (registry.id.toLowerCase() === wanted) return;
    const isReplaced = wanted?.startsWith(`${group.toLowerCase()}/`);
    if (world.settings.azure.managedRegistryOnChange === 'stays' && !isReplaced) continue;
    world.remove(registry.id);
    const keep = apiServerEndpoint(cluster);
    for (const nic of world.store.list('Microsoft.Network/networkInterfaces', group))
      if (nic.body.managedBy !== keep) world.remove(nic.id);
    for (const endpoint of world.store.list('Microsoft.Network/privateEndpoints', group))
      if (endpoint.id !== keep) world.remove(endpoint.id);
    world.remove(`${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`);
  }
  if (!wanted?.startsWith(`${group.toLowerCase()}/`)) return;
  const vnet = subnet.startsWith(managedVnet) ? managedVnet : subnet.split('/').slice(0, -2).join('/');
  const registryId = cluster.properties.bootstrapProfile.containerRegistryId ?? '';
  createRegistryWithEndpoint(world, { registryId, group, location: cluster.location, subnet, vnet });
  const kubelet = identityIds(
    world,
    cluster.properties.identityProfile?.kubeletidentity?.resourceId ?? kubeletIdentityId(cluster, group),
  );
  if (world.settings.azure.managedRegistryRole === 'kubelet' && kubelet)
    assignRole(world, registryId, builtInRoles.acrPull, kubelet.principalId);
}
