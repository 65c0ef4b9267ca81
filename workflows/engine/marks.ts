import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { ParsedDeleteClusterInput } from '../../contract/inputs/deleteCluster.ts';
import { clusterWorkflowId } from '../../contract/names.ts';
import { type Marks, markTags } from '../../resources/marks.ts';

export const runMarks = (
  { cluster }: Pick<ParsedCreateClusterInput, 'cluster'>,
  run: string,
): Record<string, string> => ({
  [markTags.workflow]: clusterWorkflowId(cluster),
  [markTags.run]: run,
});

/** The mark of every run on this cluster. */
export const clusterMarks = ({ cluster }: Pick<ParsedDeleteClusterInput, 'cluster'>): Marks => ({
  [markTags.workflow]: clusterWorkflowId(cluster),
});
