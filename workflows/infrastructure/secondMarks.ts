import { patched } from '@temporalio/workflow';
import type { PlannedStep } from '../../contract/plan.ts';
import { parseResourceId, sameResourceId } from '../../resources/ids.ts';
import type { InfrastructureFacts } from '../../resources/infrastructure.ts';
import { hasSecondMark, isOfAnotherCluster, type Marks, markTags } from '../../resources/marks.ts';
import { azure } from '../engine/azure.ts';
import type { Step } from '../engine/step.ts';
import type { InfrastructureContext } from './context.ts';

/** A resource that was made for another cluster, with the marks that it carries. */
interface Borrowed {
  id: string;
  marks: Marks;
}

/** What is there, is going to be used, and was made by this product for another cluster. */
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
): PlannedStep[] => all.map((each) => secondMarkStep(each, marks, mayWriteTags));

function secondMarkStep(
  { id, marks: carried }: Borrowed,
  marks: Marks,
  mayWriteTags: (id: string) => boolean,
): PlannedStep {
  const name = nameOf(id);
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

/** Declares the steps that leave second marks. */
export function applySecondMarks(steps: readonly PlannedStep[], marks: Marks, step: Step): void {
  for (const { id, kind, title, resourceId } of steps) {
    if (kind !== 'secondMark') continue;
    step(id, {
      act: () => azure.writing(title).addSecondMark({ id: resourceId, marks }),
      undo: () => azure.writing('Take the mark off').removeSecondMark({ id: resourceId, marks }),
      waitsFor: 'Azure',
    });
  }
}
