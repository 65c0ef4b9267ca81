import type { ParsedDisableIsolationInput } from '../../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import type { ClusterChange } from '../../resources/managedClusters.ts';
import { bootstrapStep } from '../existingCluster/bootstrapStep.ts';
import { forwardOnly, outboundProblems } from '../existingCluster/outboundType.ts';
import { assembled, type LivingPlan } from '../existingCluster/plan.ts';
import { noTargets } from '../existingCluster/targets.ts';
import { gatedReimages } from '../reimage/plan.ts';

/** Guide: "Disable network isolated cluster". Profile row P9. */
export function planDisableIsolation(input: ParsedDisableIsolationInput, seen: LivingFacts): LivingPlan {
  const { outboundType } = input;
  const bootstrap: ClusterChange = { artifactSource: 'Direct', outboundType };
  const egress: PlannedStep = {
    ...bootstrapStep(seen, { outboundType }, `Outbound type ${outboundType}`, []),
    id: 'outboundType',
    ...forwardOnly(seen, outboundType),
  };
  // One update does both. They are two steps because their undo is: nodes come in between.
  const update = bootstrapStep(seen, { artifactSource: 'Direct' }, 'Images from Microsoft, in the same update', [
    egress.id,
  ]);
  const both = seen.cluster && [egress, update].some(({ action }) => action !== 'none');
  const changes = [egress, update].map((step): PlannedStep => (both ? { ...step, action: 'update' } : step));
  const gated = gatedReimages(input, seen, { ...update, action: both ? 'update' : 'none' }, changes);
  return assembled(input, seen, noTargets, {
    steps: [...changes, ...gated.steps],
    bootstrap,
    reimages: gated.reimages,
    differences: ['disabling', 'reimaging'],
    problems: [...outboundProblems(seen, outboundType), ...gated.problems],
  });
}
