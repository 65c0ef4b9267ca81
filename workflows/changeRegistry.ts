import {
  type ChangeRegistryInput,
  changeRegistryInput,
  type ParsedChangeRegistryInput,
} from '../contract/inputs/existingCluster.ts';
import type { Problem } from '../contract/problem.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { LivingFacts } from '../resources/discovery.ts';
import type { ClusterChange } from '../resources/managedClusters.ts';
import { applyApproval, applyPullProbe, probeProblems, pullProbeStep } from './existingCluster/gates.ts';
import { assembled, ids, type LivingPlan } from './existingCluster/plan.ts';
import { prepare } from './existingCluster/preparations.ts';
import { isolationProblems } from './existingCluster/problems.ts';
import { runLivingScenario } from './existingCluster/scenario.ts';
import { bootsFromWanted, targetsIn } from './existingCluster/targets.ts';
import { applyBootstrap, applyPreparations, applyRemovals, updateSteps } from './existingCluster/update.ts';
import type { Targets } from './infrastructure/targets.ts';
import { applyReimages } from './reimage/apply.ts';
import { gatedReimages } from './reimage/plan.ts';
import { oldRegistryPlan } from './removal/oldRegistry.ts';

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

/** What `changeRegistry` is about. */
export const registryChangeTargets = (input: ParsedChangeRegistryInput, seen: LivingFacts): Targets =>
  targetsIn(input, seen, false);

/** Guide: "Update your ACR ID". Profile row P8. */
export function planChangeRegistry(input: ParsedChangeRegistryInput, seen: LivingFacts, run: string): LivingPlan {
  const targets = registryChangeTargets(input, seen);
  const bootstrap: ClusterChange = { artifactSource: 'Cache', containerRegistryId: targets.registry?.id ?? null };
  const prepared = prepare(input, seen, targets, run);
  const title = targets.registry
    ? `Images from registry ${targets.registry.id.split('/').at(-1)}`
    : 'Images from a registry that AKS manages';
  const update = updateSteps(input, seen, bootstrap, title, prepared, {});
  const gated = gatedReimages(input, seen, update.bootstrap, [...update.reachability, ...update.steps]);
  const acts = [...update.steps, ...gated.steps].some(({ action }) => action !== 'none');
  const probe = acts ? [pullProbeStep(input.cluster, ids([...update.steps, ...gated.steps]))] : [];
  const old = oldRegistryPlan(input, seen, [...update.steps, ...gated.steps, ...probe]);
  return assembled(input, seen, targets, {
    steps: [...update.preparations, ...update.steps, ...gated.steps, ...probe, ...old.steps],
    prepared: update.prepared,
    bootstrap,
    ...(update.unlink && { unlink: update.unlink }),
    reimages: gated.reimages,
    removals: old.removals,
    differences: [
      'changingTheRegistry',
      'reimaging',
      ...(input.registry.mode === 'bringYourOwn' ? (['cacheRule', 'anonymousPull'] as const) : []),
    ],
    problems: [
      ...directProblems(seen),
      ...isolationProblems(seen, seen.cluster?.outboundType ?? 'none'),
      ...update.problems,
      ...gated.problems,
      ...(acts ? probeProblems(input, seen) : []),
      ...old.problems,
    ],
  });
}

function directProblems({ cluster }: LivingFacts): Problem[] {
  if (!cluster || cluster.artifactSource === 'Cache') return [];
  const problem = 'its nodes get their images from Microsoft directly, not from a registry';
  return [{ where: cluster.id, problem, whatToDo: 'Use isolateCluster.' }];
}
