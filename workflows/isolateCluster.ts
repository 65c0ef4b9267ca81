import type { IsolateClusterInput, ParsedIsolateClusterInput } from '../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../contract/plan.ts';
import { profileSetting } from '../contract/profiles.ts';
import type { PlanReport, VerificationReport } from '../contract/result.ts';
import type { ExistingClusterFacts } from '../resources/discovery.ts';
import type { ClusterChange } from '../resources/managedClusters.ts';
import { bootstrapStep } from './existingCluster/bootstrapStep.ts';
import { applyApproval, applyPullProbe, approvalStep, probeProblems, pullProbeStep } from './existingCluster/gates.ts';
import { forwardOnly, outboundProblems } from './existingCluster/outboundType.ts';
import { assembled, ids, type Steps, type UpdatePlan } from './existingCluster/plan.ts';
import { prepare } from './existingCluster/preparations.ts';
import { isolationProblems } from './existingCluster/problems.ts';
import { runUpdate } from './existingCluster/scenario.ts';
import { applyBootstrap, applyOutbound, applyPreparations, updateSteps } from './existingCluster/update.ts';
import { bootsFromWanted, hasNoManagedNetwork, wantedByUpdate } from './existingCluster/wanted.ts';
import type { WantedInfrastructure } from './infrastructure/wanted.ts';
import { applyReimages } from './reimage/apply.ts';
import { gatedReimages } from './reimage/plan.ts';

/**
 * Makes a cluster that is there network isolated. Guide: "Update an existing AKS cluster to network isolated type", and with
 * bring your own ACR.
 *
 * The workflow ID must be `clusterWorkflowId(input.cluster)`, unless it is a dry run.
 */
export async function isolateCluster(given: IsolateClusterInput): Promise<VerificationReport | PlanReport> {
  return runUpdate('isolateCluster', given, {
    wanted: wantedByIsolation,
    clusterIsAsWanted: bootsFromWanted,
    plan: planIsolateCluster,
    apply(context) {
      const roles = applyPreparations(context);
      applyBootstrap(context);
      applyApproval('reimage', context);
      const reimages = applyReimages(context, ['unlink', 'bootstrap', 'zoneLink'], roles);
      const probe = applyPullProbe(context);
      applyApproval('cutEgress', context);
      applyOutbound(context);
      return { reimages, probe };
    },
  });
}

/** What `isolateCluster` is about. */
const wantedByIsolation = (input: ParsedIsolateClusterInput, seen: ExistingClusterFacts): WantedInfrastructure =>
  wantedByUpdate(input, seen, hasNoManagedNetwork(seen) && input.outboundType === 'none');

/** Guide: "Update an existing AKS cluster to network isolated type", and with bring your own ACR. Profile row P4. */
export function planIsolateCluster(
  input: ParsedIsolateClusterInput,
  seen: ExistingClusterFacts,
  run: string,
): UpdatePlan {
  const { outboundType, registry } = input;
  const inPhases = profileSetting(input.profile, 'isolationInPhases');
  const wanted = wantedByIsolation(input, seen);
  const artifacts: ClusterChange = { artifactSource: 'Cache', containerRegistryId: wanted.registry?.id ?? null };
  const bootstrap = inPhases ? artifacts : { ...artifacts, outboundType };
  const prepared = prepare(input, seen, wanted, run);
  const title = inPhases ? 'Images from the registry' : `Images from the registry, and outbound type ${outboundType}`;
  const update = updateSteps(input, seen, bootstrap, title, prepared, inPhases ? {} : forwardOnly(seen, outboundType));
  const gated = gatedReimages(input, seen, update.bootstrap, [...update.reachability, ...update.steps]);
  const probe = [pullProbeStep(input.cluster, ids([...update.steps, ...gated.steps]))];
  const cut = inPhases ? cutSteps(input, seen, [...update.steps, ...gated.steps, ...probe]) : [];
  const acts = [...update.steps, ...gated.steps, ...cut].some(({ action }) => action !== 'none');
  const steps = [...update.preparations, ...update.steps, ...gated.steps, ...(acts ? probe : []), ...cut];
  return assembled(input, seen, wanted, {
    steps,
    prepared: update.prepared,
    bootstrap,
    ...(update.unlink && { unlink: update.unlink }),
    ...(inPhases && { outbound: { outboundType } }),
    reimages: gated.reimages,
    differences: [
      'isolationInPhases',
      'reimaging',
      ...(registry.mode === 'bringYourOwn' ? (['cacheRule', 'anonymousPull'] as const) : []),
      ...(outboundType === 'block' ? (['outboundTypes'] as const) : []),
      ...(input.profile === 'preview' ? (['featureFlags'] as const) : []),
    ],
    problems: [
      ...isolationProblems(seen, outboundType),
      ...outboundProblems(seen, outboundType),
      ...update.problems,
      ...gated.problems,
      ...(acts ? probeProblems(input, seen) : []),
    ],
  });
}

/** The point of no return: only once every pool is proven. */
function cutSteps(input: ParsedIsolateClusterInput, seen: ExistingClusterFacts, before: Steps): PlannedStep[] {
  const { outboundType } = input;
  const cut: PlannedStep = {
    ...bootstrapStep(seen, { outboundType }, `Outbound type ${outboundType}: egress is cut`, ids(before)),
    id: 'outboundType',
    kind: 'outboundType',
    ...forwardOnly(seen, outboundType),
  };
  if (cut.action === 'none' || !input.approvals.includes('cutEgress')) return [cut];
  const gate = approvalStep('cutEgress', input.cluster, ids(before));
  return [gate, { ...cut, needs: [...cut.needs, gate.id] }];
}
