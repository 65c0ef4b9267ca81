import { compare, validate } from 'compare-versions';

/** A version that AKS offers in a region. Source: Azure REST API, "Managed Clusters - List Kubernetes Versions". */
export interface KubernetesVersionFacts {
  /** Minor version, for example `1.34`. */
  version: string;
  isDefault: boolean;
  isPreview: boolean;
  patchVersions: string[];
  /** Support plans that take it: `KubernetesOfficial`, `AKSLongTermSupport`. Left out by version 0.1. */
  supportPlans?: string[];
}

/** Whether a version is of this minor version or a newer one. False for the empty version that stands for an unknown one. */
export const isAtLeast = (version: string, minor: string): boolean =>
  validate(version) && compare(version, minor, '>=');

/** Whether only clusters with long-term support can have a version. Source: AKS docs, "Long-term support" (long-term-support.md). */
export const isLongTermOnly = ({ supportPlans = [] }: Pick<KubernetesVersionFacts, 'supportPlans'>): boolean =>
  supportPlans.length > 0 && !supportPlans.includes('KubernetesOfficial');
