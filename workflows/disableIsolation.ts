import type { DisableIsolationInput, ParsedDisableIsolationInput } from '../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../contract/plan.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import type { ClusterChange } from '../resources/managedClusters.ts';
import { ownersWayOut } from '../resources/outboundTypes.ts';
import { applyApproval, behind, planGate } from './engine/gates.ts';
import { anyActs } from './engine/part.ts';
import { bootstrapStep } from './existingCluster/bootstrap.ts';
import { outboundProblems, outboundStep, planOpening } from './existingCluster/outboundType.ts';
import { planUpdate, type UpdatePart, type UpdatePlan } from './existingCluster/plan.ts';
import { noPreparations } from './existingCluster/preparations.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { applyOpenEgress } from './existingCluster/update.ts';
import { nothingWanted } from './infrastructure/wanted.ts';
import { applyReimages } from './reimage/apply.ts';
import { planReimagesAfter } from './reimage/plan.ts';

/**
 * Ends the isolation of a cluster. Guide: "Disable network isolated cluster".
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function disableIsolation(given: DisableIsolationInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('disableIsolation', given, {
    wanted: () => nothingWanted,
    clusterIsAsWanted: ({ artifactSource }) => artifactSource === 'Direct',
    needsWayOut: ({ outboundType }) => ownersWayOut(outboundType) !== undefined,
    plan: planDisableIsolation,
    apply(context) {
      applyApproval('openEgress', context);
      applyOpenEgress(context);
      applyApproval('reimage', context);
      return { reimages: applyReimages(context, ['bootstrap']) };
    },
  });
}

/** Plans the end of isolation: egress and images from Microsoft, then the nodes. Profile row P9. */
export function planDisableIsolation(input: ParsedDisableIsolationInput, seen: ExistingClusterFacts): UpdatePlan {
  const { outboundType } = input;
  // One PUT changes both, but undo needs two: bootstrap source, then reimage, then outbound type.
  const fromMicrosoft: ClusterChange = { artifactSource: 'Direct' };
  const { change, said } = planOpening(seen, outboundType);
  const planned = [
    outboundStep(input, seen, `Outbound type ${outboundType}`, [], said),
    bootstrapStep(input, seen, fromMicrosoft, 'Images from Microsoft, in the same update', ['outboundType']),
  ];
  const acts = anyActs(planned);
  const gates = acts ? planGate('openEgress', input, seen.discovered?.allowances, []) : [];
  const steps = acts
    ? [...gates, ...planned.map((step): PlannedStep => ({ ...behind(gates, step), action: 'update' }))]
    : planned;
  const opening: UpdatePart = {
    steps,
    problems: outboundProblems(seen, outboundType),
    bootstrap: { ...fromMicrosoft, ...change },
  };
  const reimages = planReimagesAfter(steps, input, seen, opening);
  return planUpdate(input, seen, noPreparations, [opening, reimages], ['disabling', 'reimaging']);
}
