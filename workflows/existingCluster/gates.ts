import type { ApplicationFailure } from '@temporalio/workflow';
import { patched } from '@temporalio/workflow';
import { ownFailure } from '../../contract/failures.ts';
import type { ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { ApprovalGate } from '../../contract/names.ts';
import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { Check } from '../../contract/result.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { azure } from '../engine/azure.ts';
import { anyActs, ids, nothingPlanned, type Part } from '../engine/part.ts';
import type { StepHandle } from '../engine/steps.ts';
import { judgedIfForbidden, provesIsolation, type WhenForbidden } from '../isolation/proof.ts';
import { nodeChecks } from '../nodes/checks.ts';
import { probeOldestNodes } from '../nodes/probe.ts';
import type { UpdateContext, UpdateInput } from './context.ts';

/** Waits until an operator lets the scenario pass, if that was asked for. */
export function applyApproval(gate: ApprovalGate, { input, plan, step, operator }: UpdateContext): void {
  const { approvalTimeoutMinutes: minutes } = input;
  if (!plan.steps.some(({ id }) => id === `approve:${gate}`)) return;
  step(`approve:${gate}`, {
    act: () => operator.approval(gate, minutes),
    waitsFor: `approval (update approve), at most ${minutes} minutes`,
  });
}

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
}: UpdateContext<UpdateInput & { probes: 'required' | 'ifAllowed' }>): StepHandle<Check[]> | undefined {
  if (!plan.steps.some(({ id }) => id === 'pullProbe')) return undefined;
  return step('pullProbe', {
    act: async () => {
      const checks = await pullChecks(found, input);
      const failed = checks.filter(({ ok }) => !ok);
      if (failed.length > 0) throw notProven(found, failed);
      return checks;
    },
    waitsFor: 'pods on the nodes',
  });
}

async function pullChecks(
  found: ClusterFacts,
  { cluster, probes }: { cluster: ClusterReference; probes: 'required' | 'ifAllowed' },
): Promise<Check[]> {
  // Somebody may have added a pool since discovery. A run of version 0.1 does not look.
  const look = patched(provesIsolation)
    ? await azure.operating('Look at the cluster').lookAtCluster({ cluster, subscriptionIds: [] })
    : undefined;
  const now = look?.cluster ?? found;
  const [source, kubernetes] = await Promise.all([
    look ? look.imageSource : azure.reading('Read where nodes are to boot from').readImageSource(cluster),
    azure.operating('Look at the nodes').lookInside(cluster),
  ]);
  const results = await probeOldestNodes({ cluster }, now, kubernetes, source);
  const checks = nodeChecks(now, kubernetes, results, source ?? 'Direct');
  return checks.map((each) => judgedIfForbidden(each, whenForbidden(probes)));
}

/** `ifAllowed` accepts by name that nothing was seen from inside the cluster. */
export const whenForbidden = (probes: 'required' | 'ifAllowed'): WhenForbidden =>
  probes === 'required' ? 'fail' : 'accept';

function notProven({ id }: ClusterFacts, failed: readonly Check[]): ApplicationFailure {
  const what = failed.map(
    ({ title, expected, seen, unproven }) => `${title}: expected ${expected}, seen ${unproven ?? seen}`,
  );
  const whatToDo = 'Look at the node that the message names: without egress it would not get its images.';
  return ownFailure('NotProven', `${what.join('; ')} (${id})`, id, { whatToDo });
}

/** The step that waits for the `approve` update. */
export const approvalStep = (gate: ApprovalGate, cluster: ClusterReference, needs: readonly StepId[]): PlannedStep => ({
  id: `approve:${gate}`,
  kind: 'approval',
  title: gate === 'reimage' ? 'Approval to reimage the node pools' : 'Approval to cut egress',
  action: 'check',
  reason: 'asked for',
  needs,
  resourceId: clusterId(cluster),
});

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
    needs: ids(after),
    resourceId: clusterId(cluster),
  };
  return { steps: [probe], problems: probes === 'required' ? probeProblems(seen) : [] };
}

/** Nodes can prove nothing where run-command is forbidden. */
function probeProblems({ cluster, kubernetes }: ExistingClusterFacts): Problem[] {
  if (!cluster || !('unseen' in kubernetes) || kubernetes.unseen.because !== 'notAllowed') return [];
  return [
    {
      where: cluster.id,
      problem: `run-command is not allowed, so that no node can show that it pulls through the registry (${kubernetes.unseen.message})`,
      whatToDo: 'Allow it for the run, or set probes to ifAllowed.',
    },
  ];
}
