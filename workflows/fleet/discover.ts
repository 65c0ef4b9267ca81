import { isCancellation, TemporalFailure } from '@temporalio/workflow';
import { isFailure, policyProblemsOf } from '../../contract/failures.ts';
import type { ParsedRolloutFleetInput } from '../../contract/inputs/rolloutFleet.ts';
import { keyOfCluster } from '../../contract/inputs/rolloutFleet.ts';
import type { Problem } from '../../contract/problem.ts';
import { type FleetLook, nameInSubscription } from '../../resources/fleet.ts';
import { type ClusterReference, clusterId, keyOf, sameResourceId } from '../../resources/ids.ts';
import { azure } from '../engine/azure.ts';
import { discoveryProblem } from '../engine/outcome.ts';
import type { Seen } from './found.ts';
import type { Rollout } from './rollout.ts';

type Given = Pick<ParsedRolloutFleetInput, 'clusters' | 'select' | 'scenario' | 'input'>;

/** Looks for the clusters, one look for each subscription. */
export async function lookForClusters({ scenario, clusters, select, input: template }: Given): Promise<Seen[]> {
  const looks = clusters ? looksFor(clusters) : looksOf(select);
  return Promise.all(
    looks.map(async (look) => {
      const { subscriptionId } = look;
      const list = azure.reading(`List the clusters of ${subscriptionId}`).listFleetClusters;
      try {
        const { tells, ...seen } = await list({ ...look, scenario, template });
        return { subscriptionId, ...seen, tells: tells?.events ?? [] };
      } catch (error) {
        const goesOn = error instanceof TemporalFailure && !isCancellation(error) && !isFailure(error, 'ResetRun');
        if (!goesOn) throw error;
        const named = (clusters ?? []).filter((each) => keyOf(each.subscriptionId) === subscriptionId);
        return { subscriptionId, clusters: [], problems: problemsOf(error, look, named), isUnseen: true, tells: [] };
      }
    }),
  );
}

/** @param named The clusters of the subscription that the input names: one that is forbidden stands for each of them. */
function problemsOf(error: unknown, { subscriptionId }: FleetLook, named: readonly ClusterReference[]): Problem[] {
  const where = `/subscriptions/${subscriptionId}`;
  const forbidden = policyProblemsOf(error);
  if (forbidden.length === 0) return [discoveryProblem(error, where)];
  return forbidden.flatMap((each) =>
    named.length > 0 && sameResourceId(each.where, where)
      ? named.map((cluster) => ({ ...each, where: clusterId(cluster) }))
      : [each],
  );
}

/** Named clusters are looked for in their resource groups: whoever works there may see no more of the subscription. */
function looksFor(clusters: NonNullable<Given['clusters']>): FleetLook[] {
  const bySubscription = Map.groupBy(clusters, ({ subscriptionId }) => keyOf(subscriptionId));
  return [...bySubscription].map(([subscriptionId, own]) => ({
    subscriptionId,
    resourceGroups: [...new Set(own.map(({ resourceGroup }) => keyOf(resourceGroup)))],
    named: own.map(nameInSubscription),
  }));
}

const looksOf = (select: Given['select']): FleetLook[] =>
  (select?.subscriptions ?? []).map((subscriptionId) => ({
    subscriptionId: keyOf(subscriptionId),
    ...(select?.resourceGroup !== undefined && { resourceGroups: [select.resourceGroup] }),
    ...(select?.tags && { tags: select.tags }),
  }));

/** As many as a person reads. */
const mostAppeared = 200;

/**
 * The clusters that the selection would take now and that came since it was made: they are told, and not rolled out to. `undefined`
 * where there are none, or where nobody can tell.
 */
export async function appearedSince(rollout: Rollout): Promise<string[] | undefined> {
  const { input } = rollout;
  if (!input.select) return undefined;
  const seen = await lookForClusters(input);
  const appeared = seen.flatMap(({ clusters }) => clusters).filter((each) => rollout.memberOf(each) === undefined);
  return appeared.length > 0 ? appeared.map(keyOfCluster).slice(0, mostAppeared) : undefined;
}
