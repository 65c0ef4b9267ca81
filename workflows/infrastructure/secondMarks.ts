import { patched } from '@temporalio/workflow';
import type { PlannedStep, StepId } from '../../contract/plan.ts';
import { parentId, parseResourceId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import { hasSecondMark, isOfAnotherCluster, type Marks, markTags } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import type { Step } from '../engine/step.ts';
import type { InfrastructureContext } from './context.ts';
import type { WantedInfrastructure } from './wanted.ts';

/** A resource that was made for another cluster, with the marks that it carries. */
interface Borrowed {
  id: string;
  marks: Marks;
}

/** Everything that is there, is going to be used, and was made by this product for another cluster. */
export function borrowed(
  { virtualNetwork, registry, privateEndpoint, privateDnsZone, identities }: InfrastructureFacts,
  marks: Marks,
  group?: Borrowed,
): Borrowed[] {
  const link = privateDnsZone?.links.find(({ virtualNetworkId }) =>
    sameResourceId(virtualNetworkId, virtualNetwork?.id),
  );
  const all = [
    group,
    virtualNetwork,
    registry,
    privateEndpoint,
    privateDnsZone,
    link,
    ...Object.values(privateDnsZone?.records ?? {}),
    ...Object.values(identities),
  ];
  return all.flatMap((each) => (each && isOfAnotherCluster(each.marks, marks) ? [each] : []));
}

/** Whether this run leaves second marks: runs of version 0.1 do not. */
export const leavesSecondMarks = (all: readonly Borrowed[]): boolean => all.length > 0 && patched('second-marks');

/** Steps that leave the second mark, so that the other cluster's deletion leaves what this one uses. */
export const secondMarkSteps = (
  all: readonly Borrowed[],
  { marks, mayWriteTags = () => true }: Pick<InfrastructureContext, 'marks' | 'mayWriteTags'>,
): PlannedStep[] => {
  const names = all.map(({ id }) => nameOf(id));
  return all.map((each, index) => {
    const name = names[index] ?? '';
    const label = names.indexOf(name) === index ? name : placedName(each.id, name);
    return secondMarkStep(each, label, marks, mayWriteTags);
  });
};

/** The name of a resource where another one before it has the same, such as identities of two groups. */
function placedName(id: string, name: string): string {
  const { subscriptionId, resourceGroup } = resourceReference(id);
  return `${subscriptionId}/${resourceGroup}/${name}`;
}

function secondMarkStep(
  { id, marks: carried }: Borrowed,
  name: string,
  marks: Marks,
  mayWriteTags: (id: string) => boolean,
): PlannedStep {
  const madeFor = `made for ${carried[markTags.workflow]}`;
  const step = { id: `secondMark:${name}`, kind: 'secondMark', title: `Mark that this cluster uses ${name}` } as const;
  const rest = { needs: [], resourceId: id };
  if (hasSecondMark(carried, marks)) return { ...step, action: 'none', reason: `${madeFor}, and marked`, ...rest };
  if (mayWriteTags(id)) return { ...step, action: 'update', reason: madeFor, ...rest };
  const unmarked = `${madeFor}; the worker may write no mark on it, so that only the clusters themselves are asked before it goes`;
  return { ...step, action: 'none', reason: unmarked, ...rest };
}

/** With the type, for resources of two types may have one name. */
function nameOf(id: string): string {
  const { name, parents = [], type } = parseResourceId(id) ?? {};
  if (!name || !type) return `resourceGroups/${id.split('/').at(-1)}`;
  return [type.split('/').at(-1), ...parents, name].join('/');
}

/** @returns what is said of a mark that Azure refused to change. */
const ifRefused = (reason: string) => (result: { adopted?: true } | undefined) =>
  result?.adopted ? { reason, unchanged: true as const } : undefined;

/** Declares the steps that leave second marks. */
export function applySecondMarks(steps: readonly PlannedStep[], marks: Marks, step: Step): void {
  for (const { id, kind, title, resourceId } of steps) {
    if (kind !== 'secondMark') continue;
    step(id, {
      act: () => azure.writing(title).addSecondMark({ id: resourceId, marks }),
      said: ifRefused('Azure refused the mark; clusters are asked themselves'),
      undo: () => azure.writing('Take the mark off').removeSecondMark({ id: resourceId, marks }),
      waitsFor: 'Azure',
    });
  }
}

/** Which of the marked resources the cluster uses no more at the end: of a registry, and of what leads to it. */
export function leftBehind(
  marked: readonly string[],
  {
    registry,
    privateEndpoint,
    privateDnsZone,
  }: Pick<WantedInfrastructure, 'registry' | 'privateEndpoint' | 'privateDnsZone'>,
): string[] {
  const isOf = (zoneId: string) => !!privateDnsZone && sameResourceId(zoneId, privateDnsZone.id);
  // The names of a registry are in a zone all the same, where somebody else manages it.
  const keepsZones = registry !== undefined && privateDnsZone === undefined;
  return marked.filter((id) => {
    const { type, name } = parseResourceId(id) ?? { type: '', name: '' };
    switch (type.toLowerCase()) {
      case 'microsoft.containerregistry/registries':
        return !sameResourceId(id, registry?.id);
      case 'microsoft.network/privateendpoints':
        return !sameResourceId(id, privateEndpoint?.id);
      case 'microsoft.network/privatednszones':
        return !keepsZones && !isOf(id);
      case 'microsoft.network/privatednszones/virtualnetworklinks':
        return !keepsZones && !isOf(parentId(id));
      case 'microsoft.network/privatednszones/a':
        return (
          !keepsZones && !(isOf(parentId(id)) && registry && isRecordOf(name, resourceReference(registry.id).name))
        );
      // The cluster stays in its network, and keeps its identities.
      default:
        return false;
    }
  });
}

/** A registry has a record of its name, and one for each of its data endpoints. */
const isRecordOf = (record: string, registry: string): boolean =>
  record.split('.')[0]?.toLowerCase() === registry.toLowerCase();

/** Plans to take the mark of this cluster off what was made for another one. */
export const unmarkStep = (id: string, needs: readonly StepId[]): PlannedStep => ({
  id: `secondMark:${id}`,
  kind: 'secondMark',
  title: `Take the mark of this cluster off ${id.split('/').at(-1)}`,
  action: 'update',
  reason: 'it was made for another cluster, and stays',
  needs,
  resourceId: id,
});

const staysUntilDeleted = 'the mark stays until deleteCluster: the worker may not take it off';

/** Plans to take the mark off what the cluster has left by then. */
export const leftMarkSteps = (
  left: readonly string[],
  needs: readonly StepId[],
  mayWriteTags: (id: string) => boolean,
): PlannedStep[] =>
  left.map((id) => ({
    ...unmarkStep(id, needs),
    ...(mayWriteTags(id) ? {} : { action: 'none', reason: staysUntilDeleted }),
  }));

/** Declares the steps that take second marks off. Undo puts them on again before the cluster goes back. */
export function applyLeftMarks(steps: readonly PlannedStep[], marks: Marks, step: Step): void {
  for (const { id, title, resourceId } of steps) {
    step(id, {
      act: () => azure.writing(title).dropSecondMark({ id: resourceId, marks }),
      said: ifRefused(`${staysUntilDeleted}, says Azure`),
      undo: () => azure.writing('Put the mark on again').restoreSecondMark({ id: resourceId, marks }),
      waitsFor: 'Azure',
    });
  }
}
