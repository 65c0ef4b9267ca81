import type { ChangeRegistryInput, ParsedChangeRegistryInput } from '../contract/inputs/existingCluster.ts';
import type { Problem } from '../contract/problem.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import type { ClusterChange } from '../resources/managedClusters.ts';
import { applyApproval, applyPullProbe, probeProblems, pullProbeStep } from './existingCluster/gates.ts';
import { assembled, ids, type UpdatePlan } from './existingCluster/plan.ts';
import { prepare } from './existingCluster/preparations.ts';
import { isolationProblems } from './existingCluster/problems.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { applyBootstrap, applyPreparations, applyRemovals, updateSteps } from './existingCluster/update.ts';
import { bootsFromWanted, wantedByUpdate } from './existingCluster/wanted.ts';
import type { WantedInfrastructure } from './infrastructure/wanted.ts';
import { applyReimages } from './reimage/apply.ts';
import { gatedReimages } from './reimage/plan.ts';
import { oldRegistryPlan } from './removal/oldRegistry.ts';

/**
 * Moves a network isolated cluster to another registry. Guide: "Update your ACR ID".
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function changeRegistry(given: ChangeRegistryInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('changeRegistry', given, {
    wanted: wantedByRegistryChange,
    clusterIsAsWanted: bootsFromWanted,
    leavesRegistry: ({ oldRegistry }) => oldRegistry === 'delete',
    plan: planChangeRegistry,
    apply(context) {
      const roles = applyPreparations(context);
      applyBootstrap(context);
      applyApproval('reimage', context);
      const reimages = applyReimages(context, ['unlink', 'bootstrap', 'zoneLink'], roles);
      const probe = applyPullProbe(context);
      applyRemovals(context);
      return { reimages, probe };
    },
  });
}

/** What `changeRegistry` is about. */
const wantedByRegistryChange = (input: ParsedChangeRegistryInput, seen: ExistingClusterFacts): WantedInfrastructure =>
  wantedByUpdate(input, seen, false);

/** Guide: "Update your ACR ID". Profile row P8. */
export function planChangeRegistry(
  input: ParsedChangeRegistryInput,
  seen: ExistingClusterFacts,
  run: string,
): UpdatePlan {
  const wanted = wantedByRegistryChange(input, seen);
  const bootstrap: ClusterChange = { artifactSource: 'Cache', containerRegistryId: wanted.registry?.id ?? null };
  const prepared = prepare(input, seen, wanted, run);
  const title = wanted.registry
    ? `Images from registry ${wanted.registry.id.split('/').at(-1)}`
    : 'Images from a registry that AKS manages';
  const update = updateSteps(input, seen, bootstrap, title, prepared, {});
  const gated = gatedReimages(input, seen, update.bootstrap, [...update.reachability, ...update.steps]);
  const acts = [...update.steps, ...gated.steps].some(({ action }) => action !== 'none');
  const probe = acts ? [pullProbeStep(input.cluster, ids([...update.steps, ...gated.steps]))] : [];
  const old = oldRegistryPlan(input, seen, [...update.steps, ...gated.steps, ...probe]);
  return assembled(input, seen, wanted, {
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

function directProblems({ cluster }: ExistingClusterFacts): Problem[] {
  if (!cluster || cluster.artifactSource === 'Cache') return [];
  const problem = 'its nodes get their images from Microsoft directly, not from a registry';
  return [{ where: cluster.id, problem, whatToDo: 'Use isolateCluster.' }];
}
