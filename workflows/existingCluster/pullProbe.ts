import { type ApplicationFailure, patched } from '@temporalio/workflow';
import { ownFailure } from '../../contract/failures.ts';
import type { ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { Check } from '../../contract/result.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { azure } from '../engine/azure.ts';
import { anyActs, nothingPlanned, type Part, stepIds } from '../engine/part.ts';
import type { StepHandle } from '../engine/step.ts';
import { judgedIfForbidden, provesIsolation, whenForbidden } from '../isolation/proof.ts';
import { nodeChecks } from '../nodes/checks.ts';
import { probeOldestNodes } from '../nodes/probe.ts';
import type { UpdateContext, UpdateInput } from './context.ts';

type ProbeInput = UpdateInput & { probes: 'required' | 'ifAllowed' };

/**
 * Before the point of no return, a node of each pool shows that it boots from the registry and pulls through it.
 *
 * @returns what the nodes show; undefined where the plan has no probe.
 */
export function applyPullProbe({
  input,
  found,
  plan,
  step,
}: UpdateContext<ProbeInput>): StepHandle<Check[]> | undefined {
  if (!plan.steps.some(({ id }) => id === 'pullProbe')) return undefined;
  return step('pullProbe', {
    act: () => provenPulls(found, input),
    waitsFor: 'pods on the nodes',
  });
}

/**
 * Right before the point of no return, the pools anew: an approval, a pause or a decision may have taken days. Where somebody has
 * added a pool since the pull probe, or changed where nodes boot from, that is repeated. A run of version 0.1 does not look again.
 *
 * @throws ApplicationFailure `NotProven` or `LookFailed`.
 */
export async function probeAddedPools(
  { input, found }: UpdateContext<ProbeInput>,
  probe: StepHandle<Check[]> | undefined,
): Promise<void> {
  const probed = await probe?.result;
  if (!probed || !patched(provesIsolation)) return;
  const { cluster } = input;
  const { cluster: now, imageSource = 'Direct' } = await azure
    .verifying('Look at the cluster')
    .lookAtCluster({ cluster, subscriptionIds: [] });
  if (now && !isStillProven(probed, now, imageSource)) await provenPulls(found, input);
}

/** Whether each pool was probed, for the source from which its nodes are to boot now. */
export const isStillProven = (
  probed: readonly Check[],
  { agentPoolProfiles }: Pick<ClusterFacts, 'agentPoolProfiles'>,
  imageSource: string,
): boolean =>
  agentPoolProfiles.every(({ name }) =>
    probed.some(({ id, expected }) => id === `boots:${name}` && expected === imageSource),
  );

/** @throws ApplicationFailure `NotProven` or `LookFailed`. */
async function provenPulls(found: ClusterFacts, input: ProbeInput): Promise<Check[]> {
  const checks = await pullChecks(found, input);
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0) throw notProven(found, failed);
  return checks;
}

async function pullChecks(
  found: ClusterFacts,
  { cluster, probes }: { cluster: ClusterReference; probes: 'required' | 'ifAllowed' },
): Promise<Check[]> {
  // Somebody may have added a pool since discovery. A run of version 0.1 does not look.
  const look = patched(provesIsolation)
    ? await azure.verifying('Look at the cluster').lookAtCluster({ cluster, subscriptionIds: [] })
    : undefined;
  const now = look?.cluster ?? found;
  const [source, kubernetes] = await Promise.all([
    look ? look.imageSource : azure.verifying('Read where nodes are to boot from').readImageSource(cluster),
    azure.verifying('Look at the nodes').lookInside(cluster, true),
  ]);
  const results = await probeOldestNodes({ cluster }, now, kubernetes, source, true);
  const checks = nodeChecks(now, kubernetes, results, source ?? 'Direct');
  return checks.map((each) => judgedIfForbidden(each, whenForbidden(probes)));
}

function notProven({ id }: ClusterFacts, failed: readonly Check[]): ApplicationFailure {
  const what = failed.map(
    ({ title, expected, seen, unproven }) => `${title}: expected ${expected}, seen ${unproven ?? seen}`,
  );
  const isFailedLook = failed.every(
    (each) => each.verdict === 'unproven' && (each.because === 'failed' || each.because === 'podDenied'),
  );
  if (isFailedLook) return ownFailure('LookFailed', `${what.join('; ')} (${id})`, id);
  const whatToDo = 'Look at the node that the message names: without egress it would not get its images.';
  return ownFailure('NotProven', `${what.join('; ')} (${id})`, id, { whatToDo });
}

/**
 * Plans the pull probe: a node of each pool pulls an image through the registry. It comes after the steps that change the
 * nodes, and before those that cannot be taken back. If none of them acts, there is nothing to prove.
 */
export function planPullProbe(
  { cluster, probes }: Pick<ParsedIsolateClusterInput, 'cluster' | 'probes'>,
  seen: ExistingClusterFacts,
  after: readonly PlannedStep[],
  before: readonly PlannedStep[],
): Part {
  if (!anyActs([...after, ...before])) return nothingPlanned;
  const probe: PlannedStep = {
    id: 'pullProbe',
    kind: 'pullProbe',
    title: 'A node of each pool pulls an image through the registry',
    action: 'check',
    reason: 'proves that nodes do without egress',
    needs: stepIds(after),
    resourceId: clusterId(cluster),
  };
  return { steps: [probe], problems: probes === 'required' ? probeProblems(seen) : [] };
}

/** Nodes can prove nothing where run-command is forbidden, or the cluster does not admit the pods with which they would. */
function probeProblems({ cluster, kubernetes }: ExistingClusterFacts): Problem[] {
  if (cluster && 'seen' in kubernetes && kubernetes.seen.podDenied !== undefined) {
    const problem = `no node could show that it pulls through the registry: ${kubernetes.seen.podDenied}`;
    const whatToDo =
      'Except the namespace kube-system, or pods with the label aks-isolation=probe, for the run; or set probes to ifAllowed.';
    return [{ where: cluster.id, problem, whatToDo }];
  }
  if (!cluster || !('unseen' in kubernetes) || kubernetes.unseen.because !== 'notAllowed') return [];
  return [
    {
      where: cluster.id,
      problem: `run-command is not allowed, so that no node can show that it pulls through the registry (${kubernetes.unseen.message})`,
      whatToDo: 'Allow it for the run, or set probes to ifAllowed.',
    },
  ];
}
