import type { Discovered } from '../../../resources/discovery.ts';
import type { InfrastructureFacts } from '../../../resources/infrastructure.ts';
import type { PrivateDnsZoneFacts } from '../../../resources/privateDns.ts';
import type { PrivateEndpointFacts } from '../../../resources/privateEndpoints.ts';
import type { RegistryFacts } from '../../../resources/registries.ts';
import { builtInRoles } from '../../../resources/roles.ts';
import type { SubnetFacts, VirtualNetworkFacts } from '../../../resources/virtualNetworks.ts';
import type { CreateClusterPlan } from '../../../workflows/newCluster/plan.ts';
import { group, groupThere, nothingThere, planCreate } from '../support.ts';

const provider = (type: string, name: string) => `${group}/providers/${type}/${name}`;
const identity = (name: string) => provider('Microsoft.ManagedIdentity/userAssignedIdentities', name);
const vnet = provider('Microsoft.Network/virtualNetworks', 'cluster-vnet');
const zone = provider('Microsoft.Network/privateDnsZones', 'privatelink.azurecr.io');
export const derivedRegistry = 'clusterrg11111111';
const registry = provider('Microsoft.ContainerRegistry/registries', derivedRegistry);

/** Resource IDs of the defaults for `cluster` in `rg`. */
export const ids = {
  vnet,
  nodeSubnet: `${vnet}/subnets/aks-subnet`,
  registrySubnet: `${vnet}/subnets/acr-subnet`,
  apiServerSubnet: `${vnet}/subnets/apiserver-subnet`,
  registry,
  cacheRule: `${registry}/cacheRules/aks-managed-mcr`,
  endpoint: provider('Microsoft.Network/privateEndpoints', 'myPrivateEndpoint'),
  zone,
  link: `${zone}/virtualNetworkLinks/MyDNSLink`,
  controlPlane: identity('cluster-identity'),
  kubelet: identity('cluster-kubelet'),
};

export const dataRecord = `${derivedRegistry}.westeurope.data`;
const succeeded = { provisioningState: 'Succeeded', marks: {} };

export const subnetThere = (name: string, changes: Partial<SubnetFacts> = {}): SubnetFacts => ({
  id: `${vnet}/subnets/${name}`,
  name,
  provisioningState: 'Succeeded',
  addressPrefixes: ['192.168.1.0/24'],
  defaultOutboundAccess: false,
  privateEndpointNetworkPolicies: 'Disabled',
  delegations: [],
  addressesInUse: 0,
  privateEndpoints: 0,
  ...changes,
});

export const networkThere = (...subnets: SubnetFacts[]): VirtualNetworkFacts => ({
  ...succeeded,
  id: vnet,
  location: 'westeurope',
  addressPrefixes: ['192.168.0.0/16'],
  subnets,
});
export const subnetsThere = [
  subnetThere('aks-subnet'),
  subnetThere('acr-subnet', { addressPrefixes: ['192.168.2.0/24'] }),
];

export const registryThere = (changes: Partial<RegistryFacts> = {}): RegistryFacts => ({
  ...succeeded,
  id: registry,
  location: 'westeurope',
  loginServer: `${derivedRegistry}.azurecr.io`,
  sku: 'Premium',
  publicNetworkAccess: 'Disabled',
  anonymousPullEnabled: false,
  roleAssignmentMode: 'LegacyRegistryPermissions',
  cacheRules: [cacheRuleThere('aks-managed-mcr', 'aks-managed-repository/*')],
  privateEndpoints: [{ id: ids.endpoint, status: 'Approved' }],
  replicas: [],
  ...changes,
});
export const cacheRuleThere = (name: string, targetRepository: string) => ({
  name,
  sourceRepository: 'mcr.microsoft.com/*',
  targetRepository,
  provisioningState: 'Succeeded',
});

export const endpointThere = (changes: Partial<PrivateEndpointFacts> = {}): PrivateEndpointFacts => ({
  ...succeeded,
  id: ids.endpoint,
  subnetId: ids.registrySubnet,
  targetId: registry,
  status: 'Approved',
  addresses: {
    [`${dataRecord}.azurecr.io`]: ['192.168.2.4'],
    [`${derivedRegistry}.azurecr.io`]: ['192.168.2.5'],
  },
  ...changes,
});

export const recordThere = (name: string, ...addresses: string[]) => ({
  id: `${zone}/A/${name}`,
  marks: {},
  addresses,
});
export const zoneThere = (changes: Partial<PrivateDnsZoneFacts> = {}): PrivateDnsZoneFacts => ({
  ...succeeded,
  id: zone,
  links: [linkThere()],
  records: {
    [derivedRegistry]: recordThere(derivedRegistry, '192.168.2.5'),
    [dataRecord]: recordThere(dataRecord, '192.168.2.4'),
  },
  ...changes,
});
export const linkThere = (name = 'mydnslink') => ({
  ...succeeded,
  id: `${zone}/virtualNetworkLinks/${name}`,
  name,
  virtualNetworkId: vnet,
  registrationEnabled: false,
  linkState: 'Completed',
});

const identityThere = (id: string, principalId: string) => ({ id, principalId, clientId: 'client', marks: {} });

/** Everything that a cluster with its own registry needs, as the defaults want it. */
export const everythingThere: InfrastructureFacts = {
  virtualNetwork: networkThere(...subnetsThere),
  registry: registryThere(),
  privateEndpoint: endpointThere(),
  privateDnsZone: zoneThere(),
  otherLinkedZones: [],
  identities: {
    controlPlane: identityThere(ids.controlPlane, 'control-plane-principal'),
    kubelet: identityThere(ids.kubelet, 'kubelet-principal'),
  },
  roles: {
    [`controlPlane ${ids.nodeSubnet.toLowerCase()}`]: [builtInRoles.networkContributor.id],
    [`controlPlane ${ids.kubelet.toLowerCase()}`]: [builtInRoles.managedIdentityOperator.id],
    [`kubelet ${ids.registry.toLowerCase()}`]: [builtInRoles.acrPull.id],
  },
};

/** As discovery shows it, with the group in which it is. */
export const there = (changes: Partial<InfrastructureFacts> = {}): Partial<Discovered> => ({
  resourceGroup: groupThere,
  infrastructure: { ...everythingThere, ...changes },
});

/** Without one part. */
export function thereWithout(...parts: (keyof InfrastructureFacts)[]): Partial<Discovered> {
  const rest = Object.entries(everythingThere).filter(([key]) => !parts.some((part) => part === key));
  return { ...there(), infrastructure: { ...nothingThere.infrastructure, ...Object.fromEntries(rest) } };
}

/** The plan of createCluster with a registry of one's own. */
export const planOwnRegistry = (
  registry: Record<string, unknown> = {},
  input: Record<string, unknown> = {},
  seen: Partial<Discovered> = {},
): CreateClusterPlan => planCreate({ registry: { mode: 'bringYourOwn', ...registry }, ...input }, seen);
