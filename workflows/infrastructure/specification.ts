import { defaultNetwork } from '../../contract/inputs/infrastructure.ts';
import { type Profile, profileSetting, registryAccess } from '../../contract/profiles.ts';
import { isIPv4 } from '../../resources/addressRanges.ts';
import { entryOf } from '../../resources/entries.ts';
import type { IdentitySpecification } from '../../resources/identities.ts';
import { sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import type { Marks } from '../../resources/marks.ts';
import type { PrivateDnsZoneSpecification, ZoneLinkSpecification } from '../../resources/privateDns.ts';
import type { PrivateEndpointSpecification } from '../../resources/privateEndpoints.ts';
import {
  type CacheRuleFacts,
  type CacheRuleSpecification,
  cacheRuleMismatches,
  type RegistryAccess,
  type RegistrySpecification,
  registryRecordNames,
} from '../../resources/registries.ts';
import type { BuiltInRole, RoleHolder, RoleSpecification } from '../../resources/roles.ts';
import {
  neededSubnetProperties,
  type SubnetFacts,
  type SubnetProperties,
  type SubnetSpecification,
  type SubnetUse,
  type VirtualNetworkFacts,
  type VirtualNetworkSpecification,
} from '../../resources/virtualNetworks.ts';
import type { InfrastructureContext } from './context.ts';
import { type WantedInfrastructure, type WantedSubnet, wantedSubnet } from './wanted.ts';

/** The infrastructure as it is to be, and as it was where a step changes it. */
export interface InfrastructurePlan {
  virtualNetwork?: VirtualNetworkSpecification;
  /** Subnets that have a step of their own. */
  subnets: (SubnetSpecification & { before?: SubnetProperties })[];
  registry?: RegistrySpecification & { before?: RegistryAccess };
  cacheRule?: CacheRuleSpecification;
  privateEndpoint?: PrivateEndpointSpecification;
  privateDnsZone?: PrivateDnsZoneSpecification;
  /** `later`: it is made once the cluster has left AKS's own zone. */
  zoneLink?: ZoneLinkSpecification & { later?: boolean };
  records: { id: string; name: string; before?: string[] }[];
  identities: { [H in RoleHolder]?: IdentitySpecification };
  roles: RoleSpecification[];
  /** Existing resources that later steps need to know. */
  found: Pick<InfrastructureFacts, 'identities' | 'privateEndpoint'>;
}

export const noInfrastructure: InfrastructurePlan = {
  subnets: [],
  records: [],
  identities: {},
  roles: [],
  found: { identities: {} },
};

/** Specifies everything that the guide has its reader prepare. Guide: bring your own ACR, steps 1 to 6. */
export function specifyInfrastructure(context: InfrastructureContext): InfrastructurePlan {
  const { wanted, seen } = context;
  const { identities, privateEndpoint } = seen;
  return {
    ...specifyNetwork(context),
    ...specifyRegistry(context),
    identities: specifyIdentities(context),
    roles: requiredRoles(wanted, seen),
    found: { identities, ...(privateEndpoint && { privateEndpoint }) },
  };
}

const tagsOf = ({ input, marks }: InfrastructureContext): Marks => ({ ...input.tags, ...marks });

function specifyNetwork(context: InfrastructureContext): Pick<InfrastructurePlan, 'virtualNetwork' | 'subnets'> {
  const { input, location, wanted, seen } = context;
  if (!wanted.virtualNetwork) return { subnets: [] };
  const { id, addressPrefixes = defaultNetwork.addressPrefixes } = wanted.virtualNetwork;
  const subnets = wanted.virtualNetwork.subnets.map((subnet) =>
    specifySubnet(subnet, seenSubnet(seen.virtualNetwork, subnet), input.profile),
  );
  return {
    virtualNetwork: { id, location, tags: tagsOf(context), addressPrefixes, subnets },
    // A network is created with its subnets. Only an existing one has them created or changed one by one.
    subnets: seen.virtualNetwork ? subnets.map((subnet) => withPrevious(subnet, seen.virtualNetwork)) : [],
  };
}

export const seenSubnet = (
  network: VirtualNetworkFacts | undefined,
  { name }: { name: string },
): SubnetFacts | undefined => network?.subnets.find((subnet) => subnet.name.toLowerCase() === name.toLowerCase());

function specifySubnet(wanted: WantedSubnet, seen: SubnetFacts | undefined, profile: Profile): SubnetSpecification {
  const { id, name, use } = wanted;
  const addressPrefix = wanted.addressPrefix ?? seen?.addressPrefixes.find(isIPv4) ?? defaultNetwork[use].addressPrefix;
  return { id, name, use, addressPrefix, ...requiredProperties(use, seen, profile) };
}

/** Whether policies hold for the endpoints in a subnet is for its owner to decide, except under profile preview. Profile row P12. */
function requiredProperties(use: SubnetUse, seen: SubnetFacts | undefined, profile: Profile): SubnetProperties {
  if (use !== 'registrySubnet' || profileSetting(profile, 'endpointPolicies')) return neededSubnetProperties[use];
  // Runs of version 0.1 have planned to switch them off.
  return seen && seen.privateEndpoints === undefined ? neededSubnetProperties[use] : {};
}

/** The properties that a subnet is to have. */
export const propertiesOf = ({
  defaultOutboundAccess,
  privateEndpointNetworkPolicies,
  delegation,
}: SubnetProperties): SubnetProperties => ({
  ...(defaultOutboundAccess !== undefined && { defaultOutboundAccess }),
  ...(privateEndpointNetworkPolicies !== undefined && { privateEndpointNetworkPolicies }),
  ...(delegation !== undefined && { delegation }),
});

function withPrevious(
  subnet: SubnetSpecification,
  network: VirtualNetworkFacts | undefined,
): InfrastructurePlan['subnets'][number] {
  const there = seenSubnet(network, subnet);
  return { ...subnet, ...(there && { before: previousProperties(subnet, there) }) };
}

/** The properties that undo puts back are those that this use of the subnet changes. */
function previousProperties({ use }: SubnetSpecification, seen: SubnetFacts): SubnetProperties {
  switch (use) {
    case 'nodeSubnet':
      return { defaultOutboundAccess: seen.defaultOutboundAccess };
    case 'registrySubnet':
      return { privateEndpointNetworkPolicies: seen.privateEndpointNetworkPolicies };
    case 'apiServerSubnet':
      return { delegation: seen.delegations[0] ?? '' };
  }
}

function specifyIdentities(context: InfrastructureContext): InfrastructurePlan['identities'] {
  const { controlPlane, kubelet } = context.wanted.identities;
  const specify = (id: string): IdentitySpecification => ({ id, location: context.location, tags: tagsOf(context) });
  return {
    ...(controlPlane && { controlPlane: specify(controlPlane.id) }),
    ...(kubelet && { kubelet: specify(kubelet.id) }),
  };
}

type RegistryPart = 'registry' | 'cacheRule' | 'privateEndpoint' | 'privateDnsZone' | 'zoneLink' | 'records';

/** Registry, cache rule, endpoint, zone, link and records: with them, nodes pull their images by private addresses. */
function specifyRegistry(context: InfrastructureContext): Pick<InfrastructurePlan, RegistryPart> {
  const { input, location, wanted, seen } = context;
  const { virtualNetwork, registry, privateEndpoint, privateDnsZone } = wanted;
  if (!registry || !privateEndpoint || !virtualNetwork) return { records: [] };
  const tags = tagsOf(context);
  const { publicNetworkAccess = '', anonymousPullEnabled = false, cacheRules = [] } = seen.registry ?? {};
  const names = registryRecordNames(seen.registry ?? { id: registry.id, location });
  return {
    registry: {
      id: registry.id,
      location,
      tags,
      ...registryAccess(input.profile),
      ...(seen.registry && { before: { publicNetworkAccess, anonymousPullEnabled } }),
    },
    cacheRule: specifyCacheRule(input.profile, registry.id, cacheRules),
    privateEndpoint: {
      id: privateEndpoint.id,
      location,
      tags,
      // Azure takes endpoints in the subnet of the nodes, too.
      subnetId: (wantedSubnet(wanted, 'registrySubnet') ?? wantedSubnet(wanted, 'nodeSubnet'))?.id ?? '',
      connectionName: privateEndpoint.connectionName,
      registryId: registry.id,
      records: names,
    },
    ...(privateDnsZone ? specifyPrivateDns(context, privateDnsZone, virtualNetwork, names) : { records: [] }),
  };
}

/** Zone, link and records, which make the registry's names lead to its endpoint. */
function specifyPrivateDns(
  context: InfrastructureContext,
  privateDnsZone: NonNullable<WantedInfrastructure['privateDnsZone']>,
  virtualNetwork: { id: string },
  names: readonly string[],
): Pick<InfrastructurePlan, 'privateDnsZone' | 'zoneLink' | 'records'> {
  const { seen, zoneLinkWaits } = context;
  const tags = tagsOf(context);
  const link = linkTo(virtualNetwork.id, seen);
  return {
    privateDnsZone: { id: privateDnsZone.id, tags },
    zoneLink: {
      id: link?.id ?? `${privateDnsZone.id}/virtualNetworkLinks/${privateDnsZone.linkName}`,
      tags,
      virtualNetworkId: virtualNetwork.id,
      ...(zoneLinkWaits && !link && { later: true }),
    },
    records: names.map((name) => {
      const there = entryOf(seen.privateDnsZone?.records, name);
      return { id: `${privateDnsZone.id}/A/${name}`, name, ...(there && { before: there.addresses }) };
    }),
  };
}

/** The link of the registry's zone to a network, whatever its name. */
export const linkTo = (virtualNetworkId: string, { privateDnsZone }: InfrastructureFacts) =>
  privateDnsZone?.links.find((link) => sameResourceId(link.virtualNetworkId, virtualNetworkId));

/** Finds the rule that copies what nodes need. Under profile preview its name is free. */
export function usableCacheRule(profile: Profile, rules: readonly CacheRuleFacts[]): CacheRuleFacts | undefined {
  const { name, nameIsFree, ...mapping } = profileSetting(profile, 'cacheRule');
  return rules.find((rule) => (nameIsFree || rule.name === name) && cacheRuleMismatches(mapping, rule).length === 0);
}

function specifyCacheRule(
  profile: Profile,
  registryId: string,
  rules: readonly CacheRuleFacts[],
): CacheRuleSpecification {
  const { name, nameIsFree: _, ...mapping } = profileSetting(profile, 'cacheRule');
  return { id: `${registryId}/cacheRules/${usableCacheRule(profile, rules)?.name ?? name}`, ...mapping };
}

/** Guide: bring your own ACR, steps 5 and 6. The Azure CLI grants the first two by itself. */
function requiredRoles(wanted: WantedInfrastructure, { registry }: InfrastructureFacts): RoleSpecification[] {
  const { identities } = wanted;
  const hasRepositoryPermissions = registry?.roleAssignmentMode.startsWith('Abac');
  const pull: BuiltInRole = hasRepositoryPermissions ? 'containerRegistryRepositoryReader' : 'acrPull';
  const role = (role: BuiltInRole, scope: string | undefined, holder: RoleHolder): RoleSpecification[] =>
    scope === undefined ? [] : [{ role, scope, holder }];
  const kubeletRoles = role(pull, wanted.registry?.id, 'kubelet');
  // The control plane of an existing cluster has its roles already.
  if (!identities.controlPlane) return kubeletRoles;
  return [
    ...role('networkContributor', wantedSubnet(wanted, 'nodeSubnet')?.id, 'controlPlane'),
    ...role('networkContributor', wantedSubnet(wanted, 'apiServerSubnet')?.id, 'controlPlane'),
    ...role('managedIdentityOperator', identities.kubelet?.id, 'controlPlane'),
    ...kubeletRoles,
  ];
}
