import type { ParsedChangeRegistryInput } from '../../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { ExistingClusterFacts, OldRegistryFacts } from '../../resources/discovery.ts';
import { clusterId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { unknownUsers } from '../../resources/users.ts';
import { bootstrapChanges, type Part, stepIds } from '../engine/part.ts';
import { deletionIsFinal, labelledRemovals, type Removal } from './kinds.ts';

export interface PlannedOldRegistry extends Part {
  removals: readonly Removal[];
}

/** Plans what becomes of the registry that the cluster leaves. Only what this product made for this cluster can go. */
export function planOldRegistry(
  input: Pick<ParsedChangeRegistryInput, 'cluster' | 'oldRegistry'>,
  { cluster, old }: ExistingClusterFacts,
  before: readonly PlannedStep[],
): PlannedOldRegistry {
  const { oldRegistry } = input;
  const leaves = bootstrapChanges(before);
  if (oldRegistry === 'keep' || !leaves || !cluster || !old) return { steps: [], problems: [], removals: [] };
  const removals = labelledRemovals(old.owned, 'old:').map(({ id, kind, step }): Removal => ({ id, kind, step }));
  const around = removals.filter(({ kind }) => kind !== 'registry');
  const registry = removals.filter(({ kind }) => kind === 'registry');
  const steps = around.map((removal) => removalStep(removal, before));
  const carriesOurMarks = (id: string) => old.owned.some((own) => sameResourceId(own, id));
  return {
    steps: [...steps, ...registry.map((removal) => removalStep(removal, [...before, ...steps]))],
    problems: [...(carriesOurMarks(old.id) ? [] : [notOurs(old.id)]), ...userProblems(old, input)],
    removals: [...around, ...registry],
  };
}

const removalStep = ({ step, id, kind }: Removal, before: readonly PlannedStep[]): PlannedStep => ({
  id: step,
  kind,
  title: `Delete ${resourceReference(id).name}, which the cluster has left`,
  action: 'delete',
  reason: 'asked for',
  needs: stepIds(before),
  resourceId: id,
  forwardOnly: deletionIsFinal,
});

const notOurs = (id: string): Problem => ({
  where: id,
  problem: 'the registry that the cluster leaves was not made by this product for this cluster',
  whatToDo: 'Set oldRegistry to keep, and delete it yourself if nothing else needs it.',
});

/** Others that use a registry, as far as the worker can see: who names it, and the clusters that it may not list. */
export function userProblems(old: OldRegistryFacts, input: Pick<ParsedChangeRegistryInput, 'cluster'>): Problem[] {
  const { id, users } = old;
  const keep = (problem: string): Problem => ({ where: id, problem, whatToDo: 'Set oldRegistry to keep.' });
  if (!users) return seenByEarlierVersions(old, input).map(keep);
  const unknown = unknownUsers(users);
  return [
    ...users.users.map((user) => keep(`the registry that the cluster leaves is in use: ${user}`)),
    ...(unknown === undefined
      ? []
      : [keep(`nobody can tell who uses the registry that the cluster leaves: ${unknown}`)]),
  ];
}

const seenByEarlierVersions = (
  { endpoints, owned, clusters = [] }: OldRegistryFacts,
  { cluster }: Pick<ParsedChangeRegistryInput, 'cluster'>,
): string[] => [
  ...endpoints
    .filter((endpoint) => !owned.some((own) => sameResourceId(own, endpoint.id)))
    .map((endpoint) => `the registry that the cluster leaves is used by way of ${endpoint.id} as well`),
  ...clusters
    .filter((other) => !sameResourceId(other, clusterId(cluster)))
    .map((other) => `the nodes of ${other} boot from the registry that the cluster leaves`),
];
