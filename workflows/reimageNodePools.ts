import type { ParsedReimageNodePoolsInput, ReimageNodePoolsInput } from '../contract/inputs/existingCluster.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import { applyApproval, approvalStep } from './existingCluster/gates.ts';
import { assembled, ids, type UpdatePlan } from './existingCluster/plan.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { nothingWanted } from './existingCluster/wanted.ts';
import { applyReimages } from './reimage/apply.ts';
import { noWayBack, planReimages } from './reimage/plan.ts';

/** Guide: the reimage that follows every update. Profile row P10. */
export function planReimageNodePools(input: ParsedReimageNodePoolsInput, seen: ExistingClusterFacts): UpdatePlan {
  const gate = input.approvals.includes('reimage') ? [approvalStep('reimage', input.cluster, [])] : [];
  const { cluster, kubernetes } = seen;
  const planned = cluster
    ? planReimages({
        cluster,
        kubernetes,
        options: input.reimage,
        ...(input.agentPools && { only: input.agentPools }),
        current: () => undefined,
        reason: 'asked for',
        forwardOnly: noWayBack,
        needs: ids(gate),
      })
    : { steps: [], pools: [], problems: [] };
  return assembled(input, seen, nothingWanted, {
    steps: [...gate, ...planned.steps],
    reimages: planned.pools,
    differences: ['reimaging'],
    problems: planned.problems,
  });
}

/**
 * Reimages node pools, each followed and proven. Guide: `az aks upgrade --node-image-only`, which returns at once.
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function reimageNodePools(given: ReimageNodePoolsInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('reimageNodePools', given, {
    wanted: () => ({ identities: {} }),
    clusterIsAsWanted: () => false,
    plan: planReimageNodePools,
    apply(context) {
      applyApproval('reimage', context);
      return { reimages: applyReimages(context, []) };
    },
  });
}
