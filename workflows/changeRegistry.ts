import { type ChangeRegistryInput, changeRegistryInput } from '../contract/inputs/existingCluster.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import { applyApproval, applyPullProbe } from './existingCluster/gates.ts';
import { runLivingScenario } from './existingCluster/scenario.ts';
import { bootsFromWanted } from './existingCluster/targets.ts';
import { applyBootstrap, applyPreparations, applyRemovals } from './existingCluster/update.ts';
import { planChangeRegistry, registryChangeTargets } from './plan/changeRegistry.ts';
import { applyReimages } from './reimage/apply.ts';

/**
 * Moves a network isolated cluster to another registry. Guide: "Update your ACR ID".
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function changeRegistry(given: ChangeRegistryInput): Promise<VerificationReport | PlanReport> {
  return runLivingScenario('changeRegistry', changeRegistryInput, given, {
    targets: registryChangeTargets,
    settled: bootsFromWanted,
    leavesRegistry: ({ oldRegistry }) => oldRegistry === 'delete',
    plan: planChangeRegistry,
    apply(living) {
      applyPreparations(living);
      applyBootstrap(living);
      applyApproval('reimage', living);
      applyReimages(living, ['unlink', 'bootstrap', 'zoneLink']);
      applyPullProbe(living);
      applyRemovals(living);
    },
  });
}
