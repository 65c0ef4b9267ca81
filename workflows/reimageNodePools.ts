import { type ReimageNodePoolsInput, reimageNodePoolsInput } from '../contract/inputs/existingCluster.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import { applyApproval } from './existingCluster/gates.ts';
import { runLivingScenario } from './existingCluster/scenario.ts';
import { planReimageNodePools } from './plan/reimageNodePools.ts';
import { applyReimages } from './reimage/apply.ts';

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
