import type { PlannedStep } from '../../contract/plan.ts';
import { deletionProblems, placeProblems } from '../../contract/policyProblems.ts';
import type { Problem } from '../../contract/problem.ts';
import type { AccessFacts } from '../../resources/allowances.ts';
import type { ClusterReference } from '../../resources/ids.ts';

/**
 * Names what the worker's policy would refuse in the middle of the run: resources of steps, those that stay as they are included, for
 * others are joined to them, and deletions, those of undo included.
 *
 * @param moreIds Resources that steps name, beside their own.
 */
export function planPolicyProblems(
  steps: readonly PlannedStep[],
  { policy }: Pick<AccessFacts, 'policy'>,
  rollsBack: boolean,
  cluster: ClusterReference,
  moreIds: readonly string[],
): Problem[] {
  if (!policy) return [];
  const deletions = (action: PlannedStep['action']) =>
    steps
      .filter((step) => step.action === action && step.kind !== 'role' && step.kind !== 'roles')
      .flatMap(({ resourceId }) => deletionProblems(policy, resourceId, cluster));
  const ids = [...steps.map(({ resourceId }) => resourceId), ...moreIds];
  return [
    ...placeProblems(policy, ids, cluster),
    ...deletions('delete'),
    ...(rollsBack ? deletions('create') : []).map((problem) => ({
      ...problem,
      problem: `a failed run could not be taken back: ${problem.problem}`,
      whatToDo: `${problem.whatToDo} Or set onFailure to leave.`,
    })),
  ];
}
