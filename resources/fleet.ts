import type { ClusterReference } from './ids.ts';

/** A cluster of a rollout. */
export interface FleetCluster extends ClusterReference {
  /** Empty where nobody may look. */
  region: string;
}

/** A look for clusters in one subscription. */
export interface FleetLook {
  subscriptionId: string;
  /** Only in these. Default: everywhere in the subscription. */
  resourceGroups?: readonly string[];
  /** The clusters that are meant, by {@link nameInSubscription}. Default: all that are found. */
  named?: readonly string[];
  /** Only with all of these. */
  tags?: Readonly<Record<string, string>>;
}

/** A cluster, as Azure tells those of a subscription apart. */
export const nameInSubscription = ({ resourceGroup, name }: Pick<ClusterReference, 'resourceGroup' | 'name'>): string =>
  `${resourceGroup}/${name}`.toLowerCase();

/** Whether a cluster has all of these tags. Azure compares their names without case, and their values with it. */
export function hasTags(
  own: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): boolean {
  const byName = new Map(Object.entries(own ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return Object.entries(wanted).every(([name, value]) => byName.get(name.toLowerCase()) === value);
}
