import { patched } from '@temporalio/workflow';
import { ownFailure } from '../contract/failures.ts';
import type { ChangeRegistryInput, ParsedChangeRegistryInput } from '../contract/inputs/existingCluster.ts';
import type { Problem } from '../contract/problem.ts';
import type { Check, PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import { resourceReference } from '../resources/ids.ts';
import { applyApproval } from './engine/gates.ts';
import type { StepHandle } from './engine/step.ts';
import { bootstrapSteps, planBootstrap } from './existingCluster/bootstrap.ts';
import type { UpdateContext } from './existingCluster/context.ts';
import { lookAtOldRegistry } from './existingCluster/discover.ts';
import { planUpdate, type UpdatePlan } from './existingCluster/plan.ts';
import { planPreparations } from './existingCluster/preparations.ts';
import { applyPullProbe, planPullProbe, probeAddedPools } from './existingCluster/pullProbe.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { applyBootstrap, applyPreparations, applyRemovals } from './existingCluster/update.ts';
import { bootsFromWanted, wantedByUpdate } from './existingCluster/wanted.ts';
import { registrySettings } from './infrastructure/plan.ts';
import { privateDnsOf, type WantedInfrastructure } from './infrastructure/wanted.ts';
import { isolationProblems } from './isolation/problems.ts';
import { provesIsolation, whenForbidden } from './isolation/proof.ts';
import { applyReimages } from './reimage/apply.ts';
import { planReimagesAfter } from './reimage/plan.ts';
import { planOldRegistry, userProblems } from './removal/oldRegistry.ts';

/**
 * Moves a network isolated cluster to another registry. Guide: "Update your ACR ID".
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function changeRegistry(given: ChangeRegistryInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('changeRegistry', given, {
    wanted: wantedByRegistryChange,
    clusterIsAsWanted: bootsFromWanted,
    proof: ({ accept, probes, registry }) => ({
      accept,
      whenForbidden: whenForbidden(probes),
      privateDns: privateDnsOf(registry),
      isPatient: true,
    }),
    leavesRegistry: ({ oldRegistry }) => oldRegistry === 'delete',
    plan: planChangeRegistry,
    apply(context) {
      const roles = applyPreparations(context);
      applyBootstrap(context);
      applyApproval('reimage', context);
      const reimages = applyReimages(context, bootstrapSteps, roles);
      const probe = applyPullProbe(context);
      applyRemovals(context, () => lookBeforeRemoval(context, probe));
      return { reimages, probe };
    },
  });
}

/** Nothing that is deleted comes back: the pools and the users of the old registry are asked anew. */
async function lookBeforeRemoval(
  context: UpdateContext<ParsedChangeRegistryInput>,
  probe: StepHandle<Check[]> | undefined,
): Promise<void> {
  await probeAddedPools(context, probe);
  const { input, found, plan } = context;
  if (!patched(provesIsolation)) return;
  const old = await lookAtOldRegistry(input, found, wantedByRegistryChange(input, context.seen));
  const [problem] = old ? userProblems(old, input) : [];
  if (problem && plan.removals.length > 0) {
    throw ownFailure('InUse', `${problem.problem} (${problem.where})`, problem.where);
  }
}

const wantedByRegistryChange = (input: ParsedChangeRegistryInput, seen: ExistingClusterFacts): WantedInfrastructure =>
  wantedByUpdate(input, seen, false);

/** Plans the move: the new registry, the nodes, and then the end of the old one. Profile row P8. */
export function planChangeRegistry(
  input: ParsedChangeRegistryInput,
  seen: ExistingClusterFacts,
  runId: string,
): UpdatePlan {
  const wanted = wantedByRegistryChange(input, seen);
  const { registry } = wanted;
  const preparations = planPreparations(input, seen, wanted, runId);
  const bootstrap = planBootstrap(input, seen, preparations, {
    change: { artifactSource: 'Cache', containerRegistryId: registry?.id ?? null },
    title: registry
      ? `Images from registry ${resourceReference(registry.id).name}`
      : 'Images from a registry that AKS manages',
  });
  const reimages = planReimagesAfter(
    [...preparations.infrastructure.steps, ...bootstrap.steps],
    input,
    seen,
    bootstrap,
  );
  const nodes = [...bootstrap.steps, ...reimages.steps];
  const probe = planPullProbe(input, seen, nodes, []);
  const old = planOldRegistry(input, seen, [...nodes, ...probe.steps]);
  const limits = [...directProblems(seen), ...isolationProblems(input, seen, wanted)];
  return planUpdate(
    input,
    seen,
    preparations,
    [{ steps: [], problems: limits }, bootstrap, reimages, probe, old],
    ['changingTheRegistry', 'reimaging', ...registrySettings(input.registry)],
  );
}

function directProblems({ cluster }: ExistingClusterFacts): Problem[] {
  if (!cluster || cluster.artifactSource === 'Cache') return [];
  const problem = 'its nodes get their images from Microsoft directly, not from a registry';
  return [{ where: cluster.id, problem, whatToDo: 'Use isolateCluster.' }];
}
