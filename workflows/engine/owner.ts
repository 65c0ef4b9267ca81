import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { ParsedDeleteClusterInput } from '../../contract/inputs/deleteCluster.ts';
import { clusterWorkflowId } from '../../contract/names.ts';
import { type Ownership, ownershipTags } from '../../resources/ownership.ts';

export const owned = ({ cluster }: Pick<ParsedCreateClusterInput, 'cluster'>, run: string): Record<string, string> => ({
  [ownershipTags.workflow]: clusterWorkflowId(cluster),
  [ownershipTags.run]: run,
});

/** The mark of every run on this cluster. */
export const ownerOf = ({ cluster }: Pick<ParsedDeleteClusterInput, 'cluster'>): Ownership => ({
  [ownershipTags.workflow]: clusterWorkflowId(cluster),
});
