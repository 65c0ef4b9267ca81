import type { Permission } from '../../resources/allowances.ts';
import { matchesWildcard } from '../../resources/wildcards.ts';

/**
 * Keeps the permissions of a scope that matter. Each role assignment lists all actions of its role, and a large role
 * names thousands that no scenario needs. Permissions with the same exceptions allow together what each of them allows.
 */
export function neededPermissions(all: readonly Permission[]): Permission[] {
  const actionsBut = new Map<string, Set<string>>();
  for (const { actions, notActions } of all) {
    const needed = distinct(actions);
    if (needed.length === 0) continue;
    const exceptions = distinct(notActions).sort().join('\n');
    actionsBut.set(exceptions, new Set([...(actionsBut.get(exceptions) ?? []), ...needed]));
  }
  return [...actionsBut].map(([exceptions, actions]) => ({
    actions: [...actions],
    notActions: exceptions === '' ? [] : exceptions.split('\n'),
  }));
}

/** Azure compares without case. */
const distinct = (actions: readonly string[]): string[] => [
  ...new Set(actions.map((action) => action.toLowerCase()).filter(mayMatter)),
];

/** Whether an action, or a pattern of actions, may be one that a scenario needs. */
const mayMatter = (action: string): boolean =>
  /\/register\/action$/.test(action) || written.some((type) => isAbout(action, type));

/** Whether an action, or a pattern of actions, may be one on a type or on what is below it. */
function isAbout(action: string, type: string): boolean {
  const [beginning = ''] = action.split('*');
  return beginning.startsWith(`${type}/`) || (beginning !== action && `${type}/`.startsWith(beginning));
}

/**
 * Whether permissions allow everything that a scenario may need. Azure adds those of a scope to those above it, so that nothing below
 * need be asked for. An exception takes away only what its own role gives: a role with one on a type does not count for that type.
 */
export const allowsAll = (permissions: readonly Permission[]): boolean =>
  written.every((type) =>
    permissions.some(
      ({ actions, notActions }) =>
        needsOn(type).every((action) => actions.some((pattern) => matchesWildcard(pattern, action))) &&
        !notActions.some((exception) => isAbout(exception, type)),
    ),
  );

/** Types that scenarios write; each stands for those below it. */
const written = [
  'microsoft.authorization/roleassignments',
  'microsoft.containerregistry/registries',
  'microsoft.containerservice/managedclusters',
  'microsoft.features/providers',
  'microsoft.managedidentity/userassignedidentities',
  'microsoft.network/privatednszones',
  'microsoft.network/privateendpoints',
  'microsoft.network/virtualnetworks',
  'microsoft.resources/subscriptions/resourcegroups',
];

/** Actions on a type and what is below it. Who assigns roles has no other action. */
const needsOn = (type: string): string[] => [
  `${type}/write`,
  `${type}/delete`,
  ...(type.includes('roleassignments')
    ? []
    : [`${type}/read`, `${type}/any/read`, `${type}/any/write`, `${type}/any/action`]),
];
