import type { ParsedReimageNodePoolsInput } from '../../contract/inputs/existingCluster.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import { approvalStep } from '../existingCluster/gates.ts';
import { assembled, ids, type LivingPlan } from '../existingCluster/plan.ts';
import { noTargets } from '../existingCluster/targets.ts';
import { noWayBack, planReimages } from '../reimage/plan.ts';

/** Guide: the reimage that follows every update. Profile row P10. */
export function planReimageNodePools(input: ParsedReimageNodePoolsInput, seen: LivingFacts): LivingPlan {
  const gate = input.approvals.includes('reimage') ? [approvalStep('reimage', input.cluster, [])] : [];
  const { cluster, interior } = seen;
  const planned = cluster
    ? planReimages({
        cluster,
        interior,
        options: input.reimage,
        ...(input.agentPools && { only: input.agentPools }),
        current: () => undefined,
        reason: 'asked for',
        forwardOnly: noWayBack,
        needs: ids(gate),
      })
    : { steps: [], pools: [], problems: [] };
  return assembled(input, seen, noTargets, {
    steps: [...gate, ...planned.steps],
    reimages: planned.pools,
    differences: ['reimaging'],
    problems: planned.problems,
  });
}
