import type { IsolateClusterInput, ParsedIsolateClusterInput } from '../contract/inputs/existingCluster.ts';
import type { StepId } from '../contract/plan.ts';
import { outboundTypeSettings, profileSetting } from '../contract/profiles.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import type { ClusterChange } from '../resources/managedClusters.ts';
import { applyApproval, planGate } from './engine/gates.ts';
import { nothingPlanned, stepIds } from './engine/part.ts';
import { bootstrapSteps, planBootstrap } from './existingCluster/bootstrap.ts';
import { outboundForwardOnly, outboundProblems, outboundStep, planCutting } from './existingCluster/outboundType.ts';
import { planUpdate, type UpdatePart, type UpdatePlan } from './existingCluster/plan.ts';
import { planPreparations } from './existingCluster/preparations.ts';
import { applyPullProbe, planPullProbe, probeAddedPools } from './existingCluster/pullProbe.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { applyBootstrap, applyOutbound, applyPreparations } from './existingCluster/update.ts';
import { bootsFromWanted, hasNoManagedNetwork, wantedByUpdate } from './existingCluster/wanted.ts';
import { registrySettings } from './infrastructure/plan.ts';
import { privateDnsOf, type WantedInfrastructure } from './infrastructure/wanted.ts';
import { isolationProblems } from './isolation/problems.ts';
import { whenForbidden } from './isolation/proof.ts';
import { applyReimages } from './reimage/apply.ts';
import { planReimagesAfter } from './reimage/plan.ts';

/**
 * Makes an existing cluster network isolated. Guide: "Update an existing AKS cluster to network isolated type", and with bring
 * your own ACR.
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function isolateCluster(given: IsolateClusterInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('isolateCluster', given, {
    wanted: wantedByIsolation,
    clusterIsAsWanted: bootsFromWanted,
    proof: ({ accept, probes, registry }) => ({
      accept,
      whenForbidden: whenForbidden(probes),
      privateDns: privateDnsOf(registry),
      isPatient: true,
    }),
    plan: planIsolateCluster,
    apply(context) {
      const roles = applyPreparations(context);
      applyBootstrap(context);
      applyApproval('reimage', context);
      const reimages = applyReimages(context, bootstrapSteps, roles);
      const probe = applyPullProbe(context);
      applyApproval('cutEgress', context);
      applyOutbound(context, () => probeAddedPools(context, probe));
      return { reimages, probe };
    },
  });
}

/** An update to outbound type none also takes the outbound access of the nodes' own subnets away. */
const wantedByIsolation = (input: ParsedIsolateClusterInput, seen: ExistingClusterFacts): WantedInfrastructure =>
  wantedByUpdate(input, seen, hasNoManagedNetwork(seen) && input.outboundType === 'none');

/** Plans the isolation: images from the registry first, egress cut last. Profile row P4. */
export function planIsolateCluster(
  input: ParsedIsolateClusterInput,
  seen: ExistingClusterFacts,
  runId: string,
): UpdatePlan {
  const { outboundType, profile, registry } = input;
  const inPhases = profileSetting(profile, 'isolationInPhases');
  const wanted = wantedByIsolation(input, seen);
  const preparations = planPreparations(input, seen, wanted, runId);
  const { change: cutting, said } = planCutting(seen, outboundType);
  const fromRegistry: ClusterChange = { artifactSource: 'Cache', containerRegistryId: wanted.registry?.id ?? null };
  const bootstrap = planBootstrap(
    input,
    seen,
    preparations,
    inPhases
      ? { change: fromRegistry, title: 'Images from the registry' }
      : {
          change: { ...fromRegistry, ...cutting },
          title: `Images from the registry, and outbound type ${outboundType}`,
          said,
          forwardOnly: outboundForwardOnly(seen, outboundType),
        },
  );
  const reimages = planReimagesAfter(
    [...preparations.infrastructure.steps, ...bootstrap.steps],
    input,
    seen,
    bootstrap,
  );
  const nodes = [...bootstrap.steps, ...reimages.steps];
  const cutOnly = inPhases ? planCut(input, seen, stepIds(nodes)) : nothingPlanned;
  const probe = planPullProbe(input, seen, nodes, cutOnly.steps);
  const cut = inPhases ? planCut(input, seen, [...stepIds(nodes), ...stepIds(probe.steps)]) : nothingPlanned;
  const limits = [...isolationProblems(input, seen, wanted), ...outboundProblems(seen, outboundType)];
  return planUpdate(
    input,
    seen,
    preparations,
    [{ steps: [], problems: limits }, bootstrap, reimages, probe, cut],
    [
      'isolationInPhases',
      'reimaging',
      ...registrySettings(registry),
      ...outboundTypeSettings(outboundType),
      ...(profile === 'preview' ? (['featureFlags'] as const) : []),
    ],
  );
}

/** Plans the point of no return: egress is cut only once every pool is proven. */
function planCut(input: ParsedIsolateClusterInput, seen: ExistingClusterFacts, needs: readonly StepId[]): UpdatePart {
  const { outboundType } = input;
  const { change, said } = planCutting(seen, outboundType);
  const cut = outboundStep(input, seen, `Outbound type ${outboundType}: egress is cut`, needs, said);
  const gates = cut.action === 'none' ? [] : planGate('cutEgress', input, seen.discovered?.allowances, needs);
  return {
    steps: [...gates, { ...cut, needs: [...needs, ...stepIds(gates)] }],
    problems: [],
    outbound: change,
  };
}
