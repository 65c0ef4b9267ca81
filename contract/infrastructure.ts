import { ownershipTags } from './names.ts';
import type { Profile } from './profiles.ts';
import { profileSetting } from './profiles.ts';
import { sameResourceId } from './resourceIds.ts';

/**
 * The infrastructure around a cluster: what it is to be (specifications), what Azure shows of it (facts), and what
 * differs. Properties are spelled as Azure spells them.
 */

/** What says whose a resource is: its tags, the metadata of a record set, or the description of a role assignment. */
export type Ownership = Record<string, string>;

/** Whether a resource carries every one of the owner's marks. */
export const isOwnedBy = (marks: Ownership, owner: Ownership): boolean =>
  Object.entries(owner).every(([key, value]) => marks[key] === value);

/** The marks that say whose a resource is; other tags may be changed by anybody, such as an Azure Policy. */
export const ownershipOf = (marks: Ownership = {}): Ownership =>
  Object.fromEntries(
    Object.values(ownershipTags).flatMap((key) => (marks[key] === undefined ? [] : [[key, marks[key]]])),
  );

/** What every resource's facts have. Azure's list of states is open. */
export interface ResourceFacts {
  id: string;
  provisioningState: string;
  marks: Ownership;
}

/** Azure's list of states is open: what is not known to be final is running. */
export const isFinal = (provisioningState: string): boolean =>
  /^(succeeded|failed|cancell?ed)$/i.test(provisioningState);
export const isFailed = (provisioningState: string): boolean => /^(failed|cancell?ed)$/i.test(provisioningState);

export const subnetUses = ['nodeSubnet', 'registrySubnet', 'apiServerSubnet'] as const;
/** What a subnet is for. */
export type SubnetUse = (typeof subnetUses)[number];

/** What the subnets of each use must have; the rest is their owner's. Guide: bring your own ACR, steps 1 and 6. */
export interface SubnetProperties {
  /** `null`: not said. Azure's default has changed between API versions, so what is not said is put back unsaid. */
  defaultOutboundAccess?: boolean | null;
  privateEndpointNetworkPolicies?: string;
  /** Service that the subnet is delegated to. */
  delegation?: string;
}

export const apiServerDelegation = 'Microsoft.ContainerService/managedClusters';

export const subnetProperties: Readonly<Record<SubnetUse, SubnetProperties>> = {
  nodeSubnet: { defaultOutboundAccess: false },
  registrySubnet: { privateEndpointNetworkPolicies: 'Disabled' },
  apiServerSubnet: { delegation: apiServerDelegation },
};

export interface SubnetSpecification extends SubnetProperties {
  id: string;
  name: string;
  use: SubnetUse;
  addressPrefix: string;
}

export interface VirtualNetworkSpecification {
  id: string;
  location: string;
  tags: Ownership;
  addressPrefixes: string[];
  subnets: SubnetSpecification[];
}

export interface SubnetFacts {
  id: string;
  name: string;
  provisioningState: string;
  addressPrefixes: string[];
  /** `null`: not said. */
  defaultOutboundAccess: boolean | null;
  privateEndpointNetworkPolicies: string;
  delegations: string[];
  /** How many addresses are taken. */
  addressesInUse: number;
}

export interface VirtualNetworkFacts extends ResourceFacts {
  location: string;
  addressPrefixes: string[];
  subnets: SubnetFacts[];
}

export const seenSubnetProperties = (seen: SubnetFacts): Required<SubnetProperties> => ({
  defaultOutboundAccess: seen.defaultOutboundAccess,
  privateEndpointNetworkPolicies: seen.privateEndpointNetworkPolicies,
  delegation: seen.delegations.join(', '),
});

export function subnetDifferences(wanted: SubnetProperties, seen: SubnetFacts): string[] {
  const { defaultOutboundAccess, privateEndpointNetworkPolicies, delegation } = seenSubnetProperties(seen);
  return [
    ...difference('defaultOutboundAccess', wanted.defaultOutboundAccess, defaultOutboundAccess),
    ...difference(
      'privateEndpointNetworkPolicies',
      wanted.privateEndpointNetworkPolicies,
      privateEndpointNetworkPolicies,
    ),
    ...difference('delegations', wanted.delegation, delegation),
  ];
}

