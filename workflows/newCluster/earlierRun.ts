import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import { clusterWorkflowId } from '../../contract/names.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { markTags } from '../../resources/marks.ts';

/** Whether an earlier run of the same workflow, which ended without undo, made this cluster. */
export const madeByEarlierRun = (input: Pick<ParsedCreateClusterInput, 'cluster'>, found: ClusterFacts): boolean =>
  found.tags[markTags.workflow] === clusterWorkflowId(input.cluster);
