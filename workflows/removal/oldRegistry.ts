import type { ParsedChangeRegistryInput } from '../../contract/inputs/existingCluster.ts';
import type { PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { keyOf, resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { Removal } from './kinds.ts';

/** What goes of the registry that a cluster has left. */
export type OldRegistry = Removal[];

const noInverse = 'What is deleted cannot be brought back';

/** What becomes of the registry that the cluster has had until now. Only what this product made for this cluster can go. */
export function oldRegistryPlan(
  { oldRegistry }: ParsedChangeRegistryInput,
  { cluster, old }: ExistingClusterFacts,
  before: readonly PlannedStep[],
): { steps: PlannedStep[]; removals: OldRegistry; problems: Problem[] } {
  const leaves = before.some(({ id, action }) => id === 'bootstrap' && action !== 'none');
  if (oldRegistry === 'keep' || !leaves || !cluster || !old) return { steps: [], removals: [], problems: [] };
  const foreign = old.endpoints.filter(({ id }) => !old.owned.some((own) => sameResourceId(own, id)));
  const problems = [
    ...(old.owned.some((own) => sameResourceId(own, old.id)) ? [] : [notOurs(old.id)]),
    ...foreign.map(({ id }) => usedByOthers(old.id, id)),
  ];
  const needs = before.map(({ id }) => id);
  const removals: Removal[] = old.owned.map((id) => {
    const kind = kindOf(id);
    return { id, kind, step: `old:${kind}:${resourceReference(id).name}` };
  });
  const first = removals.filter(({ kind }) => kind !== 'registry');
  const steps = [...first, ...removals.filter(({ kind }) => kind === 'registry')].map(
    ({ step, id, kind }): PlannedStep => ({
      id: step,
      kind,
      title: `Delete ${resourceReference(id).name}, which the cluster has left`,
      action: 'delete',
      reason: 'asked for',
      needs: kind === 'registry' ? [...needs, ...first.map((each) => each.step)] : needs,
      resourceId: id,
      forwardOnly: noInverse,
    }),
  );
  return { steps, removals: [...first, ...removals.filter(({ kind }) => kind === 'registry')], problems };
}

function kindOf(id: string): Removal['kind'] {
  const key = keyOf(id);
  if (key.includes('/privateendpoints/')) return 'privateEndpoint';
  return key.includes('/privatednszones/') ? 'record' : 'registry';
}

const notOurs = (id: string): Problem => ({
  where: id,
  problem: 'the registry that the cluster leaves was not made by this product for this cluster',
  whatToDo: 'Set oldRegistry to keep, and delete it yourself if nothing else needs it.',
});

const usedByOthers = (id: string, endpoint: string): Problem => ({
  where: id,
  problem: `the registry that the cluster leaves is used by way of ${endpoint} as well`,
  whatToDo: 'Set oldRegistry to keep.',
});
