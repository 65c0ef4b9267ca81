import { type DisableIsolationInput, disableIsolationInput } from '../contract/inputs/existingCluster.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import { applyApproval } from './existingCluster/gates.ts';
import { runLivingScenario } from './existingCluster/scenario.ts';
import { applyOpening } from './existingCluster/update.ts';
import { planDisableIsolation } from './plan/disableIsolation.ts';
import { applyReimages } from './reimage/apply.ts';

/**
 * Ends the isolation of a cluster. Guide: "Disable network isolated cluster".
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function disableIsolation(given: DisableIsolationInput): Promise<VerificationReport | PlanReport> {
  return runLivingScenario('disableIsolation', disableIsolationInput, given, {
    targets: () => ({ identities: {} }),
    settled: ({ artifactSource }) => artifactSource === 'Direct',
    plan: planDisableIsolation,
    apply(living) {
      applyOpening(living);
      applyApproval('reimage', living);
      applyReimages(living, ['bootstrap']);
    },
  });
}
