import type { ParsedReimageNodePoolsInput, ReimageNodePoolsInput } from '../contract/inputs/existingCluster.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import { applyApproval, planGate } from './engine/gates.ts';
import { nothingPlanned, stepIds } from './engine/part.ts';
import { planUpdate, type UpdatePart, type UpdatePlan } from './existingCluster/plan.ts';
import { noPreparations } from './existingCluster/preparations.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { nothingWanted } from './infrastructure/wanted.ts';
import { applyReimages } from './reimage/apply.ts';
import { planReimages, reimageIsFinal } from './reimage/plan.ts';

/**
 * Reimages node pools, each followed and proven. Guide: `az aks upgrade --node-image-only`, which returns at once.
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function reimageNodePools(given: ReimageNodePoolsInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('reimageNodePools', given, {
    wanted: () => nothingWanted,
    clusterIsAsWanted: () => false,
    reimagesAll: ({ agentPools }) => agentPools === undefined,
    plan: planReimageNodePools,
    apply(context) {
      applyApproval('reimage', context);
      return { reimages: applyReimages(context, []) };
    },
  });
}

/** Plans the reimage of all pools, or of those that are named. Profile row P10. */
export function planReimageNodePools(input: ParsedReimageNodePoolsInput, seen: ExistingClusterFacts): UpdatePlan {
  const { cluster, kubernetes } = seen;
  const gates = planGate('reimage', input, seen.discovered?.allowances, []);
  const reimages: UpdatePart = cluster
    ? planReimages({
        reference: input.cluster,
        cluster,
        kubernetes,
        options: input.reimage,
        ...(input.agentPools && { only: input.agentPools }),
        current: () => undefined,
        reason: 'asked for',
        forwardOnly: reimageIsFinal,
        needs: stepIds(gates),
        allowances: seen.discovered?.allowances,
        aborts: input.abortOperations,
      })
    : nothingPlanned;
  return planUpdate(input, seen, noPreparations, [{ steps: gates, problems: [] }, reimages], ['reimaging']);
}
