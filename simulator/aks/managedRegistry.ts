import { randomUUID } from 'node:crypto';
import type { World } from '../arm/world.ts';

interface Wanted {
  readonly registryId: string;
  readonly group: string;
  readonly location: string;
  readonly subnet: string;
  readonly vnet: string;
  readonly addresses: { readonly data: string; readonly registry: string };
}

/**
 * The registry AKS makes for a cluster, with its cache rule, private endpoint, interface and DNS zone. The registry's
 * name is recorded (32 hex digits); the names of the rest are in no recording and therefore modelled.
 */
export function createRegistryWithEndpoint(world: World, wanted: Wanted): void {
  const { registryId, group, location, subnet, vnet, addresses } = wanted;
  const name = registryId.split('/').at(-1) ?? '';
  const preview = world.edition === '2024-preview';
  const now = world.clock.now().toISOString();
  const network = `${group}/providers/Microsoft.Network`;
  const endpointId = `${network}/privateEndpoints/aks-managed-registry-pe`;
  const interfaceId = `${network}/networkInterfaces/aks-managed-registry-pe.nic.${randomUUID()}`;
  const fqdns = { registry: `${name}.azurecr.io`, data: `${name}.${location}.data.azurecr.io` };
  const approved = { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };

  put(world, registryId, 'Microsoft.ContainerRegistry/registries', {
    location,
    tags: {},
    sku: { name: 'Premium', tier: 'Premium' },
    properties: {
      loginServer: fqdns.registry,
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
      privateEndpointConnections: [
        {
          id: `${registryId}/privateEndpointConnections/${randomUUID().replaceAll('-', '')}`,
          type: 'Microsoft.ContainerRegistry/registries/privateEndpointConnections',
          properties: {
            provisioningState: 'Succeeded',
            privateEndpoint: { id: endpointId },
            privateLinkServiceConnectionState: approved,
          },
        },
      ],
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
  put(world, endpointId, 'Microsoft.Network/privateEndpoints', {
    location,
    properties: {
      provisioningState: 'Succeeded',
      resourceGuid: randomUUID(),
      subnet: { id: subnet },
      networkInterfaces: [{ id: interfaceId }],
      customNetworkInterfaceName: '',
      ipConfigurations: [],
      privateLinkServiceConnections: [
        {
          name: 'aks-managed-registry',
          properties: {
            provisioningState: 'Succeeded',
            privateLinkServiceId: registryId,
            groupIds: ['registry'],
            privateLinkServiceConnectionState: approved,
          },
        },
      ],
      manualPrivateLinkServiceConnections: [],
      customDnsConfigs: [
        { fqdn: fqdns.data, ipAddresses: [addresses.data] },
        { fqdn: fqdns.registry, ipAddresses: [addresses.registry] },
      ],
    },
  });
  const member = (requiredMemberName: string, primary: boolean, address: string, fqdn: string) => ({
    name: `privateEndpointIpConfig.${randomUUID()}`,
    properties: {
      provisioningState: 'Succeeded',
      privateIPAddress: address,
      privateIPAllocationMethod: 'Dynamic',
      primary,
      subnet: { id: subnet },
      privateLinkConnectionProperties: { groupId: 'registry', requiredMemberName, fqdns: [fqdn] },
    },
  });
  put(world, interfaceId, 'Microsoft.Network/networkInterfaces', {
    location,
    kind: 'Regular',
    managedBy: endpointId,
    properties: {
      provisioningState: 'Succeeded',
      privateEndpoint: { id: endpointId },
      macAddress: '',
      nicType: 'Standard',
      ipConfigurations: [
        member(`registry_data_${location}`, true, addresses.data, fqdns.data),
        member('registry', false, addresses.registry, fqdns.registry),
      ],
    },
  });
  const zone = `${network}/privateDnsZones/privatelink.azurecr.io`;
  const zoneType = 'Microsoft.Network/privateDnsZones';
  put(world, zone, zoneType, {
    location: 'global',
    etag: randomUUID(),
    properties: {
      maxNumberOfRecordSets: 25000,
      maxNumberOfVirtualNetworkLinks: 1000,
      maxNumberOfVirtualNetworkLinksWithRegistration: 100,
      numberOfRecordSets: 3,
      numberOfVirtualNetworkLinks: 1,
      numberOfVirtualNetworkLinksWithRegistration: 0,
      provisioningState: 'Succeeded',
    },
  });
  put(world, `${zone}/virtualNetworkLinks/aks-managed-registry-link`, `${zoneType}/virtualNetworkLinks`, {
    location: 'global',
    etag: `"${randomUUID()}"`,
    properties: {
      registrationEnabled: false,
      resolutionPolicy: 'Default',
      virtualNetwork: { id: vnet },
      virtualNetworkLinkState: 'Completed',
      provisioningState: 'Succeeded',
    },
  });
  for (const [record, address] of [
    [name, addresses.registry],
    [`${name}.${location}.data`, addresses.data],
  ] as const) {
    put(world, `${zone}/A/${record}`, `${zoneType}/A`, {
      etag: randomUUID(),
      properties: {
        fqdn: `${record}.privatelink.azurecr.io.`,
        ttl: 3600,
        isAutoRegistered: false,
        aRecords: [{ ipv4Address: address }],
      },
    });
  }
}

function put(world: World, id: string, type: string, body: Record<string, unknown>): void {
  world.store.put(id, type, { id, name: id.split('/').at(-1), type, ...body });
}
