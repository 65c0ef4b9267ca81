import { nameOf } from '../../arm/ids.ts';
import type { World } from '../../arm/world.ts';
import { endpointAddresses } from '../network/endpointMembers.ts';
import { createLinkedZone } from '../network/privateDnsZones.ts';
import { createEndpoint } from '../network/privateEndpoints.ts';

interface Wanted {
  readonly registryId: string;
  readonly group: string;
  readonly location: string;
  readonly subnet: string;
  readonly vnet: string;
}

/**
 * The registry AKS makes for a cluster, with its cache rule, private endpoint, interface and DNS zone. The registry's
 * name is recorded (32 hex digits); the names of the rest are in no recording and therefore modelled.
 */
export function createRegistryWithEndpoint(world: World, wanted: Wanted): void {
  const { registryId, group, location, subnet, vnet } = wanted;
  const name = nameOf(registryId);
  const preview = world.edition === '2024-preview';
  const now = world.clock.now().toISOString();
  put(world, registryId, 'Microsoft.ContainerRegistry/registries', {
    location,
    tags: {},
    sku: { name: 'Premium', tier: 'Premium' },
    properties: {
      loginServer: `${name}.azurecr.io`,
      creationDate: now,
      provisioningState: 'Succeeded',
      adminUserEnabled: false,
      // Until the AKS release of 2025-03-16 nodes pulled anonymously, under the source's own names.
      anonymousPullEnabled: preview,
      publicNetworkAccess: 'Disabled',
      networkRuleBypassOptions: 'AzureServices',
      networkRuleSet: { defaultAction: 'Deny', ipRules: [] },
      dataEndpointEnabled: false,
      dataEndpointHostNames: [],
      zoneRedundancy: 'Disabled',
      encryption: { status: 'disabled' },
    },
  });
  put(world, `${registryId}/cacheRules/aks-managed-mcr`, 'Microsoft.ContainerRegistry/registries/cacheRules', {
    properties: {
      sourceRepository: 'mcr.microsoft.com/*',
      targetRepository: preview ? '*' : 'aks-managed-repository/*',
      creationDate: now,
      provisioningState: 'Succeeded',
    },
  });
  const endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/aks-managed-registry-pe`;
  createEndpoint(world, { id: endpoint, location, subnet, registryId, connectionName: 'aks-managed-registry' });
  const addresses = Object.entries(endpointAddresses(world, registryId, vnet)).map(
    ([host, [address = '']]) => [host.replace(/\.azurecr\.io$/, ''), address] as const,
  );
  const zone = `${group}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io`;
  const records = Object.fromEntries(addresses.sort(([a], [b]) => a.localeCompare(b)));
  createLinkedZone(world, zone, { name: 'aks-managed-registry-link', vnet }, records);
}

function put(world: World, id: string, type: string, body: Record<string, unknown>): void {
  world.store.put(id, type, { id, name: nameOf(id), type, ...body });
}
