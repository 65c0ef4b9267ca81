import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { LeftCopy } from '../../resources/agentPools.ts';
import { agentPoolId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { isFailed } from '../../resources/provisioningState.ts';
import type { UpdateContext } from '../existingCluster/context.ts';
import { Replacement } from './replacement.ts';

export const copyStepId = ({ copy }: LeftCopy): StepId => `temporaryPool:${copy}`;

/** Whether a pool takes the load of its copy only once it is reimaged: a drain that failed has left its nodes closed. */
export const isUnwell = ({ found }: LeftCopy): boolean => found !== undefined && isFailed(found.provisioningState);

/** Plans the end of each copy, and brings back the pool that had made way for it. */
export const planCopies = (
  { id }: ClusterFacts,
  copies: readonly LeftCopy[],
  needsOf: (copy: LeftCopy) => readonly StepId[],
): PlannedStep[] =>
  copies.map((left) => {
    const { copy, pool, found } = left;
    const step = { id: copyStepId(left), kind: 'temporaryPool' as const, needs: needsOf(left) };
    return found
      ? {
          ...step,
          title: `Delete ${copy}, the temporary copy of node pool ${pool}`,
          action: 'delete',
          reason: 'an earlier run has left it',
          resourceId: agentPoolId(id, copy),
        }
      : {
          ...step,
          title: `Make node pool ${pool} anew from its temporary copy ${copy}, and delete that`,
          action: 'create',
          reason: 'an earlier run has deleted it to make it anew',
          resourceId: agentPoolId(id, pool),
        };
  });

/** Whether it is a step of a copy that stays until its pool is reimaged. */
export const isAfterReimage = ({ kind, needs }: PlannedStep): boolean =>
  kind === 'temporaryPool' && needs.some((id) => id.startsWith('reimage:'));

/** Declares the planned ends of copies. @param which Those that come before any pool is reimaged, or after. */
export function applyCopies(
  { input, found: cluster, plan, marks, step }: UpdateContext,
  which: 'before' | 'after',
): void {
  const after = plan.steps.filter(isAfterReimage).map(({ id }) => id);
  for (const left of plan.copies ?? []) {
    if (after.includes(copyStepId(left)) !== (which === 'after')) continue;
    const { copy, pool, found } = left;
    const replacement = Replacement.ofEarlierRun(
      { cluster: input.cluster, id: cluster.id, pool, copy, marks },
      found !== undefined,
    );
    step(copyStepId(left), {
      act: () => replacement.run(),
      // It was there before, so that it is named whatever this run has sent.
      wrote: () => true,
      helpers: () => replacement.helpers,
      waitsFor: 'AKS, some minutes',
    });
  }
}
