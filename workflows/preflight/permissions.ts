import type { PlannedStep } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import type { AccessFacts } from '../../resources/allowances.ts';
import { isWithin, keyOf, lockedScope, parseResourceId } from '../../resources/ids.ts';
import { subnetOf, type WantedInfrastructure } from '../infrastructure/wanted.ts';

/** An action of the worker's identity on a resource. */
export interface RequiredAction {
  resourceId: string;
  action: string;
}

/** What the worker's identity may not do although a planned step needs it. Source: Learn, "Azure permissions". */
export function permissionProblems(
  required: readonly RequiredAction[],
  { permissions }: Pick<AccessFacts, 'permissions'>,
): Problem[] {
  const missing = new Map<string, string[]>();
  for (const { resourceId, action } of required) {
    const scope = nearestScope(resourceId, permissions);
    if (scope === undefined || isAllowed(action, permissions[scope.key] ?? [])) continue;
    const actions = missing.get(scope.id) ?? [];
    if (!actions.includes(action)) missing.set(scope.id, [...actions, action]);
  }
  return [...missing].map(([where, actions]) => ({
    where,
    problem: `the worker's identity may not ${actions.join(', ')}`,
    whatToDo: 'Give it a role with these actions at this scope, then start again.',
  }));
}

/**
 * Locks that would refuse a planned step, or its undo.
 *
 * @param rollsBack Whether a failed run takes back what it created.
 */
export function lockProblems(
  steps: readonly PlannedStep[],
  { locks }: Pick<AccessFacts, 'locks'>,
  rollsBack: boolean,
): Problem[] {
  return locks.flatMap(({ id, level }) => {
    const scope = lockedScope(id);
    const covers = ({ id, resourceId, action }: PlannedStep) =>
      isWithin(resourceId, scope) ||
      // A locked resource also holds what is around it; roles are taken away one by one, not with their subscription.
      (action === 'delete' && !id.startsWith('roles:') && isWithin(scope, resourceId));
    const report = (touched: readonly PlannedStep[], problem: string, whatToDo: string): Problem[] => {
      const titles = touched.map(({ title }) => title).join(', ');
      return touched.length === 0 ? [] : [{ where: id, problem: `${problem} (${titles})`, whatToDo }];
    };
    const acting = steps
      .filter(({ action }) => action !== 'none' && action !== 'check')
      .filter((step) => !isRegistration(step) && covers(step));
    const remove = 'Remove the lock for the run.';
    if (level === 'ReadOnly') return report(acting, 'this lock forbids every change', remove);
    const deleted = acting.filter(({ action }) => action === 'delete');
    const created = acting.filter(({ action }) => action === 'create' && rollsBack);
    return [
      ...report(deleted, 'this lock forbids to delete', remove),
      ...report(
        created,
        'this lock forbids to take back what a failed run created',
        'Remove the lock for the run, or set onFailure to leave.',
      ),
    ];
  });
}

/** Locks are of resources; registrations are the subscription's. */
const isRegistration = ({ id }: PlannedStep): boolean => /^(feature|provider):/.test(id);

/** What the steps of a scenario that creates or updates need. */
export function requiredActions(
  { onFailure }: { onFailure: 'rollBack' | 'hold' | 'leave' },
  wanted: WantedInfrastructure,
  steps: readonly PlannedStep[],
): RequiredAction[] {
  return steps
    .filter(({ action }) => action !== 'none' && action !== 'check')
    .flatMap((step) => {
      const { id, resourceId, action } = step;
      const type = typeOf(step);
      if (type === undefined) return [];
      if (type.endsWith('/action')) return [{ resourceId, action: type }];
      if (action === 'delete') return [{ resourceId, action: `${type}/delete` }];
      const verbs = action === 'create' && onFailure !== 'leave' ? ['write', 'delete'] : ['write'];
      return [...verbs.map((verb) => ({ resourceId, action: `${type}/${verb}` })), ...linkedActions(id, wanted)];
    });
}

function typeOf({ id, resourceId }: PlannedStep): string | undefined {
  const [kind, name] = id.split(':');
  switch (kind) {
    case 'feature':
      return 'Microsoft.Features/providers/features/register/action';
    case 'provider':
      return `${name}/register/action`;
    case 'reimage':
      return 'Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action';
    case 'role':
      return 'Microsoft.Authorization/roleAssignments';
    case 'resourceGroup':
      return 'Microsoft.Resources/subscriptions/resourceGroups';
    default:
      return parseResourceId(resourceId)?.type;
  }
}

/** What Azure asks for on the resources that a request names. Its error is `LinkedAuthorizationFailed`. */
function linkedActions(stepId: string, wanted: WantedInfrastructure): RequiredAction[] {
  const { virtualNetwork, registry, identities } = wanted;
  const join = 'Microsoft.Network/virtualNetworks/subnets/join/action';
  const on = (resourceId: string | undefined, action: string): RequiredAction[] =>
    resourceId === undefined ? [] : [{ resourceId, action }];
  switch (stepId) {
    case 'privateEndpoint':
      return [
        ...on(subnetOf(wanted, 'registrySubnet')?.id, join),
        ...on(registry?.id, 'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action'),
      ];
    case 'zoneLink':
      return on(virtualNetwork?.id, 'Microsoft.Network/virtualNetworks/join/action');
    case 'cluster':
      return [
        ...on(subnetOf(wanted, 'nodeSubnet')?.id, join),
        ...on(subnetOf(wanted, 'apiServerSubnet')?.id, join),
        ...Object.values(identities).flatMap(({ id }) =>
          on(id, 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'),
        ),
      ];
    default:
      return [];
  }
}

/** The resource itself or, while it is absent, the nearest scope above it that is there. */
function nearestScope(
  resourceId: string,
  permissions: AccessFacts['permissions'],
): { key: string; id: string } | undefined {
  const segments = resourceId.split('/');
  for (let length = segments.length; length >= 3; length -= 1) {
    const id = segments.slice(0, length).join('/');
    if (permissions[keyOf(id)]) return { key: keyOf(id), id };
  }
  return undefined;
}

function isAllowed(action: string, permissions: AccessFacts['permissions'][string]): boolean {
  return permissions.some(
    ({ actions, notActions }) => actions.some(matches(action)) && !notActions.some(matches(action)),
  );
}

const matches =
  (action: string) =>
  (pattern: string): boolean =>
    new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 'i').test(action);

const escaped = (text: string): string => text.replace(/[.\\+?^$()[\]{}|/-]/g, '\\$&');