/** What a registry must have so that isolated nodes can pull from it; the rest is its owner's. */
export interface RegistryAccess {
  publicNetworkAccess: string;
  anonymousPullEnabled: boolean;
}

export const registryAccess = (profile: Profile): RegistryAccess => ({
  publicNetworkAccess: 'Disabled',
  anonymousPullEnabled: profileSetting(profile, 'anonymousPull'),
});

export interface RegistrySpecification extends RegistryAccess {
  id: string;
  location: string;
  tags: Ownership;
}

export interface CacheRuleSpecification {
  id: string;
  sourceRepository: string;
  targetRepository: string;
}

export interface CacheRuleFacts {
  name: string;
  sourceRepository: string;
  targetRepository: string;
  provisioningState: string;
}

export interface RegistryFacts extends ResourceFacts, RegistryAccess {
  location: string;
  /** Its host name, which has a hash in it where the registry was made with a domain name label scope. */
  loginServer: string;
  sku: string;
  /** `LegacyRegistryPermissions` or `AbacRepositoryPermissions`. */
  roleAssignmentMode: string;
  cacheRules: CacheRuleFacts[];
  privateEndpoints: { id: string; status: string }[];
  /** Regions of the replicas, the registry's own left out. */
  replicas: string[];
}

export const registryDifferences = (wanted: RegistryAccess, seen: RegistryFacts): string[] => [
  ...difference('publicNetworkAccess', wanted.publicNetworkAccess, seen.publicNetworkAccess),
  ...difference('anonymousPullEnabled', wanted.anonymousPullEnabled, seen.anonymousPullEnabled),
];

export const cacheRuleDifferences = (
  wanted: Pick<CacheRuleSpecification, 'sourceRepository' | 'targetRepository'>,
  seen: CacheRuleFacts,
): string[] => [
  ...difference('sourceRepository', wanted.sourceRepository, seen.sourceRepository),
  ...difference('targetRepository', wanted.targetRepository, seen.targetRepository),
];

/** Whether Azure refuses two rules beside each other: the targets of both are wildcards, and one holds the other. */
export function targetsOverlap(one: string, other: string): boolean {
  if (one === other) return true;
  if (!one.endsWith('*') || !other.endsWith('*')) return false;
  const [a, b] = [one.slice(0, -1), other.slice(0, -1)];
  return a.startsWith(b) || b.startsWith(a);
}

/**
 * The A records that nodes need, as names in the zone: the registry, and the data endpoint of its region and of each
 * replica. Source: Learn, "Connect privately to an Azure container registry using Azure Private Link".
 */
export function registryRecordNames(
  absent: { name: string; location: string },
  seen: Pick<RegistryFacts, 'loginServer' | 'location' | 'replicas'> | undefined,
): string[] {
  const [label] = (seen?.loginServer || absent.name).split('.');
  const regions = seen ? [seen.location, ...seen.replicas] : [absent.location];
  return [`${label}`, ...regions.map((region) => `${label}.${region}.data`)].map((name) => name.toLowerCase());
}

export interface PrivateEndpointSpecification {
  id: string;
  location: string;
  tags: Ownership;
  subnetId: string;
  connectionName: string;
  registryId: string;
  /** Names in the registry's zone for which the endpoint must have an address. */
  records: string[];
}

export interface PrivateEndpointFacts extends ResourceFacts {
  subnetId: string;
  targetId: string;
  /** `Approved`, `Pending`, `Rejected` or `Disconnected`. */
  status: string;
  /** Private addresses by host name, such as `registry.westeurope.data.azurecr.io`. */
  addresses: Record<string, string[]>;
}

/** The addresses that belong into a record of the registry's zone. */
export const addressesOfRecord = ({ addresses }: PrivateEndpointFacts, record: string): string[] =>
  addresses[`${record}.azurecr.io`] ?? [];

