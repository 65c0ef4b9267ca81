import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Problem } from '../../contract/problem.ts';

export function unseenSubscription({ cluster }: Pick<ParsedCreateClusterInput, 'cluster'>): Problem {
  return {
    where: `/subscriptions/${cluster.subscriptionId}`,
    problem: "not found, or the worker's identity cannot see it",
    whatToDo: "Check the ID, and give the worker's identity a role in the subscription.",
  };
}

/** Azure links a network to one zone of a name only. AKS links the zone of the registry that it manages. */
export const oneZoneProblem = (where: string): Problem => ({
  where,
  problem: 'the network is linked to this zone, and AKS cannot link it to that of the registry that it manages as well',
  whatToDo: 'Delete the link if nothing else needs it, or use a registry of your own.',
});
