import { patched } from '@temporalio/workflow';
import type { ClusterChange } from '../../resources/managedClusters.ts';
import { isFailed } from '../../resources/provisioningState.ts';
import type { RolePropagation } from '../../resources/roles.ts';
import { azure } from '../engine/azure.ts';
import { ignoreIfDeleted } from '../engine/errorText.ts';
import { clusterMarks } from '../engine/marks.ts';
import { applyInfrastructure, applyZoneLink } from '../infrastructure/apply.ts';
import { applySecondMarks } from '../infrastructure/secondMarks.ts';
import { applyRegistrations } from '../registrations/apply.ts';
import { remove } from '../removal/apply.ts';
import type { Removal } from '../removal/kinds.ts';
import { previousBootstrap } from './bootstrap.ts';
import type { UpdateContext, UpdateInput } from './context.ts';
import { busyPolicyOf, undoBusyPolicy } from './facts.ts';
import { keptNothing, previousOutbound } from './outboundType.ts';

/** Name of the patch with which a step that shares its PUT with another one is taken back as well. */
const goesBackAsTwo = 'one-update-goes-back-as-two';
const waitsFor = 'AKS, about four minutes';
const managedRegistry: ClusterChange = { artifactSource: 'Cache', containerRegistryId: null };

/** Roles that nodes need and that were assigned a moment ago. To be asked once the steps of the infrastructure are done. */
export type PendingRoles = () => Promise<RolePropagation | undefined>;

/** Guide: "Before you begin", and bring your own ACR, steps 1 to 5, in the cluster's own network and for its own identity. */
export function applyPreparations({
  input,
  plan,
  marks,
  step,
}: UpdateContext<
  UpdateInput & { registrationTimeoutMinutes: number; rolePropagationTimeoutMinutes: number }
>): PendingRoles {
  if (plan.registrations) applyRegistrations(plan.registrations, input.registrationTimeoutMinutes, step);
  applySecondMarks(
    plan.steps.filter(({ id }) => !plan.leftMarks.some((each) => each.id === id)),
    marks,
    step,
  );
  const prerequisites = applyInfrastructure(plan.infrastructure, marks, step);
  return async () => (await prerequisites(input.rolePropagationTimeoutMinutes)).rolePropagation;
}

/** Azure links a network to one zone of a name only. The present link therefore goes before AKS links the zone that it makes. */
function applyUnlink({ input, plan, step }: UpdateContext): void {
  const { unlink } = plan;
  if (!unlink) return;
  // It comes back with the marks that it had: another run has made it.
  const { id, virtualNetworkId, marks } = unlink;
  step('unlink', {
    act: () => azure.operating('Delete link of zone').deleteZoneLink({ id, marks: clusterMarks(input) }),
    undo: () =>
      azure
        .undoing('Link zone to network again')
        .createZoneLink({ id, virtualNetworkId, tags: marks })
        .catch(ignoreIfDeleted),
    waitsFor: 'Azure',
  });
}

/** Guide: `az aks update --bootstrap-artifact-source`. It is undone before the nodes, for they then boot from the former source. */
export function applyBootstrap(context: UpdateContext): void {
  const { input, found, marks, plan, step } = context;
  const { bootstrap, infrastructure } = plan;
  if (!bootstrap) return;
  applyUnlink(context);
  const back = {
    ...previousBootstrap(found),
    ...(bootstrap.outboundType !== undefined && previousOutbound(found, bootstrap)),
  };
  const linksLater = infrastructure.zoneLink?.later ?? false;
  step('bootstrap', {
    async act(begun) {
      // AKS makes the nodes of a failed cluster anew. They find one's own registry by the link of the zone, which waits for this
      // update: so it starts from AKS's registry, whose zone is still linked.
      const isHalfWay = begun || isFailed(found.provisioningState);
      if (linksLater && isHalfWay && patched('retry-from-managed-registry'))
        await update(input, 'Put back where nodes boot from', managedRegistry);
      return update(input, 'Set where nodes boot from', bootstrap);
    },
    said: (result) => keptNothing(found, bootstrap, result),
    undo: () => putBack(input, 'Put back where nodes boot from', back, bootstrap),
    waitsFor,
  });
  if (infrastructure.zoneLink && linksLater) applyZoneLink(infrastructure.zoneLink, marks, step);
}

/** Guide: `az aks update --outbound-type`. @param before Looks again before egress is cut. */
export function applyOutbound({ input, found, plan, step }: UpdateContext, before: () => Promise<void>): void {
  const { outbound } = plan;
  if (!outbound) return;
  step('outboundType', {
    act: async () => {
      await before();
      return update(input, `Set outbound type ${outbound.outboundType}`, outbound);
    },
    said: (result) => keptNothing(found, outbound, result),
    undo: () =>
      putBack(input, `Put back outbound type ${found.outboundType}`, previousOutbound(found, outbound), outbound),
    waitsFor,
  });
}

/**
 * Guide: `az aks update --bootstrap-artifact-source Direct --outbound-type …`. One PUT changes both, but undo needs two:
 * bootstrap source, then reimage, then outbound type. Egress may only be cut once the nodes boot from the registry again.
 */
export function applyOpenEgress({ input, found, plan, step }: UpdateContext): void {
  const { bootstrap } = plan;
  if (!bootstrap) return;
  const putBackBootstrap = () => putBack(input, 'Put back where nodes boot from', previousBootstrap(found), bootstrap);
  step('outboundType', {
    act: () => update(input, `Set outbound type ${bootstrap.outboundType}, and images from Microsoft`, bootstrap),
    async undo() {
      // AKS cuts no egress of nodes that boot from Microsoft: step `bootstrap` has put that back. In runs of version 0.1 it may not have.
      if (!patched(goesBackAsTwo)) await putBackBootstrap();
      await putBack(
        input,
        `Put back outbound type ${found.outboundType}`,
        previousOutbound(found, bootstrap),
        bootstrap,
      );
    },
    waitsFor,
  });
  step('bootstrap', {
    act: async () => undefined,
    // Its PUT is that of step `outboundType`, and nodes are reimaged between the two ways back.
    isAffected: (hasBegun) => hasBegun('outboundType') && patched(goesBackAsTwo),
    undo: putBackBootstrap,
    waitsFor,
  });
}

function update(input: UpdateContext['input'], summary: string, change: ClusterChange) {
  const busyPolicy = busyPolicyOf(input);
  return azure.operating(summary).updateCluster({ cluster: input.cluster, change, busyPolicy });
}

/** @param written What the run wrote: where the cluster shows something else, it is somebody's newer change, and stays. */
async function putBack(
  input: UpdateContext['input'],
  summary: string,
  change: ClusterChange,
  written: ClusterChange,
): Promise<void> {
  const busyPolicy = undoBusyPolicy(input);
  await azure
    .undoing(summary)
    .updateCluster({ cluster: input.cluster, change, written, busyPolicy })
    .catch(ignoreIfDeleted);
}

/** Deletes the old registry with its endpoint and records. @param before Looks again before anything goes. */
export function applyRemovals({ input, plan, step }: UpdateContext, before: () => Promise<void>): void {
  // Any run on this cluster may have made them.
  const marks = clusterMarks(input);
  let looked: Promise<void> | undefined;
  const act = async (removal: Removal) => {
    looked ??= before();
    await looked.catch((error: unknown) => {
      // An operator may ask for another look.
      looked = undefined;
      throw error;
    });
    await remove(removal, marks);
  };
  for (const removal of plan.removals) step(removal.step, { act: () => act(removal), waitsFor: 'Azure' });
}
