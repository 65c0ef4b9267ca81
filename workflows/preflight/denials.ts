import type { Problem } from '../../contract/problem.ts';
import { type AccessFacts, type Denial, isAllowed } from '../../resources/allowances.ts';
import { isWithin, sameResourceId } from '../../resources/ids.ts';
import type { Unread } from '../../resources/unread.ts';
import type { RequiredAction } from './permissions.ts';

type Denials = Pick<AccessFacts, 'denials'>;

/**
 * Reports deny assignments that keep the worker's identity from planned steps, whatever its roles are.
 * Source: Learn, "List Azure deny assignments" (2025-04-24).
 *
 * @param forUndo Actions by which a failed run would take back what it created.
 */
export function denialProblems(
  required: readonly RequiredAction[],
  { denials = [] }: Denials,
  forUndo: readonly RequiredAction[] = [],
): Problem[] {
  return denials.flatMap((denial) => {
    if (denial.doubt !== undefined) return [];
    const denied = deniedBy(denial, required);
    const undo = deniedBy(denial, forUndo).filter((action) => !denied.includes(action));
    const exclude = 'Have whoever made it except that identity, or lift it for the run';
    const report = (actions: readonly string[], what: string, whatToDo: string): Problem[] =>
      actions.length === 0
        ? []
        : [
            {
              where: denial.scope,
              problem: `the deny assignment "${denial.name}" keeps the worker's identity from ${what}${actions.join(', ')}, whatever its roles are`,
              whatToDo,
            },
          ];
    return [
      ...report(denied, '', `${exclude}.`),
      ...report(undo, 'taking back what a failed run created: ', `${exclude}, or set onFailure to leave.`),
    ];
  });
}

/** Deny assignments of which nobody knows whether they are about the worker's identity, where they would matter. */
export const doubtfulDenials = (required: readonly RequiredAction[], { denials = [] }: Denials): Unread[] =>
  denials.flatMap((denial) =>
    denial.doubt === undefined || deniedBy(denial, required).length === 0
      ? []
      : [
          {
            at: denial.id,
            what: "whether a deny assignment keeps the worker's identity from the steps",
            why: denial.doubt,
          },
        ],
  );

const deniedBy = ({ scope, onlyAtScope, permissions }: Denial, required: readonly RequiredAction[]): string[] => [
  ...new Set(
    required
      .filter(({ resourceId }) => (onlyAtScope ? sameResourceId(resourceId, scope) : isWithin(resourceId, scope)))
      .filter(({ action }) => isAllowed(action, permissions))
      .map(({ action }) => action),
  ),
];
