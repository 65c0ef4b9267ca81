import { type IsolateClusterInput, isolateClusterInput } from '../contract/inputs/existingCluster.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import { applyApproval, applyPullProbe } from './existingCluster/gates.ts';
import { runLivingScenario } from './existingCluster/scenario.ts';
import { bootsFromWanted } from './existingCluster/targets.ts';
import { applyBootstrap, applyOutbound, applyPreparations } from './existingCluster/update.ts';
import { isolationTargets, planIsolateCluster } from './plan/isolateCluster.ts';
import { applyReimages } from './reimage/apply.ts';

/**
 * Makes a cluster that is there network isolated. Guide: "Update an existing AKS cluster to network isolated type", and with
 * bring your own ACR.
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function isolateCluster(given: IsolateClusterInput): Promise<VerificationReport | PlanReport> {
  return runLivingScenario('isolateCluster', isolateClusterInput, given, {
    targets: isolationTargets,
    settled: bootsFromWanted,
    plan: planIsolateCluster,
    apply(living) {
      applyPreparations(living);
      applyBootstrap(living);
      applyApproval('reimage', living);
      applyReimages(living, ['unlink', 'bootstrap', 'zoneLink']);
      applyPullProbe(living);
      applyApproval('cutEgress', living);
      applyOutbound(living);
    },
  });
}
