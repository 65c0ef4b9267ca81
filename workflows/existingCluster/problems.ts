import type { Problem } from '../../contract/problem.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import { clusterId } from '../../resources/ids.ts';
import { isBusy } from '../../resources/managedClusters.ts';
import { tenantProblems, unseenSubscription } from '../preflight/commonProblems.ts';
import type { ExistingClusterInput } from './facts.ts';

/** Reports everything about subscription, cluster and tenant that stops an update. */
export function existingClusterProblems(
  input: ExistingClusterInput,
  { subscription, cluster, tenants, discovered }: ExistingClusterFacts,
): Problem[] {
  if (!subscription) return [unseenSubscription(input)];
  const where = clusterId(input.cluster);
  if (!cluster) {
    const problem = "the cluster does not exist, or the worker's identity cannot see it";
    return [{ where, problem, whatToDo: 'Correct the reference; createCluster creates a cluster.' }];
  }
  const problems: Problem[] = [];
  const report = (problem: string, whatToDo: string, at = where) => problems.push({ where: at, problem, whatToDo });
  if (subscription.state !== undefined && subscription.state !== 'Enabled') {
    report(
      `the subscription is ${subscription.state}`,
      'Enable it, or use another one.',
      `/subscriptions/${input.cluster.subscriptionId}`,
    );
  }
  if (cluster.powerState === 'Stopped') {
    report('the cluster is stopped', 'Start it with `az aks start`, then start again.');
  }
  // The update repairs a failed cluster. Discovery has waited for operations, except in a dry run.
  if (isBusy(cluster)) report(`an operation is in progress (${cluster.provisioningState})`, 'Wait for it to end.');
  problems.push(...tenantProblems(input, tenants, discovered?.infrastructure.registry));
  return problems;
}
