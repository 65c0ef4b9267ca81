import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { Problem } from '../../contract/problem.ts';
import type { Discovered } from '../../resources/discovery.ts';
import { clusterId, resourceGroupId } from '../../resources/ids.ts';
import { type ClusterSpecification, clusterMismatches, isBusy } from '../../resources/managedClusters.ts';
import { isGoing } from '../../resources/subscriptions.ts';
import { oneZoneProblem, tenantProblems } from '../preflight/commonProblems.ts';
import { madeByEarlierRun } from './earlierRun.ts';
import { nodeResourceGroup } from './specification.ts';

/** Reports what is wrong with the subscription, the region or the resource groups. */
export function locationProblems(input: ParsedCreateClusterInput, seen: Discovered): Problem[] {
  const { cluster, location } = input;
  const subscriptionId = `/subscriptions/${cluster.subscriptionId}`;
  const problems: Problem[] = [];
  const { state, tenantId, locations } = seen.subscription ?? {};
  if (state !== undefined && state !== 'Enabled') {
    const problem = `the subscription is ${state}`;
    problems.push({ where: subscriptionId, problem, whatToDo: 'Enable it, or use another one.' });
  }
  if (locations && !locations.includes(location)) {
    const problem = `${location} is no region of this subscription`;
    problems.push({
      where: 'location',
      problem,
      whatToDo: 'Use one that `az account list-locations --query [].name` prints.',
    });
  }
  if (isGoing(seen.resourceGroup)) {
    const where = resourceGroupId(cluster.subscriptionId, cluster.resourceGroup);
    problems.push({ where, problem: 'the resource group is being deleted', whatToDo: 'Wait until it is gone.' });
  }
  // Version 0.1 has not looked for tenants.
  if (tenantId !== undefined && seen.tenants) {
    const tenants = { ...seen.tenants, [cluster.subscriptionId]: tenantId };
    problems.push(...tenantProblems(input, tenants, seen.infrastructure.registry));
  }
  const [linked] = seen.infrastructure.otherLinkedZones;
  if (input.registry.mode === 'managed' && linked !== undefined && !seen.cluster) problems.push(oneZoneProblem(linked));
  if (seen.nodeResourceGroup && !seen.cluster) {
    const where = resourceGroupId(cluster.subscriptionId, nodeResourceGroup(input, seen));
    const problem = 'AKS creates the node resource group itself, and it is there already';
    problems.push({ where, problem, whatToDo: 'Remove it, or give another name as nodeResourceGroup.' });
  }
  return [...problems, ...nodeGroupProblems(input, seen)];
}

/**
 * AKS makes the node resource group with the cluster, so that nobody can give the worker a role there before. Without one, the isolation of what is
 * in it is not proven: whoever wants a failed run taken back hears of it before the cluster costs anything.
 */
function nodeGroupProblems(input: ParsedCreateClusterInput, seen: Discovered): Problem[] {
  const { nodeResourceGroupForbidden: why } = seen;
  if (why === undefined || input.onFailure !== 'rollBack') return [];
  const { subscriptionId } = input.cluster;
  const scope = `/subscriptions/${subscriptionId}`;
  const group = resourceGroupId(subscriptionId, nodeResourceGroup(input, seen));
  const command = (role: string, at: string) =>
    `az role assignment create --role "${role}" --scope ${at} --assignee-principal-type ServicePrincipal --assignee-object-id ID`;
  const asked = seen.cluster
    ? `Give the worker's identity the role of deploy/roles/node-group-worker.json there (\`${command('AKS isolation worker in node resource groups', group)}\`), or Reader on the subscription.`
    : `Give the worker's identity the role Reader on the subscription (\`${command('Reader', scope)}\`), which AKS's groups inherit. Or set onFailure to hold: once the cluster is there, the run waits for somebody to give it a role on the group (\`${command('AKS isolation worker in node resource groups', group)}\`) and to answer retry. With leave it ends Unproven, leaves the cluster, and is started again then.`;
  return [
    {
      where: group,
      problem: `the worker may not read the node resource group, so that the isolation of the cluster cannot be proven (${why})`,
      whatToDo: asked,
    },
  ];
}

/** Reports how an existing cluster differs: `createCluster` does not change one. */
export function newClusterProblems(
  input: ParsedCreateClusterInput,
  { cluster: found }: Discovered,
  wanted: ClusterSpecification,
): Problem[] {
  if (!found) return [];
  const where = clusterId(input.cluster);
  if (isBusy(found)) {
    const problem = `an operation is in progress (${found.provisioningState})`;
    return [{ where, problem, whatToDo: 'Wait for it, or stop it with `az aks operation-abort`.' }];
  }
  if (found.provisioningState !== 'Succeeded' && !madeByEarlierRun(input, found)) {
    const problem = `the cluster is there and its state is ${found.provisioningState}`;
    return [{ where, problem, whatToDo: 'Repair or delete it: it was not created by this product.' }];
  }
  const whatToDo = 'Correct the input, or use another name: createCluster does not change a cluster that is there.';
  return clusterMismatches(wanted, found).map((problem) => ({ where, problem, whatToDo }));
}
