import {
  type ParsedReimageNodePoolsInput,
  type ReimageNodePoolsInput,
  reimageNodePoolsInput,
} from '../contract/inputs/existingCluster.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { LivingFacts } from '../resources/discovery.ts';
import { applyApproval, approvalStep } from './existingCluster/gates.ts';
import { assembled, ids, type LivingPlan } from './existingCluster/plan.ts';
import { runLivingScenario } from './existingCluster/scenario.ts';
import { noTargets } from './existingCluster/targets.ts';
import { applyReimages } from './reimage/apply.ts';
import { noWayBack, planReimages } from './reimage/plan.ts';

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

/**
 * Reimages node pools, each followed and proven. Guide: `az aks upgrade --node-image-only`, which returns at once.
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function reimageNodePools(given: ReimageNodePoolsInput): Promise<VerificationReport | PlanReport> {
  return runLivingScenario('reimageNodePools', reimageNodePoolsInput, given, {
    targets: () => ({ identities: {} }),
    settled: () => false,
    plan: planReimageNodePools,
    apply(living) {
      applyApproval('reimage', living);
      applyReimages(living, []);
    },
  });
}
