import type { ClusterPart, ParsedDeleteClusterInput } from '../../contract/inputs/deleteCluster.ts';
import type { Plan, PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { DeletionFacts, DeletionRequest } from '../../resources/discovery.ts';
import type { IdentityFacts } from '../../resources/identities.ts';
import {
  clusterId,
  isEndpointInterface,
  parentId,
  parseResourceId,
  resourceGroupId,
  resourceReference,
  sameResourceId,
} from '../../resources/ids.ts';
import { carriesMarks } from '../../resources/marks.ts';
import { clusterMarks } from '../engine/marks.ts';
import { unseenSubscription } from '../preflight/commonProblems.ts';
import { lockProblems, permissionProblems, requiredActions } from '../preflight/permissions.ts';
import { kindOfType, kinds, noInverse, type Removal } from './kinds.ts';

/** What `deleteCluster` is going to remove. */
export interface DeleteClusterPlan extends Plan {
  removals: Removal[];
  roles: RoleRemoval[];
  /** Everything that must be absent at the end, in the order of the steps. */
  gone: string[];
}

/** The roles of an identity that were assigned for this cluster. */
interface RoleRemoval {
  step: StepId;
  principalId: string;
  subscriptionIds: string[];
}

interface PlannedRemoval {
  removal: Removal;
  /** Name of the resource, or its ID where another one of its kind has the same name. */
  label: string;
  planned: PlannedStep;
}

type PlannedAction = Pick<PlannedStep, 'action' | 'reason' | 'forwardOnly'>;

/** What discovery is to look at. */
export const deletionRequest = (input: ParsedDeleteClusterInput): DeletionRequest => ({
  cluster: input.cluster,
  marks: clusterMarks(input),
  ...(input.privateDnsZoneId === undefined ? {} : { privateDnsZoneId: input.privateDnsZoneId }),
});

/** Plans the deletion of a cluster: what goes with it, and what stays and why. */
export function planDeleteCluster(input: ParsedDeleteClusterInput, seen: DeletionFacts): DeleteClusterPlan {
  const cluster = clusterStep(input, seen);
  const parts = partSteps(input, seen);
  const removals = parts.flatMap(({ removal, planned }) => (planned.action === 'delete' ? [removal] : []));
  const roles = roleRemovals(input, seen, parts);
  const group = groupStep(input, seen, [cluster, ...parts.map(({ planned }) => planned)]);
  const steps = [cluster, ...roles.map(({ planned }) => planned), ...parts.map(({ planned }) => planned), group];
  const { nodeResourceGroup } = seen.cluster ?? {};
  return {
    profile: 'current',
    differences: [],
    steps,
    problems: seen.subscription
      ? [
          ...groupProblems(input, seen, removals),
          ...endpointProblems(seen, parts),
          ...zoneProblems(input, seen, parts),
          ...permissionProblems(requiredActions({ onFailure: 'leave' }, { identities: {} }, steps), seen.access),
          ...lockProblems(steps, seen.access, false),
        ]
      : [unseenSubscription(input)],
    removals,
    roles: roles.map(({ removal }) => removal),
    gone: [
      clusterId(input.cluster),
      ...(nodeResourceGroup === undefined ? [] : [resourceGroupId(input.cluster.subscriptionId, nodeResourceGroup)]),
      ...removals.map(({ id }) => id),
      ...(group.action === 'delete' ? [group.resourceId] : []),
    ],
  };
}

function clusterStep({ cluster }: ParsedDeleteClusterInput, { cluster: found }: DeletionFacts): PlannedStep {
  return {
    id: 'cluster',
    kind: 'cluster',
    title: `Cluster ${cluster.name} with its node resource group`,
    action: found ? 'delete' : 'none',
    reason: found ? `found, ${found.provisioningState}` : 'absent',
    needs: [],
    resourceId: clusterId(cluster),
    forwardOnly: noInverse,
  };
}

function partSteps({ alsoDelete }: ParsedDeleteClusterInput, { owned, shared, used }: DeletionFacts): PlannedRemoval[] {
  const foreign = used.filter((id) => !owned.some((other) => sameResourceId(id, other)));
  const removals: (Removal & { label: string })[] = [];
  for (const id of [...owned, ...foreign]) {
    const kind = kindOfType[parseResourceId(id)?.type.toLowerCase() ?? ''];
    if (kind === undefined) continue;
    const { name } = resourceReference(id);
    // Groups may hold namesakes, such as the endpoints of two clusters that share a registry.
    const label = removals.some((other) => other.kind === kind && other.label === name) ? id : name;
    removals.push({ step: `${kind}:${label}`, id, kind, label });
  }
  const order = Object.keys(kinds);
  removals.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return removals.map(({ label, ...removal }) => {
    const { title, part, after } = kinds[removal.kind];
    const before = removals.filter(({ kind }) => after.includes(kind)).map(({ step }) => step);
    const roles: StepId[] = removal.kind === 'identity' ? [`roles:${label}`] : [];
    const asked = alsoDelete.includes(part);
    return {
      removal,
      label,
      planned: {
        id: removal.step,
        kind: removal.kind,
        title: `${title} ${resourceReference(removal.id).name}`,
        needs: ['cluster', ...before, ...(asked ? roles : [])],
        resourceId: removal.id,
        ...actionFor(removal, part, asked),
      },
    };
  });

  function actionFor({ id }: Removal, part: ClusterPart, asked: boolean): PlannedAction {
    if (foreign.includes(id)) return { action: 'none', reason: 'stays: it was not made for this cluster' };
    if (shared.some((other) => sameResourceId(id, other)))
      return { action: 'none', reason: 'stays: somebody else uses it as well' };
    if (!asked) return { action: 'none', reason: `stays: add ${part} to alsoDelete if it is to go` };
    return { action: 'delete', reason: 'made for this cluster', forwardOnly: noInverse };
  }
}

/** Assignments of a deleted identity would stay behind as those of an unknown principal. */
function roleRemovals(
  { alsoDelete, cluster }: ParsedDeleteClusterInput,
  seen: DeletionFacts,
  parts: readonly PlannedRemoval[],
): { removal: RoleRemoval; planned: PlannedStep }[] {
  if (!alsoDelete.includes('identities')) return [];
  const elsewhere = [...seen.owned, ...seen.used].map((id) => resourceReference(id).subscriptionId);
  const subscriptionIds = [...new Set([cluster.subscriptionId, ...elsewhere].map((id) => id.toLowerCase()))];
  return seen.identities.flatMap(({ id, principalId }: IdentityFacts) => {
    const part = parts.find(({ removal }) => sameResourceId(removal.id, id));
    if (!part) return [];
    const removal: RoleRemoval = { step: `roles:${part.label}`, principalId, subscriptionIds };
    return [{ removal, planned: roleStep(removal, part.label) }];
  });
}

function roleStep({ step, subscriptionIds }: RoleRemoval, identity: string): PlannedStep {
  return {
    id: step,
    kind: 'roles',
    title: `Roles of ${identity}`,
    action: 'delete',
    reason: 'those that were assigned for this cluster',
    needs: ['cluster'],
    resourceId: `/subscriptions/${subscriptionIds[0]}`,
    forwardOnly: noInverse,
  };
}

function groupStep(
  { cluster, alsoDelete }: ParsedDeleteClusterInput,
  { resourceGroup }: DeletionFacts,
  needs: readonly PlannedStep[],
): PlannedStep {
  const owned = resourceGroup && carriesMarks(resourceGroup.tags, clusterMarks({ cluster }));
  const step = {
    id: 'resourceGroup' as const,
    kind: 'resourceGroup' as const,
    title: `Resource group ${cluster.resourceGroup}`,
    needs: needs.map(({ id }) => id),
    resourceId: resourceGroupId(cluster.subscriptionId, cluster.resourceGroup),
  };
  if (!resourceGroup) return { ...step, action: 'none', reason: 'absent' };
  if (!owned) return { ...step, action: 'none', reason: 'stays: it was not made for this cluster' };
  if (!alsoDelete.includes('resourceGroup'))
    return { ...step, action: 'none', reason: 'stays: add resourceGroup to alsoDelete if it is to go' };
  return { ...step, action: 'delete', reason: 'made for this cluster', forwardOnly: noInverse };
}

/** A group goes only when nothing of anybody else is in it. */
function groupProblems(
  { cluster, alsoDelete }: ParsedDeleteClusterInput,
  { resourceGroup, content }: DeletionFacts,
  removals: readonly Removal[],
): Problem[] {
  const owned = resourceGroup && carriesMarks(resourceGroup.tags, clusterMarks({ cluster }));
  if (!owned || !alsoDelete.includes('resourceGroup')) return [];
  const goes = [clusterId(cluster), ...removals.map(({ id }) => id)];
  const covered = (id: string) =>
    goes.some((gone) => sameResourceId(id, gone) || sameResourceId(parentOf(id), gone)) || isEndpointInterface(id);
  const stays = content.filter((id) => !covered(id));
  if (stays.length === 0) return [];
  return [
    {
      where: 'alsoDelete',
      problem: `the resource group holds what would stay: ${stays.join(', ')}`,
      whatToDo: 'Leave resourceGroup out, add the parts, or remove these resources first.',
    },
  ];
}

/** A network does not go while an endpoint is in it. */
function endpointProblems({ owned }: DeletionFacts, parts: readonly PlannedRemoval[]): Problem[] {
  const goes = parts.some(({ removal, planned }) => removal.kind === 'virtualNetwork' && planned.action === 'delete');
  const stay = parts.filter(({ removal: { kind, id }, planned }) => {
    return kind === 'privateEndpoint' && planned.action === 'none' && owned.includes(id);
  });
  if (!goes || stay.length === 0) return [];
  const ids = stay.map(({ removal }) => removal.id).join(', ');
  return [
    {
      where: 'alsoDelete',
      problem: `the virtual network cannot go while an endpoint in it stays: ${ids}`,
      whatToDo: 'Add privateEndpoint, or leave virtualNetwork out.',
    },
  ];
}

/** A zone in another subscription cannot be found by its tags. */
function zoneProblems(
  { alsoDelete }: ParsedDeleteClusterInput,
  { used }: DeletionFacts,
  parts: readonly PlannedRemoval[],
): Problem[] {
  const ownRegistry = used.some((id) => kindOfType[parseResourceId(id)?.type.toLowerCase() ?? ''] === 'registry');
  const found = parts.some(({ removal }) => removal.kind === 'privateDnsZone');
  if (!alsoDelete.includes('privateDnsZone') || !ownRegistry || found) return [];
  return [
    {
      where: 'privateDnsZoneId',
      problem: 'no zone with records or a link of this cluster was found',
      whatToDo: 'Give the zone if it is in another subscription, or leave privateDnsZone out of alsoDelete.',
    },
  ];
}

const parentOf = (id: string): string => ((parseResourceId(id)?.parents.length ?? 0) > 0 ? parentId(id) : '');
