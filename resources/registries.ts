import { resourceReference } from './ids.ts';
import type { Marks } from './marks.ts';
import { type Difference, difference, differenceText, mismatch } from './mismatch.ts';
import type { ResourceFacts } from './provisioningState.ts';

/** Properties without which isolated nodes cannot pull. All others are for the registry's owner to decide. */
export interface RegistryAccess {
  publicNetworkAccess: string;
  anonymousPullEnabled: boolean;
}

export interface RegistrySpecification extends RegistryAccess {
  id: string;
  location: string;
  tags: Marks;
}

/** A cache rule as it is to be. Source: Azure REST API, "Cache Rules". */
export interface CacheRuleSpecification {
  id: string;
  sourceRepository: string;
  targetRepository: string;
}

export interface CacheRuleFacts {
  name: string;
  /** The credentials with which it asks its source. Left out where it has none, as this product's rules. */
  credentialSetId?: string;
  sourceRepository: string;
  targetRepository: string;
  provisioningState: string;
}

export interface RegistryFacts extends ResourceFacts, RegistryAccess {
  location: string;
  /** The registry's host name. It has a hash in it if the registry was made with a domain name label scope. */
  loginServer: string;
  sku: string;
  /** `LegacyRegistryPermissions` or `AbacRepositoryPermissions`. */
  roleAssignmentMode: string;
  /** Whether it takes tokens for Azure Resource Manager, which AKS uses. Left out by version 0.1. */
  takesArmTokens?: boolean;
  cacheRules: CacheRuleFacts[];
  privateEndpoints: { id: string; status: string }[];
  /** Regions of the replicas, the registry's own left out. */
  replicas: string[];
}

export const registryDifferences = (wanted: Partial<RegistryAccess>, seen: RegistryFacts): Difference[] => [
  ...difference('publicNetworkAccess', wanted.publicNetworkAccess, seen.publicNetworkAccess),
  ...difference('anonymousPullEnabled', wanted.anonymousPullEnabled, seen.anonymousPullEnabled),
];

/** The same in words. */
export const registryMismatches = (wanted: Partial<RegistryAccess>, seen: RegistryFacts): string[] =>
  registryDifferences(wanted, seen).map(differenceText);

export const cacheRuleMismatches = (
  wanted: Pick<CacheRuleSpecification, 'sourceRepository' | 'targetRepository'>,
  seen: CacheRuleFacts,
): string[] => [
  ...mismatch('sourceRepository', wanted.sourceRepository, seen.sourceRepository),
  ...mismatch('targetRepository', wanted.targetRepository, seen.targetRepository),
];

/** Whether Azure refuses two rules in one registry: their targets are the same, or wildcards of which one holds the other. */
function targetsOverlap(one: string, other: string): boolean {
  if (one === other) return true;
  if (!one.endsWith('*') || !other.endsWith('*')) return false;
  const [a, b] = [one.slice(0, -1), other.slice(0, -1)];
  return a.startsWith(b) || b.startsWith(a);
}

/** Whether a rule is the wanted one, or stands in its way: it has its name, or copies to the same repositories. */
export const concernsRule = (
  rule: Pick<CacheRuleFacts, 'name' | 'targetRepository'>,
  wanted: { name: string; targetRepository: string },
): boolean =>
  rule.name.toLowerCase() === wanted.name.toLowerCase() ||
  targetsOverlap(rule.targetRepository, wanted.targetRepository);

/**
 * Names of the A records that nodes need in the zone: for the registry, and for the data endpoint of its region and of each
 * replica. Source: Learn, "Connect privately to an Azure container registry using Azure Private Link".
 *
 * @param registry Without `loginServer` and `replicas`, one that is still to be created.
 */
export function registryRecordNames({
  id,
  location,
  loginServer,
  replicas = [],
}: Pick<RegistryFacts, 'id' | 'location'> & Partial<Pick<RegistryFacts, 'loginServer' | 'replicas'>>): string[] {
  const [label] = (loginServer || resourceReference(id).name).split('.');
  return [`${label}`, ...[location, ...replicas].map((region) => `${label}.${region}.data`)].map((name) =>
    name.toLowerCase(),
  );
}
