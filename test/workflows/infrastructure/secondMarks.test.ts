import { expect, it } from '@jest/globals';
import { markTags } from '../../../resources/marks.ts';
import { secondMarkSteps } from '../../../workflows/infrastructure/secondMarks.ts';
import { subscription } from '../support.ts';

const marks = { [markTags.workflow]: 'aks/s/rg/cluster', [markTags.run]: 'run' };
const others = { [markTags.workflow]: 'aks/s/rg/other', [markTags.run]: 'earlier' };
const identity = (group: string) =>
  `${subscription}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shared`;

it('each borrowed resource gets a step of its own, also where two groups have one name', () => {
  const ids = [identity('one'), identity('two')];
  const steps = secondMarkSteps(
    ids.map((id) => ({ id, marks: others })),
    { marks },
  );
  expect(steps.map(({ id, resourceId }) => [id, resourceId])).toEqual([
    ['secondMark:userAssignedIdentities/shared', ids[0]],
    [`secondMark:${subscription.split('/').at(-1)}/two/userAssignedIdentities/shared`, ids[1]],
  ]);
});
