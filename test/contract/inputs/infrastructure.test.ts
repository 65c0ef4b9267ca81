import { describe, expect, it } from '@jest/globals';
import { given, inputProblems, parsed } from './support.ts';

const resource = (type: string, name: string) =>
  `/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg/providers/${type}/${name}`;
const vnetId = resource('Microsoft.Network/virtualNetworks', 'vnet');
const registryId = resource('Microsoft.ContainerRegistry/registries', 'registry');
const endpointId = resource('Microsoft.Network/privateEndpoints', 'endpoint');
const zoneId = resource('Microsoft.Network/privateDnsZones', 'privatelink.azurecr.io');
const identityId = resource('Microsoft.ManagedIdentity/userAssignedIdentities', 'identity');
const own = (changes: Record<string, unknown> = {}, more: Record<string, unknown> = {}): unknown =>
  given({ registry: { mode: 'bringYourOwn', ...changes }, ...more });
const network = (changes: Record<string, unknown>): unknown => own({}, { network: changes });

const refused: [where: string, problem: RegExp, whatToDo: RegExp, value: unknown][] = [
  ['registry.mode', /not an allowed registry/, /managed.*bringYourOwn/, given({ registry: { mode: 'shared' } })],
  [
    'registry.containerRegistryId',
    /not the resource ID of a Microsoft.ContainerRegistry/,
    /az acr show/,
    own({ containerRegistryId: vnetId }),
  ],
  [
    'registry.name',
    /given beside containerRegistryId/,
    /Remove one/,
    own({ containerRegistryId: registryId, name: 'registry' }),
  ],
  ...['four', 'Upper', 'with-hyphen', 'x'.repeat(51)].map((name): [string, RegExp, RegExp, unknown] => [
    'registry.name',
    /not a registry name/,
    /5 to 50/,
    own({ name }),
  ]),
  [
    'registry.privateEndpoint.resourceId',
    /not the resource ID/,
    /private-endpoint show/,
    own({ privateEndpoint: { resourceId: vnetId } }),
  ],
  [
    'registry.privateEndpoint.name',
    /given beside resourceId/,
    /Remove one/,
    own({ privateEndpoint: { resourceId: endpointId, name: 'endpoint' } }),
  ],
  [
    'registry.privateEndpoint.connectionName',
    /not a private endpoint connection name/,
    /1 to 80/,
    own({ privateEndpoint: { connectionName: '.' } }),
  ],
  [
    'registry.privateDnsZone.resourceId',
    /not the resource ID/,
    /private-dns zone show/,
    own({ privateDnsZone: { resourceId: vnetId } }),
  ],
  [
    'registry.privateDnsZone.resourceId',
    /not a zone for registries/,
    /privatelink.azurecr.io/,
    own({ privateDnsZone: { resourceId: zoneId.replace('azurecr', 'blob') } }),
  ],
  [
    'registry.privateDnsZone.linkName',
    /not a virtual network link name/,
    /1 to 80/,
    own({ privateDnsZone: { linkName: '-' } }),
  ],
  ['registry.name', /unknown key/, /Remove/, given({ registry: { mode: 'managed', name: 'registry' } })],
  [
    'network.virtualNetworkId',
    /not the resource ID/,
    /az network vnet show/,
    network({ virtualNetworkId: registryId }),
  ],
  ['network.name', /given beside virtualNetworkId/, /Remove one/, network({ virtualNetworkId: vnetId, name: 'vnet' })],
  ['network.addressPrefixes', /no address range/, /at least one/, network({ addressPrefixes: [] })],
  ...['192.168.1.0', '192.168.1.1/24', '192.168.300.0/24', 'fd00::/64', '192.168.1.0/33'].map(
    (addressPrefix): [string, RegExp, RegExp, unknown] => [
      'network.nodeSubnet.addressPrefix',
      /not an IPv4 range/,
      /CIDR/,
      network({ nodeSubnet: { addressPrefix } }),
    ],
  ),
  ['network.nodeSubnet.name', /not a subnet name/, /1 to 80/, network({ nodeSubnet: { name: 'ends-' } })],
  ['network.nodeSubnet.size', /unknown key/, /Remove/, network({ nodeSubnet: { size: 24 } })],
  ['network.registrySubnet', /given with a managed registry/, /Remove/, given({ network: { registrySubnet: {} } })],
  ['network.apiServerSubnet', /without API server VNet integration/, /Remove/, network({ apiServerSubnet: {} })],
  ['identity.type', /cannot be given roles/, /UserAssigned/, own({}, { identity: { type: 'SystemAssigned' } })],
  [
    'identity.type',
    /cannot be given roles/,
    /UserAssigned/,
    given({ network: {}, identity: { type: 'SystemAssigned' } }),
  ],
  [
    'identity.name',
    /given beside resourceId/,
    /Remove one/,
    own({}, { identity: { type: 'UserAssigned', resourceId: identityId, name: 'abc' } }),
  ],
  ['kubeletIdentity', /given with a managed registry/, /Remove/, given({ kubeletIdentity: {} })],
  ['kubeletIdentity.name', /not an identity name/, /3 to 128/, own({}, { kubeletIdentity: { name: 'ab' } })],
  [
    'kubeletIdentity.name',
    /given beside resourceId/,
    /Remove one/,
    own({}, { kubeletIdentity: { resourceId: identityId, name: 'abc' } }),
  ],
  [
    'outboundType',
    /in a network that AKS manages only/,
    /none/,
    own({}, { profile: 'preview', outboundType: 'block' }),
  ],
  ['rolePropagationTimeoutMinutes', /too short/, /more than 0/, own({}, { rolePropagationTimeoutMinutes: 0 })],
  ['rolePropagationTimeoutMinutes', /too long/, /at most 120/, own({}, { rolePropagationTimeoutMinutes: 121 })],
];

describe("the input for one's own registry", () => {
  it.each(refused)('is refused at %s: %s', (where, problem, whatToDo, value) => {
    expect(inputProblems(value)).toEqual([
      { where, problem: expect.stringMatching(problem), whatToDo: expect.stringMatching(whatToDo) },
    ]);
  });

  it.each([
    ['nothing but the mode', own()],
    [
      'everything by resource ID',
      own(
        {
          containerRegistryId: registryId,
          privateEndpoint: { resourceId: endpointId },
          privateDnsZone: { resourceId: zoneId },
        },
        {
          network: { virtualNetworkId: vnetId },
          identity: { type: 'UserAssigned', resourceId: identityId },
          kubeletIdentity: { resourceId: identityId },
        },
      ),
    ],
    ['a network for a managed registry', given({ network: { name: 'vnet' } })],
    ['a subnet for the API server', own({}, { apiServerAccess: 'vnetIntegration', network: { apiServerSubnet: {} } })],
  ])('may be %s', (_what, value) => {
    expect(inputProblems(value)).toEqual([]);
  });

  it("gets the guide's names as defaults", () => {
    expect(parsed(own({}, { network: { registrySubnet: {} } }))).toMatchObject({
      registry: {
        mode: 'bringYourOwn',
        privateEndpoint: { connectionName: 'myConnection' },
        privateDnsZone: { linkName: 'MyDNSLink' },
      },
      network: { nodeSubnet: { name: 'aks-subnet' }, registrySubnet: { name: 'acr-subnet' } },
    });
  });
});
