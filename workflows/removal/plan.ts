import type { ClusterPart, ParsedDeleteClusterInput } from '../../contract/inputs/deleteCluster.ts';
import type { Plan, PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { DeletionFacts, DeletionRequest } from '../../resources/discovery.ts';
import { listedInShort } from '../../resources/entries.ts';
import { clusterId, resourceGroupId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { carriesMarks } from '../../resources/marks.ts';
import { nobody, unknownUsers } from '../../resources/users.ts';
import { behind, planGate } from '../engine/gates.ts';
import { clusterMarks } from '../engine/marks.ts';
import { anyActs, stepIds } from '../engine/part.ts';
import { unmarkStep } from '../infrastructure/secondMarks.ts';
import { nothingWanted } from '../infrastructure/wanted.ts';
import { unseenSubscription } from '../preflight/commonProblems.ts';
import { planOf } from '../preflight/plan.ts';
import {
  deletionIsFinal,
  kindOf,
  type LabelledRemoval,
  labelledRemovals,
  type PlannedRemoval,
  type Removal,
  removableKinds,
} from './kinds.ts';
import { removalProblems } from './problems.ts';

/** The plan of `deleteCluster`, with everything that its steps need. */
export interface DeleteClusterPlan extends Plan {
  removals: Removal[];
  roles: RoleRemoval[];
  /** Everything that must be absent at the end, in the order of the steps. */
  gone: string[];
}

/** The roles of an identity that were assigned for this cluster. */
interface RoleRemoval {
  step: StepId;
  identityId: string;
  principalId: string;
  subscriptionIds: string[];
}

type PlannedAction = Pick<PlannedStep, 'action' | 'reason' | 'forwardOnly'>;

const goes: PlannedAction = { action: 'delete', reason: 'made for this cluster', forwardOnly: deletionIsFinal };
const stays = (why: string): PlannedAction => ({ action: 'none', reason: `stays: ${why}` });
const staysUnlessAsked = (part: ClusterPart): PlannedAction => stays(`add ${part} to alsoDelete if it is to go`);

/** The request of discovery. */
export const deletionRequest = (input: ParsedDeleteClusterInput): DeletionRequest => ({
  cluster: input.cluster,
  marks: clusterMarks(input),
  ...(input.privateDnsZoneId === undefined ? {} : { privateDnsZoneId: input.privateDnsZoneId }),
});

/** Plans the deletion of a cluster: what goes with it, and what stays and why. */
export function planDeleteCluster(input: ParsedDeleteClusterInput, seen: DeletionFacts): DeleteClusterPlan {
  const cluster = clusterRemoval(input, seen);
  const around = planRemovals(input, seen);
  const steps = around.map(({ step }) => step);
  const removals = around.flatMap(({ removal, step }) =>
    step.action === 'delete' ? [{ ...removal, ...subnetsOf(removal.id, seen) }] : [],
  );
  const roles = planRoles(input, seen, around);
  const unmarking = (seen.marked ?? []).map(unmarked);
  const group = groupStep(input, seen, [cluster, ...steps]);
  const planned = [cluster, ...roles.map(({ step }) => step), ...unmarking, ...steps, group];
  const nodeResourceGroup =
    seen.cluster && resourceGroupId(input.cluster.subscriptionId, seen.cluster.nodeResourceGroup);
  const gates = anyActs(planned) ? planGate('delete', input, seen.access, []) : [];
  const plan = planOf(
    input,
    [
      { steps: gates, problems: [] },
      { steps: [cluster], problems: anyActs(planned) ? [] : [nothingToDelete(input, seen, around)] },
      { steps: roles.map(({ step }) => step), problems: [] },
      { steps: unmarking, problems: [] },
      { steps, problems: removalProblems(input, seen, around) },
      { steps: [group], problems: [] },
    ],
    {
      profile: 'current',
      profileSettings: [],
      wanted: nothingWanted,
      access: seen.access,
      unread: seen.unread ?? [],
      nodeResourceGroup,
    },
  );
  return {
    ...plan,
    // Where the cluster is gone already, nothing waits for its step: each waits for the gates itself.
    steps: plan.steps.map((step) => (step.action === 'none' || gates.includes(step) ? step : behind(gates, step))),
    // Nothing else was seen either: other problems would mislead.
    ...(!seen.subscription && { problems: [unseenSubscription(input)] }),
    removals,
    roles: roles.map(({ removal }) => removal),
    gone: [
      clusterId(input.cluster),
      ...(nodeResourceGroup === undefined ? [] : [nodeResourceGroup]),
      ...removals.map(({ id }) => id),
      ...(group.action === 'delete' ? [group.resourceId] : []),
    ],
  };
}

/** Most likely a name is mistyped: "verified, it is gone" would hide that. */
const nothingToDelete = (
  { cluster }: ParsedDeleteClusterInput,
  { unseen }: DeletionFacts,
  around: readonly PlannedRemoval[],
): Problem => ({
  where: clusterId(cluster),
  problem: `there is nothing to delete: no such cluster, and ${
    unseen?.made !== undefined
      ? 'the worker may not read what was made for it'
      : around.length === 0
        ? 'nothing that was made for it'
        : `what was made for it is to stay (${around.length})`
  }`,
  whatToDo: 'Check the reference, and alsoDelete. A cluster that an earlier run has deleted needs no other run.',
});

const clusterRemoval = ({ cluster }: ParsedDeleteClusterInput, { cluster: found }: DeletionFacts): PlannedStep => ({
  id: 'cluster',
  kind: 'cluster',
  title: `Cluster ${cluster.name} with its node resource group`,
  action: found ? 'delete' : 'none',
  reason: found ? `found, ${found.provisioningState}` : 'absent',
  needs: [],
  resourceId: clusterId(cluster),
  forwardOnly: deletionIsFinal,
});

/** Plans every resource that carries the cluster's marks or that the cluster uses, each after those that must be gone before. */
function planRemovals({ alsoDelete }: ParsedDeleteClusterInput, seen: DeletionFacts): PlannedRemoval[] {
  const removals = inOrder(labelledRemovals([...seen.owned, ...foreignIds(seen)]));
  return removals.map(({ label, ...removal }) => {
    const { title, part, after } = removableKinds[removal.kind];
    const before = removals.filter(({ kind }) => after.includes(kind)).map(({ step }) => step);
    const roles: StepId[] = removal.kind === 'identity' && alsoDelete.includes('identities') ? [`roles:${label}`] : [];
    const step: PlannedStep = {
      id: removal.step,
      kind: removal.kind,
      title: `${title} ${resourceReference(removal.id).name}`,
      needs: ['cluster', ...before, ...roles],
      resourceId: removal.id,
      ...removalAction(removal, seen, alsoDelete.includes(part)),
    };
    return { removal, label, step };
  });
}

/** Resources that the cluster uses and that were not made for it. */
const foreignIds = ({ owned, used }: DeletionFacts): string[] =>
  used.filter((id) => !owned.some((other) => sameResourceId(id, other)));

/** Those that must be gone before others come first. */
function inOrder(removals: readonly LabelledRemoval[]): LabelledRemoval[] {
  const order = Object.keys(removableKinds);
  return removals.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

function removalAction({ id, kind }: Removal, seen: DeletionFacts, asked: boolean): PlannedAction {
  if (foreignIds(seen).includes(id)) return stays('it was not made for this cluster');
  if (seen.shared.some((other) => sameResourceId(id, other))) return stays('somebody else uses it as well');
  const found = seen.users?.[id] ?? nobody;
  if (found.users.length > 0) return stays(listedInShort(found.users));
  const unknown = unknownUsers(found);
  if (unknown !== undefined) return stays(`nobody can tell who uses it, for ${unknown}`);
  const kept = kind === 'virtualNetwork' ? seen.owned.find((each) => isUsedEndpoint(each, seen)) : undefined;
  if (kept !== undefined) return stays(`${kept} stays, and may be in it`);
  return asked ? goes : staysUnlessAsked(removableKinds[kind].part);
}

const subnetsOf = (id: string, { subnets }: DeletionFacts): Pick<Removal, 'subnets'> => {
  const own = subnets?.[id];
  return own ? { subnets: own } : {};
};

const isUsedEndpoint = (id: string, { users }: DeletionFacts): boolean =>
  kindOf(id) === 'privateEndpoint' && users?.[id] !== undefined;

/** Plans to take away an identity's roles: once it is deleted, they would stay as those of an unknown principal. */
function planRoles(
  { alsoDelete, cluster }: ParsedDeleteClusterInput,
  seen: DeletionFacts,
  around: readonly PlannedRemoval[],
): { removal: RoleRemoval; step: PlannedStep }[] {
  if (!alsoDelete.includes('identities')) return [];
  const elsewhere = [...seen.owned, ...seen.used].map((id) => resourceReference(id).subscriptionId);
  const subscriptionIds = [...new Set([cluster.subscriptionId, ...elsewhere].map((id) => id.toLowerCase()))];
  return seen.identities.flatMap(({ id, principalId }) => {
    const identity = around.find(({ removal }) => sameResourceId(removal.id, id));
    if (!identity) return [];
    const removal: RoleRemoval = { step: `roles:${identity.label}`, identityId: id, principalId, subscriptionIds };
    return [{ removal, step: rolesStep(removal, identity.label) }];
  });
}

const rolesStep = ({ step, identityId }: RoleRemoval, identity: string): PlannedStep => ({
  id: step,
  kind: 'roles',
  title: `Roles of ${identity}`,
  action: 'delete',
  reason: 'those that were assigned for this cluster, and that no other needs',
  needs: ['cluster'],
  resourceId: identityId,
  forwardOnly: deletionIsFinal,
});

/** Plans to take the mark off a resource of another cluster that this one uses no more. */
const unmarked = (id: string): PlannedStep => ({
  ...unmarkStep(id, ['cluster']),
  forwardOnly: 'The cluster uses it no more',
});

const groupStep = (
  input: ParsedDeleteClusterInput,
  seen: DeletionFacts,
  before: readonly PlannedStep[],
): PlannedStep => ({
  id: 'resourceGroup',
  kind: 'resourceGroup',
  title: `Resource group ${input.cluster.resourceGroup}`,
  needs: stepIds(before),
  resourceId: resourceGroupId(input.cluster.subscriptionId, input.cluster.resourceGroup),
  ...groupAction(input, seen),
});

function groupAction(input: ParsedDeleteClusterInput, { resourceGroup }: DeletionFacts): PlannedAction {
  if (!resourceGroup) return { action: 'none', reason: 'absent' };
  if (!carriesMarks(resourceGroup.tags, clusterMarks(input))) return stays('it was not made for this cluster');
  return input.alsoDelete.includes('resourceGroup') ? goes : staysUnlessAsked('resourceGroup');
}
