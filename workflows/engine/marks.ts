import { clusterWorkflowId } from '../../contract/names.ts';
import type { ClusterReference } from '../../resources/ids.ts';
import { type Marks, markTags } from '../../resources/marks.ts';

/** The marks of what one run on a cluster creates. */
export const runMarks = ({ cluster }: { cluster: ClusterReference }, runId: string): Marks => ({
  ...clusterMarks({ cluster }),
  [markTags.run]: runId,
});

/** The mark of every run on a cluster. */
export const clusterMarks = ({ cluster }: { cluster: ClusterReference }): Marks => ({
  [markTags.workflow]: clusterWorkflowId(cluster),
});
