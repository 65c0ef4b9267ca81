import { ApplicationFailure } from '@temporalio/workflow';
import { errorDetails } from '../contract/errors.ts';
import type { ApprovalGate } from '../contract/names.ts';
import type { Check } from '../contract/result.ts';
import type { ClusterChange, ClusterFacts } from '../resources/managedClusters.ts';
import { azure } from './engine/azure.ts';
import { unlessGone } from './engine/errorText.ts';
import { ownerOf } from './engine/owner.ts';
import { applyInfrastructure, applyZoneLink } from './infrastructure/apply.ts';
import type { Living } from './livingScenario.ts';
import { nodeChecks } from './nodes/checks.ts';
import { probeOldestNodes } from './nodes/probe.ts';
import { patienceOf, previousBootstrap, previousOutbound, undoPatience } from './plan/livingCluster.ts';
import { applyRegistrations } from './registrations/apply.ts';
import { remove } from './removal/apply.ts';

const waitsFor = 'AKS, about four minutes';

/** Guide: "Before you begin", and bring your own ACR, steps 1 to 5, in the cluster's own network and for its own identity. */
export function applyPreparations(
  living: Living & { input: { registrationTimeoutMinutes: number; rolePropagationTimeoutMinutes: number } },
): void {
  const { input, plan, owner, step } = living;
  if (plan.registrations) applyRegistrations(plan.registrations, input.registrationTimeoutMinutes, step);
  const prepared = applyInfrastructure(plan.infrastructure, owner, step);
  living.rolePropagation = async () => (await prepared(input.rolePropagationTimeoutMinutes)).rolePropagation;
}

/** A network takes one zone for registries: the link of one's own goes before AKS makes its own zone, which it also links. */
function applyUnlink({ input, owner, plan, step }: Living): void {
  const { unlink } = plan;
  if (!unlink) return;
  const { id, virtualNetworkId } = unlink;
  step('unlink', {
    act: () => azure.operating('Delete link of zone').deleteZoneLink({ id, owner: ownerOf(input) }),
    undo: () => azure.operating('Link zone to network again').createZoneLink({ id, virtualNetworkId, tags: owner }),
    waitsFor: 'Azure',
  });
}

/** Guide: `az aks update --bootstrap-artifact-source`. Its undo comes before that of the nodes, which boot from it. */
export function applyBootstrap(living: Living): void {
  const { input, found, owner, plan, step } = living;
  const { bootstrap, infrastructure } = plan;
  if (!bootstrap) return;
  applyUnlink(living);
  const back = { ...previousBootstrap(found), ...(bootstrap.outboundType !== undefined && previousOutbound(found)) };
  step('bootstrap', {
    act: () => update(input, 'Set where nodes boot from', bootstrap),
    undo: () => putBack(input, 'Put back where nodes boot from', back),
    waitsFor,
  });
  if (infrastructure.zoneLink?.later) applyZoneLink(infrastructure.zoneLink, owner, step);
}

/** Guide: `az aks update --outbound-type`. */
export function applyOutbound({ input, found, plan, step }: Living): void {
  const { outbound } = plan;
  if (!outbound) return;
  step('outboundType', {
    act: () => update(input, `Set outbound type ${outbound.outboundType}`, outbound),
    undo: () => putBack(input, `Put back outbound type ${found.outboundType}`, previousOutbound(found)),
    waitsFor,
  });
}

/**
 * Guide: `az aks update --bootstrap-artifact-source Direct --outbound-type …`, which is one update. Its undo is two, for
 * egress may only be cut again once the nodes boot from the registry again.
 */
export function applyOpening({ input, found, plan, step }: Living): void {
  const { bootstrap } = plan;
  if (!bootstrap) return;
  const putBackBootstrap = () => putBack(input, 'Put back where nodes boot from', previousBootstrap(found));
  step('outboundType', {
    act: () => update(input, `Set outbound type ${bootstrap.outboundType}, and images from Microsoft`, bootstrap),
    async undo() {
      // It is not begun where only the answer to the update was lost, and AKS cuts no egress of nodes that boot from Microsoft.
      await putBackBootstrap();
      await putBack(input, `Put back outbound type ${found.outboundType}`, previousOutbound(found));
    },
    waitsFor,
  });
  step('bootstrap', { act: async () => undefined, undo: putBackBootstrap, waitsFor });
}

async function update(
  input: Living['input'],
  summary: string,
  change: ClusterChange,
  patience = patienceOf(input),
): Promise<void> {
  await azure.operating(summary).updateCluster({ cluster: input.cluster, change, patience });
}

const putBack = (input: Living['input'], summary: string, change: ClusterChange): Promise<void> =>
  update(input, summary, change, undoPatience(input)).catch(unlessGone);

/** Waits until an operator lets the scenario pass, if that was asked for. */
export function applyApproval(gate: ApprovalGate, { input, step, run }: Living): void {
  const { approvalTimeoutMinutes: minutes } = input;
  if (!run.isPlanned(`approve:${gate}`)) return;
  step(`approve:${gate}`, {
    act: () => run.approval(gate, minutes),
    waitsFor: `approval (update approve), at most ${minutes} minutes`,
  });
}

/** Before the point of no return, a node of each pool shows that it boots from the registry and pulls through it. */
export function applyPullProbe(living: Living & { input: { probes: 'required' | 'ifAllowed' } }): void {
  const { input, found, step, run } = living;
  const { cluster, probes } = input;
  if (!run.isPlanned('pullProbe')) return;
  step('pullProbe', {
    act: async () => {
      const [source, interior] = await Promise.all([
        azure.reading('Read where nodes are to boot from').readImageSource(cluster),
        azure.operating('Look at the nodes').lookInside(cluster),
      ]);
      const results = await probeOldestNodes({ cluster }, found, interior, source);
      living.probed = nodeChecks(found, interior, results, source ?? 'Direct').map((each) =>
        // What nobody may look at is no reason to fail where the operator has said so.
        each.unproven !== undefined && probes === 'ifAllowed' ? { ...each, ok: true } : each,
      );
      const failed = living.probed.filter(({ ok }) => !ok);
      if (failed.length > 0) throw notProven(found, failed);
    },
    waitsFor: 'pods on the nodes',
  });
}

function notProven({ id }: ClusterFacts, failed: readonly Check[]): ApplicationFailure {
  const what = failed.map(
    ({ title, expected, seen, unproven }) => `${title}: expected ${expected}, seen ${unproven ?? seen}`,
  );
  const whatToDo = 'Look at the node that the message names: without egress it would not get its images.';
  return ApplicationFailure.create({
    type: 'NotProven',
    message: `${what.join('; ')} (${id})`,
    nonRetryable: true,
    details: [errorDetails('NotProven', id, whatToDo)],
  });
}

/** What the cluster has left behind and is to go. */
export function applyRemovals({ input, plan, step }: Living): void {
  // Whichever run on this cluster made it.
  const owner = ownerOf(input);
  for (const removal of plan.removals) step(removal.step, { act: () => remove(removal, owner), waitsFor: 'Azure' });
}
