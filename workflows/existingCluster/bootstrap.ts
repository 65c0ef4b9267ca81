import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterReference, parentId, resourceReference } from '../../resources/ids.ts';
import { type ClusterChange, type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import { carriesMarks } from '../../resources/marks.ts';
import type { ZoneLinkFacts } from '../../resources/privateDns.ts';
import { clusterMarks } from '../engine/marks.ts';
import { type Part, stepIds } from '../engine/part.ts';
import { oneZoneProblem } from '../preflight/commonProblems.ts';
import { clusterUpdate } from './facts.ts';
import { type Preparations, zoneIsManaged } from './preparations.ts';

export interface PlannedBootstrap extends Part {
  bootstrap: ClusterChange;
  /** The link of one's own zone, which goes before AKS links its own. */
  unlink?: ZoneLinkFacts;
}

interface PlannedChange {
  change: ClusterChange;
  title: string;
  forwardOnly?: string | undefined;
  /** Further words of the plan about it. */
  said?: readonly string[];
}

/** The steps that change where nodes boot from, and the DNS by which they reach it. */
export const bootstrapSteps = ['unlink', 'bootstrap', 'zoneLink'] as const satisfies StepId[];

/**
 * Plans where nodes boot from: the update of the cluster that comes before its pools are reimaged. Azure links a network to
 * one zone of a name only, and AKS links the zone of the registry that it manages. So a link of one's own makes way before the
 * update to AKS's registry, and waits for the update away from it.
 */
export function planBootstrap(
  input: { cluster: ClusterReference },
  seen: ExistingClusterFacts,
  { registrations, infrastructure }: Preparations,
  { change, title, forwardOnly, said = [] }: PlannedChange,
): PlannedBootstrap {
  const update = bootstrapStep(input, seen, change, title, stepIds([...registrations.steps, ...infrastructure.steps]));
  const toManagedRegistry = change.containerRegistryId === null && update.action !== 'none';
  const unlink = toManagedRegistry && !zoneIsManaged(seen) ? seen.zoneLink : undefined;
  const unlinking = unlink ? [unlinkStep(unlink)] : [];
  const bootstrap: PlannedStep = {
    ...update,
    reason: [update.reason, ...said].join('; '),
    needs: [...update.needs, ...stepIds(unlinking)],
    ...(forwardOnly !== undefined && { forwardOnly }),
  };
  return {
    steps: [
      ...unlinking,
      bootstrap,
      ...infrastructure.later.map((step) => ({ ...step, needs: [...step.needs, bootstrap.id] })),
    ],
    problems: unlink && !carriesMarks(unlink.marks, clusterMarks(input)) ? [oneZoneProblem(unlink.id)] : [],
    bootstrap: change,
    ...(unlink && { unlink }),
  };
}

export const bootstrapStep = (
  input: { cluster: ClusterReference },
  seen: ExistingClusterFacts,
  change: ClusterChange,
  title: string,
  needs: readonly StepId[],
): PlannedStep => ({ id: 'bootstrap', kind: 'bootstrap', title, needs, ...clusterUpdate(input, seen, change) });

const unlinkStep = ({ id }: ZoneLinkFacts): PlannedStep => ({
  id: 'unlink',
  kind: 'zoneLink',
  title: `Delete the link of ${resourceReference(parentId(id)).name} to the network`,
  action: 'delete',
  reason: 'AKS links the zone of its own registry, and a network takes one',
  needs: [],
  resourceId: id,
});

/** The change that undo makes. */
export function previousBootstrap({ artifactSource, ...found }: ClusterFacts): ClusterChange {
  if (artifactSource !== 'Cache') return { artifactSource: 'Direct' };
  const managed = hasManagedRegistry({ artifactSource, ...found });
  return { artifactSource, containerRegistryId: managed ? null : (found.containerRegistryId ?? null) };
}
