import type { PlannedStep, StepKind } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';
import { type AccessFacts, isAllowed } from '../../resources/allowances.ts';
import { isWithin, keyOf, lockedScope, parseResourceId } from '../../resources/ids.ts';
import { type WantedInfrastructure, wantedSubnet } from '../infrastructure/wanted.ts';

/** An action that the worker's identity must be allowed on a resource. */
export interface RequiredAction {
  resourceId: string;
  action: string;
}

/** Reports actions that planned steps need and the worker's identity may not do. Source: Learn, "Azure permissions". */
export function permissionProblems(
  required: readonly RequiredAction[],
  { permissions, reads }: Pick<AccessFacts, 'permissions' | 'reads'>,
): Problem[] {
  const missing = new Map<string, string[]>();
  for (const { resourceId, action } of required) {
    const scope = nearestScope(resourceId, permissions);
    if (!reads && action.endsWith('/read')) continue;
    if (scope === undefined || mayDo(action, resourceId, { permissions })) continue;
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
 * @param nodeResourceGroup Resource ID of that of a cluster that is there. AKS refuses to touch it while a lock of any level is
 * on it, in it or above it, and every step on the cluster or a pool touches it. Source: Azure/AKS#3291 (2026-11-26).
 */
export function lockProblems(
  steps: readonly PlannedStep[],
  { locks }: Pick<AccessFacts, 'locks'>,
  rollsBack: boolean,
  nodeResourceGroup?: string,
): Problem[] {
  return locks.flatMap(({ id, level }) => {
    const scope = lockedScope(id);
    const covers = ({ kind, resourceId, action }: PlannedStep) =>
      isWithin(resourceId, scope) ||
      // A lock also keeps the resources around it from being deleted. Roles go one by one, not with their subscription.
      (action === 'delete' && kind !== 'roles' && isWithin(scope, resourceId));
    const report = (touched: readonly PlannedStep[], problem: string, whatToDo: string): Problem[] => {
      const titles = touched.map(({ title }) => title).join(', ');
      return touched.length === 0 ? [] : [{ where: id, problem: `${problem} (${titles})`, whatToDo }];
    };
    const acting = steps
      .filter(({ action }) => action !== 'none' && action !== 'check')
      .filter((step) => !isRegistration(step) && step.kind !== 'secondMark' && covers(step));
    const remove = 'Remove the lock for the run.';
    const isOnGroup =
      nodeResourceGroup !== undefined && (isWithin(nodeResourceGroup, scope) || isWithin(scope, nodeResourceGroup));
    const byAks = steps.filter(
      (step) => isOnGroup && actsInNodeGroup.has(step.kind) && step.action !== 'none' && step.action !== 'check',
    );
    const onGroup = report(
      byAks.filter((step) => !covers(step) || (level !== 'ReadOnly' && step.action !== 'delete')),
      `AKS refuses to touch the node resource group while this ${level} lock is on it, in it or above it`,
      remove,
    );
    if (level === 'ReadOnly') return [...onGroup, ...report(acting, 'this lock forbids every change', remove)];
    const deleted = acting.filter(({ action }) => action === 'delete');
    const created = acting.filter(({ action }) => action === 'create' && rollsBack);
    return [
      ...onGroup,
      ...report(deleted, 'this lock forbids to delete', remove),
      ...report(
        created,
        'this lock forbids to take back what a failed run created',
        'Remove the lock for the run, or set onFailure to leave.',
      ),
    ];
  });
}

/** Steps in which AKS changes the node resource group. */
const actsInNodeGroup: ReadonlySet<string> = new Set([
  'cluster',
  'bootstrap',
  'outboundType',
  'reimage',
  'temporaryPool',
]);

/**
 * Node resource group lockdown denies everybody but AKS each write in that group, also the endpoint or the link of a zone that
 * joins the network in it. Source: AKS docs, "Node resource group lockdown" (node-resource-group-lockdown.md, 2026-11-26).
 */
export function lockdownProblems(
  steps: readonly PlannedStep[],
  nodeResourceGroup: string,
  networkId: string | undefined,
): Problem[] {
  const isIn = (id: string) => isWithin(id, nodeResourceGroup);
  const denied = steps.filter(
    ({ kind, action, resourceId }) =>
      (action === 'create' || action === 'update') &&
      (isIn(resourceId) || ((kind === 'privateEndpoint' || kind === 'zoneLink') && isIn(networkId ?? ''))),
  );
  if (denied.length === 0) return [];
  const titles = denied.map(({ title }) => title).join(', ');
  return [
    {
      where: nodeResourceGroup,
      problem: `node resource group lockdown (restrictionLevel ReadOnly) denies everybody but AKS to change it (${titles})`,
      whatToDo:
        'Use the registry that AKS manages (registry.mode managed), a cluster in a network of your own, or lift the lockdown for the run (`az aks update --nrg-lockdown-restriction-level Unrestricted`).',
    },
  ];
}

/** Registrations change the subscription and no resource, so that no lock forbids them. */
const isRegistration = ({ kind }: PlannedStep): boolean => kind === 'feature' || kind === 'provider';

/** Every action that the steps of a plan need. */
export function requiredActions(
  steps: readonly PlannedStep[],
  wanted: WantedInfrastructure,
  rollsBack: boolean,
): RequiredAction[] {
  return steps
    .filter(({ action }) => action !== 'none' && action !== 'check')
    .flatMap((step) => actionsOf(step, wanted, rollsBack));
}

/** Kinds that Azure lets be written without a look at what is there; what cannot be read then stays unproven. All others are looked at first. */
const writtenUnseen: ReadonlySet<StepKind> = new Set<StepKind>(['role', 'record']);

/** The actions on the step's own resource, and on those that its request names: else Azure answers `LinkedAuthorizationFailed`. */
function actionsOf(
  { kind, action, resourceId }: PlannedStep,
  wanted: WantedInfrastructure,
  rollsBack: boolean,
): RequiredAction[] {
  const on = (id: string | undefined, ...actions: string[]): RequiredAction[] =>
    id === undefined ? [] : actions.map((each) => ({ resourceId: id, action: each }));
  const write = (type = parseResourceId(resourceId)?.type): RequiredAction[] => {
    if (type === undefined) return [];
    const look = writtenUnseen.has(kind) ? [] : [`${type}/read`];
    if (action === 'delete') return on(resourceId, `${type}/delete`, ...look);
    return on(resourceId, `${type}/write`, ...(action === 'create' && rollsBack ? [`${type}/delete`] : []), ...look);
  };
  const linked = (...actions: RequiredAction[][]) => (action === 'delete' ? [] : actions.flat());
  const join = 'Microsoft.Network/virtualNetworks/subnets/join/action';
  const { virtualNetwork, registry, identities } = wanted;
  switch (kind) {
    case 'feature':
      return on(resourceId, 'Microsoft.Features/providers/features/register/action');
    case 'provider':
      return on(resourceId, `${resourceId.split('/').at(-1)}/register/action`);
    case 'resourceGroup':
      return write('Microsoft.Resources/subscriptions/resourceGroups');
    case 'role':
      return write('Microsoft.Authorization/roleAssignments');
    case 'reimage': {
      const pools = 'Microsoft.ContainerService/managedClusters/agentPools';
      return on(resourceId, `${pools}/upgradeNodeImageVersion/action`, `${pools}/read`);
    }
    case 'privateEndpoint': {
      const approve = 'Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action';
      return [...write(), ...linked(on(wantedSubnet(wanted, 'registrySubnet')?.id, join), on(registry?.id, approve))];
    }
    case 'zoneLink':
      return [...write(), ...linked(on(virtualNetwork?.id, 'Microsoft.Network/virtualNetworks/join/action'))];
    case 'cluster': {
      const assign = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';
      const subnets = [wantedSubnet(wanted, 'nodeSubnet'), wantedSubnet(wanted, 'apiServerSubnet')];
      return [
        ...write(),
        ...linked(
          ...subnets.map((subnet) => on(subnet?.id, join)),
          ...Object.values(identities).map(({ id }) => on(id, assign)),
        ),
      ];
    }
    case 'virtualNetwork':
    case 'subnet':
    case 'identity':
    case 'registry':
    case 'cacheRule':
    case 'privateDnsZone':
    case 'record':
    case 'bootstrap':
    case 'outboundType':
      return write();
    case 'temporaryPool':
      // A pool that is made anew from its copy stays, and the copy goes.
      return [...write(), ...on(resourceId, 'Microsoft.ContainerService/managedClusters/agentPools/delete')];
    // The roles of an identity are assigned at other scopes, each with permissions of its own.
    case 'roles':
    case 'approval':
    case 'pullProbe':
    // A run goes on without it.
    case 'secondMark':
      return [];
  }
}

/** The resource itself or, while it is absent, the nearest existing scope above it. */
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

/** Whether the worker's identity may mark a resource; `true` where nobody has looked. Records keep marks in their metadata. */
export const mayWriteTags = (id: string, access: Pick<AccessFacts, 'permissions'>): boolean => {
  const type = parseResourceId(id)?.type;
  const isRecord = type?.toLowerCase() === 'microsoft.network/privatednszones/a';
  return mayDo(isRecord ? `${type}/write` : 'Microsoft.Resources/tags/write', id, access);
};

/** Whether the worker's identity may do something; `true` where nobody has looked. */
function mayDo(action: string, resourceId: string, { permissions }: Pick<AccessFacts, 'permissions'>): boolean {
  const scope = nearestScope(resourceId, permissions);
  return scope === undefined || isAllowed(action, permissions[scope.key] ?? []);
}
