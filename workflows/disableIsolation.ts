import type { DisableIsolationInput, ParsedDisableIsolationInput } from '../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../contract/plan.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import type { ClusterChange } from '../resources/managedClusters.ts';
import { bootstrapStep } from './existingCluster/bootstrapStep.ts';
import { applyApproval } from './existingCluster/gates.ts';
import { forwardOnly, outboundProblems } from './existingCluster/outboundType.ts';
import { assembled, type UpdatePlan } from './existingCluster/plan.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { applyOpenEgress } from './existingCluster/update.ts';
import { nothingWanted } from './existingCluster/wanted.ts';
import { applyReimages } from './reimage/apply.ts';
import { gatedReimages } from './reimage/plan.ts';

/**
 * Ends the isolation of a cluster. Guide: "Disable network isolated cluster".
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function disableIsolation(given: DisableIsolationInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('disableIsolation', given, {
    wanted: () => ({ identities: {} }),
    clusterIsAsWanted: ({ artifactSource }) => artifactSource === 'Direct',
    plan: planDisableIsolation,
    apply(context) {
      applyOpenEgress(context);
      applyApproval('reimage', context);
      return { reimages: applyReimages(context, ['bootstrap']) };
    },
  });
}

/** Guide: "Disable network isolated cluster". Profile row P9. */
export function planDisableIsolation(input: ParsedDisableIsolationInput, seen: ExistingClusterFacts): UpdatePlan {
  const { outboundType } = input;
  const bootstrap: ClusterChange = { artifactSource: 'Direct', outboundType };
  const egress: PlannedStep = {
    ...bootstrapStep(seen, { outboundType }, `Outbound type ${outboundType}`, []),
    id: 'outboundType',
    kind: 'outboundType',
    ...forwardOnly(seen, outboundType),
  };
  // One update does both. They are two steps because their undo is: nodes come in between.
  const update = bootstrapStep(seen, { artifactSource: 'Direct' }, 'Images from Microsoft, in the same update', [
    egress.id,
  ]);
  const both = seen.cluster && [egress, update].some(({ action }) => action !== 'none');
  const changes = [egress, update].map((step): PlannedStep => (both ? { ...step, action: 'update' } : step));
  const gated = gatedReimages(input, seen, { ...update, action: both ? 'update' : 'none' }, changes);
  return assembled(input, seen, nothingWanted, {
    steps: [...changes, ...gated.steps],
    bootstrap,
    reimages: gated.reimages,
    differences: ['disabling', 'reimaging'],
    problems: [...outboundProblems(seen, outboundType), ...gated.problems],
  });
}
