import { difference } from './difference.ts';
import type { Marks } from './marks.ts';
import type { ResourceFacts } from './provisioningState.ts';

/** What a registry must have so that isolated nodes can pull from it; the rest is its owner's. */
export interface RegistryAccess {
  publicNetworkAccess: string;
  anonymousPullEnabled: boolean;
}

export interface RegistrySpecification extends RegistryAccess {
  id: string;
  location: string;
  tags: Marks;
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
