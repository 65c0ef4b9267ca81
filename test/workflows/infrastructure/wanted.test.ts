import { describe, expect, it } from '@jest/globals';
import { discoveryRequest } from '../../../workflows/newCluster/plan.ts';
import { given, parsed } from '../../contract/inputs/support.ts';
import { group, subscription } from '../support.ts';
import { ids, planOwnRegistry } from './support.ts';

const elsewhere = (type: string, name: string) => `${subscription}/resourceGroups/other/providers/${type}/${name}`;

describe('what is given by resource ID', () => {
  const vnet = elsewhere('Microsoft.Network/virtualNetworks', 'hub');
  const registry = elsewhere('Microsoft.ContainerRegistry/registries', 'shared');
  const endpoint = elsewhere('Microsoft.Network/privateEndpoints', 'theirs');
  const zone = elsewhere('Microsoft.Network/privateDnsZones', 'privatelink.azurecr.io');
  const controlPlane = elsewhere('Microsoft.ManagedIdentity/userAssignedIdentities', 'one');
  const kubelet = elsewhere('Microsoft.ManagedIdentity/userAssignedIdentities', 'two');
  const byId: [Record<string, unknown>, Record<string, unknown>] = [
    { containerRegistryId: registry, privateEndpoint: { resourceId: endpoint }, privateDnsZone: { resourceId: zone } },
    {
      network: { virtualNetworkId: vnet },
      identity: { type: 'UserAssigned', resourceId: controlPlane },
      kubeletIdentity: { resourceId: kubelet },
    },
  ];

  it('is looked at there, with its group and subscription for permissions', () => {
    const [own, input] = byId;
    const request = discoveryRequest(parsed(given({ registry: { mode: 'bringYourOwn', ...own }, ...input })));
    const subnetIds = ['aks-subnet', 'acr-subnet'].map((name) => `${vnet}/subnets/${name}`);
    expect(request.infrastructure).toEqual({
      subscriptionId: '11111111-1111-1111-1111-111111111111',
      location: 'westeurope',
      searchesZones: true,
      virtualNetworkId: vnet,
      subnetIds,
      registryId: registry,
      cacheRule: { name: 'aks-managed-mcr', targetRepository: 'aks-managed-repository/*' },
      privateEndpointId: endpoint,
      privateDnsZoneId: zone,
      zoneLinkName: 'MyDNSLink',
      identityIds: { controlPlane, kubelet },
      roleScopes: [
        { scope: `${vnet}/subnets/aks-subnet`, holder: 'controlPlane' },
        { scope: kubelet, holder: 'controlPlane' },
        { scope: registry, holder: 'kubelet' },
      ],
    });
    const resources = [vnet, ...subnetIds, registry, endpoint, zone, controlPlane, kubelet];
    const scopes = [subscription, group, `${subscription}/resourceGroups/other`, ...resources];
    expect([...request.allowances.scopes].sort()).toEqual(scopes.sort());
  });

  it('is never created: it must exist', () => {
    const { problems } = planOwnRegistry(...byId);
    const missing = problems.filter(({ problem }) => problem.includes('does not exist'));
    expect(missing.map(({ where }) => where)).toEqual([
      'network.virtualNetworkId',
      'registry.containerRegistryId',
      'registry.privateEndpoint.resourceId',
      'registry.privateDnsZone.resourceId',
      'identity.resourceId',
      'kubeletIdentity.resourceId',
    ]);
  });
});

describe('names', () => {
  it('of identities and endpoint are as given, in the resource group of the cluster', () => {
    const plan = planOwnRegistry(
      { name: 'myregistry', privateEndpoint: { name: 'pe', connectionName: 'c' }, privateDnsZone: { linkName: 'l' } },
      { identity: { type: 'UserAssigned', name: 'control' }, kubeletIdentity: { name: 'kub' } },
    );
    const { registry, privateEndpoint, zoneLink, identities } = plan.infrastructure;
    expect([
      registry?.id,
      privateEndpoint?.id,
      zoneLink?.id,
      identities.controlPlane?.id,
      identities.kubelet?.id,
    ]).toEqual([
      `${group}/providers/Microsoft.ContainerRegistry/registries/myregistry`,
      `${group}/providers/Microsoft.Network/privateEndpoints/pe`,
      `${ids.zone}/virtualNetworkLinks/l`,
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/control`,
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kub`,
    ]);
    expect(privateEndpoint?.connectionName).toBe('c');
    expect(plan.infrastructure.records.map(({ name }) => name)).toEqual(['myregistry', 'myregistry.westeurope.data']);
  });

  it.each([
    ['short ones', 'c', 'r', 'cr11111111'],
    ['some with hyphens and underscores', 'My_cluster-1', 'rg-1', 'mycluster1rg111111111'],
  ])('of a registry are made of those of cluster and group, if %s', (_what, name, resourceGroup, expected) => {
    const subscriptionId = '11111111-1111-1111-1111-111111111111';
    const { registry } = planOwnRegistry({}, { cluster: { subscriptionId, resourceGroup, name } }).infrastructure;
    expect(registry?.id.split('/').at(-1)).toBe(expected);
    expect(expected).toMatch(/^[a-z0-9]{5,50}$/);
  });
});
