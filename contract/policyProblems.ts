import {
  type ClusterReference,
  clusterId,
  isWithin,
  keyOf,
  resourceGroupId,
  sameResourceId,
} from '../resources/ids.ts';
import { matchesWildcard } from '../resources/wildcards.ts';
import type { WorkerPolicy } from '../resources/workerPolicy.ts';
import type { Scenario } from './names.ts';
import type { Problem } from './problem.ts';
import { regionOf } from './regionOf.ts';

/** Everything that an activity names, as far as a policy is about it. */
export interface Targets {
  /** Left out where a rollout names none. */
  scenario?: Scenario | undefined;
  /** The cluster that the run is about. */
  cluster?: ClusterReference;
  resourceIds: readonly string[];
  locations: readonly string[];
  /** Tenants by subscription ID; `undefined`: nobody can tell. Left out where the policy names none. */
  tenants?: ReadonlyMap<string, string | undefined>;
}

/** Reports everything that a policy forbids, each place once. */
export function policyProblems(policy: WorkerPolicy, targets: Targets): Problem[] {
  const { scenario, cluster, resourceIds, locations, tenants = new Map() } = targets;
  const refusedScenario = policy.scenarios && !policy.scenarios.some((each) => each === scenario);
  const regions = [...new Set(locations.map(regionOf))].filter((region) => region !== global);
  return [
    ...(refusedScenario
      ? [forbidden('scenario', `${scenario ?? 'a rollout of nothing'} may not run`, 'scenarios')]
      : []),
    ...placeProblems(policy, resourceIds, cluster),
    ...[...tenants].flatMap(([subscription, tenant]) => tenantProblem(policy, subscription, tenant)),
    ...regions
      .filter((region) => policy.locations?.includes(region) === false)
      .map((region) => forbidden(region, 'this region may not be used', 'locations')),
  ];
}

/** Reports the subscriptions, resource groups and registries that may not be touched. @param cluster The one that the run is about. */
export function placeProblems(
  policy: WorkerPolicy,
  resourceIds: readonly string[],
  cluster: ClusterReference | undefined,
): Problem[] {
  const problems = resourceIds.flatMap((id) => {
    const { subscription, group, registry } = placesOf(id, cluster);
    const places: Problem[] = [];
    if (subscription !== undefined && policy.subscriptions && !policy.subscriptions.some(is(subscription)))
      places.push(forbidden(`/subscriptions/${subscription}`, 'this subscription may not be touched', 'subscriptions'));
    if (group !== undefined && !matchesAny(policy.resourceGroups, group))
      places.push(forbidden(group, 'nothing in this resource group may be touched', 'resourceGroups'));
    if (registry !== undefined && !matchesAny(policy.registries, registry))
      places.push(forbidden(registry, 'this registry may not be touched', 'registries'));
    return places;
  });
  return [...new Map(problems.map((each) => [keyOf(each.where + each.problem), each])).values()];
}

/**
 * Reports a cluster for whatever a policy forbids about it. Among many clusters nobody would know which one a region stands for.
 *
 * @param resourceIds What the work on it names, beside the cluster itself.
 */
export function clusterProblems(
  { scenarios: _ofRuns, ...policy }: WorkerPolicy,
  cluster: ClusterReference,
  { resourceIds = [], locations = [] }: Partial<Pick<Targets, 'resourceIds' | 'locations'>> = {},
): Problem[] {
  const where = clusterId(cluster);
  return policyProblems(policy, { cluster, resourceIds: [where, ...resourceIds], locations }).map((each) => ({
    where,
    problem: isWithin(where, each.where) ? each.problem : `${each.where}: ${each.problem}`,
    whatToDo: `Leave the cluster out. Or: ${each.whatToDo}`,
  }));
}

/** Reports the resource, where it may not be deleted. Roles that are taken away are no resources of their scope. */
export function deletionProblems({ deletable }: WorkerPolicy, id: string, cluster?: ClusterReference): Problem[] {
  if (/\/providers\/Microsoft\.Authorization\/roleAssignments\//i.test(id)) return [];
  const { group, registry } = placesOf(id, cluster);
  if (group !== undefined && !matchesAny(deletable?.resourceGroups, group))
    return [forbidden(id, 'nothing in this resource group may be deleted', 'deletable.resourceGroups')];
  if (sameResourceId(registry, id) && !matchesAny(deletable?.registries, id))
    return [forbidden(id, 'this registry may not be deleted', 'deletable.registries')];
  return [];
}

function tenantProblem({ tenants }: WorkerPolicy, subscription: string, tenant: string | undefined): Problem[] {
  if (!tenants || (tenant !== undefined && tenants.some(is(tenant)))) return [];
  const problem =
    tenant === undefined
      ? "nobody can tell its tenant, for the worker's identity does not see the subscription"
      : `its tenant ${tenant} may not be touched`;
  return [forbidden(`/subscriptions/${subscription}`, problem, 'tenants')];
}

const forbidden = (where: string, problem: string, key: string): Problem => ({
  where,
  problem: `${problem}, says the policy of the worker`,
  whatToDo: `Use another one, or have it added to ${key} in the worker's POLICY_FILE.`,
});

interface Places {
  subscription?: string | undefined;
  group?: string | undefined;
  registry?: string | undefined;
}

/** The places that an ID names. Everything in the default node resource group of the cluster is the cluster's, its registry too. */
function placesOf(id: string, cluster: ClusterReference | undefined): Places {
  const [, subscription] = /^\/subscriptions\/([^/]+)/i.exec(id) ?? [];
  const [, name] = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(id) ?? [];
  if (subscription === undefined || name === undefined) return { subscription };
  if (cluster && isNodeGroupOf(cluster, subscription, name))
    return { subscription, group: resourceGroupId(subscription, cluster.resourceGroup) };
  const [registry] = /^.*?\/providers\/Microsoft\.ContainerRegistry\/registries\/[^/]+/i.exec(id) ?? [];
  return { subscription, group: resourceGroupId(subscription, name), registry };
}

/** Whether a group has the name that `resources/derivedNames.ts` gives it in some region. A region has no underscore. */
function isNodeGroupOf(
  { subscriptionId, resourceGroup, name }: ClusterReference,
  subscription: string,
  group: string,
): boolean {
  const prefix = `MC_${resourceGroup}_${name}_`.slice(0, longestPrefix).toLowerCase();
  const rest = group.toLowerCase().slice(prefix.length);
  return (
    sameResourceId(subscriptionId, subscription) &&
    group.toLowerCase().startsWith(prefix) &&
    /^[a-z0-9]*(-[a-z0-9]+)?$/.test(rest)
  );
}

/** As many characters of AKS's own name as a derived one keeps before its hash: see `resources/derivedNames.ts`. */
const longestPrefix = 70;

/** Patterns that begin with a slash are those of resource IDs, others of names. */
function matchesAny(patterns: readonly string[] | undefined, id: string): boolean {
  if (!patterns) return true;
  const name = id.split('/').at(-1) ?? '';
  return patterns.some((pattern) => matchesWildcard(pattern, pattern.startsWith('/') ? id : name));
}

const is =
  (id: string) =>
  (other: string): boolean =>
    sameResourceId(id, other);

/** Where resources are that belong to no region, such as private DNS zones. */
const global = 'global';

/** Azure takes `West Europe` for `westeurope`. */
