import type { Info } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { keptAlive } from '../activities/arm/checkpoint.ts';
import type { Activities } from '../activities/index.ts';
import { policyFailure } from '../contract/failures.ts';
import { fleetMember, rolloutFleet, type Scenario, scenarios } from '../contract/names.ts';
import { policyProblems, type Targets } from '../contract/policyProblems.ts';
import { type ClusterReference, resourceGroupId } from '../resources/ids.ts';
import type { WorkerPolicy } from '../resources/workerPolicy.ts';

/** The tenant of a subscription; `undefined` where the worker's identity does not see it. */
export type TenantOf = (subscriptionId: string) => Promise<string | undefined>;

/** Their arguments hold what Azure has answered, and they write nothing: only the clusters that they name count. */
const looksAround: ReadonlySet<string> = new Set<keyof Activities>([
  'lookAtDependencies',
  'lookAtOldRegistry',
  'readRemaining',
  'findGone',
]);

/**
 * Refuses an activity, before it reads or writes anything, that names what the policy forbids, wherever in its arguments. An
 * interceptor sees every activity, those to come included; `activities/arm/connection.ts` holds each request against the policy.
 */
export const guardPolicy =
  (policy: WorkerPolicy, tenantOf: TenantOf): ActivityInterceptorsFactory =>
  ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const targets = targetsOf(info, input.args);
        if (!targets) return next(input);
        // Azure may take as long to tell a tenant as to do what the activity asks for.
        await keptAlive(async () => {
          const tenants = policy.tenants ? await tenantsOf(targets, policy, tenantOf) : undefined;
          const problems = policyProblems(policy, { ...targets, ...(tenants && { tenants }) });
          if (problems.length > 0) throw policyFailure(problems);
        });
        return next(input);
      },
    },
  });

/** It asks Temporal alone. */
const looksAtMembers = 'lookAtMembers' satisfies keyof Activities;

/** @returns `undefined` for a caller that is no scenario, which `worker/activityGuard.ts` refuses, and where nothing in Azure is named. */
function targetsOf({ activityType, workflowType }: Info, args: readonly unknown[]): Targets | undefined {
  const ofRollout = workflowType === rolloutFleet || workflowType === fleetMember;
  const scenario = ofRollout ? scenarioIn(args[0]) : scenarios.find((each) => each === workflowType);
  if (ofRollout ? activityType === looksAtMembers : !scenario) return undefined;
  const named = namedIn(args);
  const matters = looksAround.has(activityType) ? isCluster : () => true;
  return { ...named, scenario, resourceIds: named.resourceIds.filter(matters) };
}

/** The scenario that a rollout is to run. */
function scenarioIn(argument: unknown): Scenario | undefined {
  const { scenario } = { ...(argument as { scenario?: unknown } | undefined) };
  return scenarios.find((each) => each === scenario);
}

const isCluster = (id: string): boolean => /\/managedClusters\/[^/]+$/i.test(id);

/** The subscriptions that the policy allows are asked for their tenants; another one is not even looked at. */
async function tenantsOf(
  { resourceIds }: Targets,
  { subscriptions }: WorkerPolicy,
  tenantOf: TenantOf,
): Promise<Map<string, string | undefined>> {
  const all = new Set(resourceIds.flatMap((id) => /^\/subscriptions\/([^/]+)/i.exec(id)?.[1]?.toLowerCase() ?? []));
  const asked = [...all].filter((id) => !subscriptions || subscriptions.some((each) => each.toLowerCase() === id));
  return new Map(await Promise.all(asked.map(async (id) => [id, await tenantOf(id)] as const)));
}

interface Named {
  cluster?: ClusterReference;
  resourceIds: string[];
  locations: string[];
}

/** Everything that arguments name at any depth: resource IDs, also as keys, references, and regions. */
function namedIn(args: readonly unknown[]): Named {
  const found: Named = { resourceIds: [], locations: [] };
  const left: unknown[] = [...args];
  for (let next = left.pop(); left.length > 0 || next !== undefined; next = left.pop()) {
    if (typeof next === 'string' && /^\/subscriptions\//i.test(next)) found.resourceIds.push(next);
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next)) nameReference(next, found);
    left.push(...Object.keys(next), ...Object.values(next));
  }
  return found;
}

function nameReference(value: object, found: Named): void {
  const { subscriptionId, resourceGroup, name, location }: Record<string, unknown> = { ...value };
  if (typeof location === 'string') found.locations.push(location);
  if (typeof subscriptionId !== 'string') return;
  if (typeof resourceGroup !== 'string') {
    found.resourceIds.push(`/subscriptions/${subscriptionId}`);
    return;
  }
  found.resourceIds.push(resourceGroupId(subscriptionId, resourceGroup));
  if (typeof name === 'string') found.cluster ??= { subscriptionId, resourceGroup, name };
}
