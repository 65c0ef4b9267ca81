import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import {
  type ClusterChange,
  type ClusterFacts,
  changeMismatches,
  hasManagedRegistry,
} from '../../resources/managedClusters.ts';
import { isFailed } from '../../resources/provisioningState.ts';

/** The update of the cluster that comes before its pools are reimaged. */
export function bootstrapStep(
  { cluster: found }: ExistingClusterFacts,
  change: ClusterChange,
  title: string,
  needs: readonly StepId[],
): PlannedStep {
  const differences = found ? changeMismatches(change, found) : [];
  const failed = found !== undefined && isFailed(found.provisioningState);
  const reasons = [...differences, ...(failed ? [`its state is ${found.provisioningState}`] : [])];
  return {
    id: 'bootstrap',
    kind: 'bootstrap',
    title,
    action: reasons.length > 0 ? 'update' : 'none',
    reason: reasons.join('; ') || 'as wanted already',
    needs,
    resourceId: found?.id ?? '',
  };
}

/** What undo puts back. */
export function previousBootstrap({ artifactSource, ...found }: ClusterFacts): ClusterChange {
  if (artifactSource !== 'Cache') return { artifactSource: 'Direct' };
  const managed = hasManagedRegistry({ artifactSource, ...found });
  return { artifactSource, containerRegistryId: managed ? null : (found.containerRegistryId ?? null) };
}
