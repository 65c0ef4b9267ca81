import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import { clusterWorkflowId } from '../../contract/names.ts';
import type { Discovered } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { carriesMarks, markTags } from '../../resources/marks.ts';
import { isFinal, type ResourceFacts } from '../../resources/provisioningState.ts';

/** Whether an earlier run of the same workflow, which ended without undo, made this cluster. */
export const madeByEarlierRun = (input: Pick<ParsedCreateClusterInput, 'cluster'>, found: ClusterFacts): boolean =>
  found.tags[markTags.workflow] === clusterWorkflowId(input.cluster);

/** Whether something around the cluster is still being made for an earlier run of the same workflow. */
export function hasRunningOperations(
  input: Pick<ParsedCreateClusterInput, 'cluster'>,
  { infrastructure }: Pick<Discovered, 'infrastructure'>,
): boolean {
  const { virtualNetwork, registry, privateEndpoint, privateDnsZone } = infrastructure;
  const owner = { [markTags.workflow]: clusterWorkflowId(input.cluster) };
  const isOurs = (facts: ResourceFacts | undefined) => facts !== undefined && carriesMarks(facts.marks, owner);
  return [
    ...(isOurs(virtualNetwork) ? [virtualNetwork, ...(virtualNetwork?.subnets ?? [])] : []),
    ...(isOurs(registry) ? [registry, ...(registry?.cacheRules ?? [])] : []),
    ...(isOurs(privateEndpoint) ? [privateEndpoint] : []),
    ...(isOurs(privateDnsZone) ? [privateDnsZone, ...(privateDnsZone?.links ?? [])] : []),
  ].some((facts) => facts && !isFinal(facts.provisioningState));
}
