import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { Problem } from '../../contract/problem.ts';
import type { AuditFacts, ExistingClusterFacts } from '../../resources/discovery.ts';
import { clusterId, resourceReference, sameResourceId } from '../../resources/ids.ts';
import { isBusy } from '../../resources/managedClusters.ts';
import type { WantedInfrastructure } from '../infrastructure/wanted.ts';
import { preconditionProblems } from '../isolation/preconditions.ts';
import { openWays } from '../isolation/waysOut.ts';
import { unseenSubscription } from '../preflight/commonProblems.ts';
import type { ExistingClusterInput } from './facts.ts';

/** Reports everything about subscription, cluster and tenant that stops an update. */
export function existingClusterProblems(
  input: ExistingClusterInput,
  { subscription, cluster, tenants }: ExistingClusterFacts,
): Problem[] {
  if (!subscription) return [unseenSubscription(input)];
  const where = clusterId(input.cluster);
  if (!cluster) {
    const problem = "the cluster does not exist, or the worker's identity cannot see it";
    return [{ where, problem, whatToDo: 'Correct the reference; createCluster creates a cluster.' }];
  }
  const problems: Problem[] = [];
  const report = (problem: string, whatToDo: string, at = where) => problems.push({ where: at, problem, whatToDo });
  if (subscription.state !== 'Enabled') {
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
  const registryId = input.registry?.mode === 'bringYourOwn' ? input.registry.containerRegistryId : undefined;
  if (registryId !== undefined) {
    const { subscriptionId } = resourceReference(registryId);
    const tenant = tenants[subscriptionId];
    const own = tenants[input.cluster.subscriptionId];
    if (tenant !== undefined && own !== undefined && tenant !== own) {
      report(
        `the registry is in tenant ${tenant}, the cluster in ${own}, and the kubelet identity has no roles in another tenant`,
        'Use a registry in the tenant of the cluster.',
        'registry.containerRegistryId',
      );
    }
  }
  return problems;
}

/** Everything about the cluster and its surroundings that keeps it from being isolated, unless the input accepts it. */
export function isolationProblems(
  { accept }: { accept: readonly WayOut[] },
  { cluster, dependencies }: ExistingClusterFacts,
  { virtualNetwork }: WantedInfrastructure,
): Problem[] {
  if (!cluster) return [];
  const closed = (virtualNetwork?.subnets ?? []).filter(({ use }) => use === 'nodeSubnet');
  const ways = dependencies ? openWays(cluster, dependencies) : openWays(cluster, noDependencies);
  const stay = ways.filter(({ way, resourceId }) => {
    if (way === 'defaultOutboundAccess') return !closed.some(({ id }) => sameResourceId(id, resourceId));
    return !(cluster.outboundAddresses ?? []).some((id) => sameResourceId(id, resourceId));
  });
  return [
    ...preconditionProblems(cluster, dependencies ?? {}),
    ...unreadProblems(dependencies),
    ...stay
      .filter(({ way }) => !accept.includes(way))
      .map(({ way, resourceId, what }) => ({
        where: resourceId,
        problem: `${what}: a way out that stays open`,
        whatToDo: `Close it first, or add ${way} to accept if it is meant to stay.`,
      })),
    ...(dependencies ? accept : []).flatMap((way, index) =>
      ways.some((open) => open.way === way)
        ? []
        : [
            {
              where: `accept[${index}]`,
              problem: `the cluster has nothing like ${way}`,
              whatToDo: 'Remove it: an exception is accepted only where there is one.',
            },
          ],
    ),
  ];
}

const noDependencies: AuditFacts = { endpoints: [], kubeletRoles: [], subnets: [], publicAddresses: [] };

/** What may not be read could not be proven at the end either, once egress is cut. */
const unreadProblems = (dependencies: AuditFacts | undefined): Problem[] =>
  Object.entries(dependencies?.unread ?? {}).map(([part, why]) => ({
    where: part,
    problem: `the worker may not read it, so that isolation could not be proven: ${why}`,
    whatToDo: 'Give the worker a role with which it may read it, then start again.',
  }));
