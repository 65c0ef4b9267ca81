import type { ParsedChangeRegistryInput, ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import { sameResourceId } from '../../resources/ids.ts';
import { type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import { livingTargets, type Targets } from '../infrastructure/targets.ts';
import { networkOf, nodeSubnets } from './facts.ts';

export const noTargets: Targets = { identities: {} };

/** Whether the nodes are in a network of one's own. */
export const hasNoManagedNetwork = ({ managedNetworkId }: LivingFacts): boolean => managedNetworkId === undefined;

/** What an update is about. */
export function targetsIn(
  input: ParsedIsolateClusterInput | ParsedChangeRegistryInput,
  seen: LivingFacts,
  closesEgress: boolean,
): Targets {
  if (!seen.cluster) return noTargets;
  const nodeSubnetIds = nodeSubnets(seen);
  const [first] = nodeSubnetIds;
  const network = first === undefined ? undefined : { virtualNetworkId: networkOf(first), nodeSubnetIds, closesEgress };
  return livingTargets(input, seen.cluster, seen.registryEndpointIds, network);
}

/** Whether the cluster is told already to boot its nodes from the registry that is wanted. */
export const bootsFromWanted = (found: ClusterFacts, { registry }: Targets): boolean =>
  found.artifactSource === 'Cache' &&
  (registry ? sameResourceId(found.containerRegistryId, registry.id) : hasManagedRegistry(found));
