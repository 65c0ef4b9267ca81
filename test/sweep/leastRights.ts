import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../../contract/index.ts';
import type { RecordedRequest } from '../../simulator/index.ts';
import { rareOperations } from './rareOperations.ts';
import type { SweptName } from './scenarios.ts';

/** Kinds of scopes that a role can be assigned at. */
const scopeKinds = ['subscription', 'resourceGroup', 'nodeResourceGroup'] as const;
type ScopeKind = (typeof scopeKinds)[number];

/** An action that the worker's identity needs at a kind of scope. */
export interface Right {
  action: string;
  at: ScopeKind;
}

/** The actions that each scenario needs, by the kind of scope. */
type LeastRights = Partial<Record<Scenario, Record<ScopeKind, string[]>>>;

/** The scenario that each swept run is of. Runs that fail late show what undo needs. */
const scenarioOf: Readonly<Record<SweptName, Scenario>> = {
  'create-managed': 'createCluster',
  'create-byo': 'createCluster',
  'undo-create-byo': 'createCluster',
  together: 'createCluster',
  'isolate-managed': 'isolateCluster',
  'isolate-byo': 'isolateCluster',
  'undo-isolate-managed': 'isolateCluster',
  'undo-isolate-byo': 'isolateCluster',
  'change-registry': 'changeRegistry',
  'undo-change-registry': 'changeRegistry',
  disable: 'disableIsolation',
  'undo-disable': 'disableIsolation',
  reimage: 'reimageNodePools',
  replace: 'reimageNodePools',
  climb: 'reimageNodePools',
  'undo-climb': 'isolateCluster',
  audit: 'auditCluster',
  delete: 'deleteCluster',
  'delete-byo': 'deleteCluster',
};

/** A group is made and deleted in its subscription: a role at it would go with it. */
const ofSubscription = /^Microsoft\.Resources\/subscriptions\/resourceGroups\/(write|delete)$/;
/** An identity that may begin an operation may follow it, wherever its address is. */
const isPoll = /operation(Result|Status)?(es)?s?\/read$/i;

function kindOf(action: string, scope: string): ScopeKind {
  if (ofSubscription.test(action)) return 'subscription';
  if (isPoll.test(action)) return 'resourceGroup';
  const [, group] = /\/resourceGroups\/([^/]+)/i.exec(scope) ?? [];
  if (group === undefined) return 'subscription';
  return /^MC_/i.test(group) ? 'nodeResourceGroup' : 'resourceGroup';
}

/** Requests that are sent or not, which depends on the moment: polls of creations, and the look at a pool whose reimage was lost. */
const pollsAfter: Readonly<Record<string, string>> = {
  'Microsoft.ContainerRegistry/registries/write': 'Microsoft.ContainerRegistry/registries/operationStatuses/read',
  'Microsoft.ContainerRegistry/registries/cacheRules/write':
    'Microsoft.ContainerRegistry/registries/cacheRules/operationStatuses/read',
  'Microsoft.ContainerService/managedClusters/agentPools/upgradeNodeImageVersion/action':
    'Microsoft.ContainerService/managedClusters/agentPools/read',
};
export const pollsOf = (action: string): string[] => [pollsAfter[action] ?? []].flat();

/** Actions that the requests of a run need, each once. */
export function rightsIn(recorded: readonly RecordedRequest[]): Right[] {
  const rights = recorded.flatMap(({ needs, scopes }) =>
    needs.flatMap((need, index) =>
      [need, ...pollsOf(need)].map((action) => ({ action, at: kindOf(action, scopes[index] ?? '') })),
    ),
  );
  return [...new Map(rights.map((right) => [`${right.at} ${right.action}`, right])).values()];
}

const file = join(import.meta.dirname, '../../deploy/roles/least-rights.json');

const permissions = 'Microsoft.Authorization/permissions/read';

/** Actions that each scenario needs, as these runs show it. */
export function leastRights(runs: Iterable<readonly [SweptName, { rights: readonly Right[] }]>): LeastRights {
  const all: LeastRights = {};
  for (const [name, { rights }] of runs) {
    const scenario = scenarioOf[name];
    all[scenario] ??= { subscription: [], resourceGroup: [], nodeResourceGroup: [] };
    for (const { action, at } of rights) {
      // Whether such a request is sent depends on the moment at which a run looks.
      if (action in rareOperations) continue;
      const known = all[scenario][at];
      if (!known.includes(action)) known.push(action);
    }
  }
  for (const [scenario, ofScenario] of Object.entries(all)) {
    // The swept identity may do everything, so that it need not ask in the groups that are there what it may do.
    const asksInGroups = scenario !== 'createCluster' && ofScenario.subscription.includes(permissions);
    if (asksInGroups)
      for (const kind of ['resourceGroup', 'nodeResourceGroup'] as const) ofScenario[kind].push(permissions);
    for (const kind of scopeKinds) ofScenario[kind].sort();
  }
  return Object.fromEntries(Object.entries(all).sort(([one], [other]) => one.localeCompare(other)));
}

/** The rights in `deploy/roles`. With `UPDATE_ROLES=1` they are written first. */
export function keptRights(seen: LeastRights): LeastRights {
  if (process.env.UPDATE_ROLES === '1') writeFileSync(file, `${JSON.stringify(seen, null, 2)}\n`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/**
 * The custom roles of a worker with roles on groups alone. Operations that no swept run sends are those of groups; an endpoint may be in the
 * network that AKS manages, too.
 */
export function groupRoles(rights: LeastRights): { group: string[]; nodeGroup: string[] } {
  const at = (kind: ScopeKind) => Object.values(rights).flatMap((ofScenario) => ofScenario[kind]);
  const sorted = (actions: readonly string[]) => [...new Set(actions)].sort();
  return {
    group: sorted([...at('resourceGroup'), ...Object.keys(rareOperations)]),
    nodeGroup: sorted([...at('nodeResourceGroup'), ...inManagedNetwork]),
  };
}

/** Actions for a registry of one's own in the network that AKS manages, which no swept run has. */
const inManagedNetwork: readonly string[] = [
  'Microsoft.Network/privateEndpoints/delete',
  'Microsoft.Network/privateEndpoints/read',
  'Microsoft.Network/privateEndpoints/write',
  'Microsoft.Network/virtualNetworks/join/action',
  'Microsoft.Network/virtualNetworks/read',
  'Microsoft.Network/virtualNetworks/subnets/delete',
  'Microsoft.Network/virtualNetworks/subnets/join/action',
  'Microsoft.Network/virtualNetworks/subnets/read',
  'Microsoft.Network/virtualNetworks/subnets/write',
];
