import { nameOf } from '../../arm/ids.ts';
import type { Body } from '../../arm/json.ts';
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

const endpointName = 'aks-managed-registry-pe';
const zoneName = 'privatelink.azurecr.io';

/** The resources that AKS makes for its registry, as policies see them before. */
export const managedRegistryResources = (world: World, registryId: string, group: string) =>
  [
    {
      id: registryId,
      type: 'Microsoft.ContainerRegistry/registries',
      body: { sku: { name: 'Premium' }, properties: registryProperties(world, registryId) },
    },
    {
      id: `${group}/providers/Microsoft.Network/privateEndpoints/${endpointName}`,
      type: 'Microsoft.Network/privateEndpoints',
      body: { properties: {} },
    },
    {
      id: `${group}/providers/Microsoft.Network/privateDnsZones/${zoneName}`,
      type: 'Microsoft.Network/privateDnsZones',
      body: { location: 'global' },
    },
  ] as const;

function registryProperties(world: World, registryId: string): Body {
  return {
    loginServer: `${nameOf(registryId)}.azurecr.io`,
    creationDate: world.clock.now().toISOString(),
    provisioningState: 'Succeeded',
    adminUserEnabled: false,
    // Until the AKS release of 2025-03-16 nodes pulled anonymously, under the source's own names.
    anonymousPullEnabled: world.edition === '2024-preview',
    publicNetworkAccess: 'Disabled',
    networkRuleBypassOptions: 'AzureServices',
    networkRuleSet: { defaultAction: 'Deny', ipRules: [] },
    policies: { azureADAuthenticationAsArmPolicy: { status: 'enabled' }, exportPolicy: { status: 'enabled' } },
    dataEndpointEnabled: false,
    dataEndpointHostNames: [],
    zoneRedundancy: 'Disabled',
    encryption: { status: 'disabled' },
    roleAssignmentMode: 'LegacyRegistryPermissions',
  };
}

/**
 * The registry AKS makes for a cluster, with its cache rule, private endpoint, interface and DNS zone. The registry's
 * name is recorded (32 hex digits); the names of the rest are in no recording and therefore modelled.
 */
export function createRegistryWithEndpoint(world: World, wanted: Wanted): void {
  const { registryId, group, location, subnet, vnet } = wanted;
  const preview = world.edition === '2024-preview';
  const now = world.clock.now().toISOString();
  put(world, registryId, 'Microsoft.ContainerRegistry/registries', {
    location,
    tags: {},
    sku: { name: 'Premium', tier: 'Premium' },
    properties: registryProperties(world, registryId),
  });
  put(world, `${registryId}/cacheRules/aks-managed-mcr`, 'Microsoft.ContainerRegistry/registries/cacheRules', {
    properties: {
      sourceRepository: 'mcr.microsoft.com/*',
      targetRepository: preview ? '*' : 'aks-managed-repository/*',
      creationDate: now,
      provisioningState: 'Succeeded',
    },
  });
  const endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/${endpointName}`;
  createEndpoint(world, { id: endpoint, location, subnet, registryId, connectionName: 'aks-managed-registry' });
  const addresses = Object.entries(endpointAddresses(world, registryId, vnet)).map(
    ([host, [address = '']]) => [host.replace(/\.azurecr\.io$/, ''), address] as const,
  );
  const zone = `${group}/providers/Microsoft.Network/privateDnsZones/${zoneName}`;
  const records = Object.fromEntries(addresses.sort(([a], [b]) => a.localeCompare(b)));
  createLinkedZone(world, zone, { name: 'aks-managed-registry-link', vnet }, records);
}

function put(world: World, id: string, type: string, body: Record<string, unknown>): void {
  world.store.put(id, type, { id, name: nameOf(id), type, ...body });
}