export const endpointDifferences = (
  wanted: Pick<PrivateEndpointSpecification, 'registryId' | 'records'>,
  seen: PrivateEndpointFacts,
): string[] => [
  ...(sameResourceId(wanted.registryId, seen.targetId)
    ? []
    : [`privateLinkServiceId: asked ${wanted.registryId}, got ${seen.targetId || 'none'}`]),
  ...difference('privateLinkServiceConnectionState', 'Approved', seen.status),
  ...wanted.records.flatMap((record) =>
    addressesOfRecord(seen, record).length > 0 ? [] : [`customDnsConfigs: asked an address for ${record}, got none`],
  ),
];

export interface PrivateDnsZoneSpecification {
  id: string;
  tags: Ownership;
}

export interface ZoneLinkSpecification {
  id: string;
  tags: Ownership;
  virtualNetworkId: string;
}

export interface ZoneLinkFacts extends ResourceFacts {
  name: string;
  virtualNetworkId: string;
  registrationEnabled: boolean;
  /** `Completed` or `InProgress`. */
  linkState: string;
}

export interface RecordSpecification {
  id: string;
  metadata: Ownership;
  addresses: string[];
}

export interface RecordFacts {
  id: string;
  marks: Ownership;
  addresses: string[];
}

export const sameAddresses = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

export interface PrivateDnsZoneFacts extends ResourceFacts {
  links: ZoneLinkFacts[];
  /** Those that the registry needs and that are there, by name. */
  records: Record<string, RecordFacts>;
}

export interface IdentitySpecification {
  id: string;
  location: string;
  tags: Ownership;
}

export interface IdentityFacts {
  id: string;
  principalId: string;
  clientId: string;
  marks: Ownership;
}

/** Azure's built-in roles that a scenario grants, or accepts in their place. Source: Learn, "Azure built-in roles". */
export const builtInRoles = {
  owner: { name: 'Owner', id: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635' },
  contributor: { name: 'Contributor', id: 'b24988ac-6180-42a0-ab88-20f7382dd24c' },
  networkContributor: { name: 'Network Contributor', id: '4d97b98b-1d4f-4787-a291-c67834d212e7' },
  managedIdentityOperator: { name: 'Managed Identity Operator', id: 'f1a07417-d97a-45cb-824c-7a7467783830' },
  acrPull: { name: 'AcrPull', id: '7f951dda-4ed3-4680-a7ca-43fe172d538d' },
  containerRegistryRepositoryReader: {
    name: 'Container Registry Repository Reader',
    id: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
  },
} as const;
export type BuiltInRole = keyof typeof builtInRoles;

/** A role that the cluster needs before it can be created. */
export interface RoleSpecification {
  role: BuiltInRole;
  /** Resource ID. */
  scope: string;
  holder: RoleHolder;
}

export const roleHolders = ['controlPlane', 'kubelet'] as const;
/** Which of the cluster's identities holds a role. */
export type RoleHolder = (typeof roleHolders)[number];

/** A role's place among what a holder has where. */
export const roleKey = ({ scope, holder }: { scope: string; holder: RoleHolder }): string =>
  `${holder} ${keyOf(scope)}`;

/** What makes an assignment of the role unnecessary: the role itself, or one that includes it. */
export const sufficientRoles = (role: BuiltInRole): readonly string[] => {
  const { owner, contributor } = builtInRoles;
  // With repository permissions, no role of the control plane reads images.
  if (role === 'containerRegistryRepositoryReader') return [builtInRoles[role].id];
  return [builtInRoles[role].id, owner.id, contributor.id];
};

/** A resource ID without its case, for use as a key. */
export const keyOf = (resourceId: string): string => resourceId.toLowerCase();

function difference(property: string, wanted: unknown, seen: unknown): string[] {
  if (wanted === undefined || String(wanted).toLowerCase() === String(seen).toLowerCase()) return [];
  return [`${property}: asked ${wanted}, got ${seen === '' || seen === null ? 'none' : seen}`];
}
