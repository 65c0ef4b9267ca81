import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import type { RegistryInput } from '../../contract/inputs/infrastructure.ts';
import type { Problem } from '../../contract/problem.ts';
import { type ClusterReference, resourceReference, sameResourceId } from '../../resources/ids.ts';
import type { RegistryFacts } from '../../resources/registries.ts';

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

/**
 * Whether the kubelet identity can have a role on a given registry: it has none in another tenant.
 *
 * @param tenants By subscription; those that the worker's identity cannot see are left out.
 * @param found The registry, if it is seen: another problem says that it is not.
 */
export function tenantProblems(
  { cluster, registry }: { cluster: ClusterReference; registry?: RegistryInput },
  tenants: Readonly<Record<string, string>>,
  found: RegistryFacts | undefined,
): Problem[] {
  const registryId = registry?.mode === 'bringYourOwn' ? registry.containerRegistryId : undefined;
  if (registryId === undefined) return [];
  const { subscriptionId } = resourceReference(registryId);
  const [tenant, own] = [tenants[subscriptionId], tenants[cluster.subscriptionId]];
  if (sameResourceId(subscriptionId, cluster.subscriptionId) || own === undefined || tenant === own) return [];
  const where = 'registry.containerRegistryId';
  if (tenant === undefined && !found) return [];
  return tenant === undefined
    ? [
        {
          where,
          problem: `the worker's identity cannot see subscription ${subscriptionId}, so that nobody knows whether its tenant is that of the cluster, ${own}`,
          whatToDo: "Give the worker's identity a role in it: nodes may pull from a registry of their own tenant only.",
        },
      ]
    : [
        {
          where,
          problem: `the registry is in tenant ${tenant}, the cluster in ${own}, and the kubelet identity has no roles in another tenant`,
          whatToDo: 'Use a registry in the tenant of the cluster.',
        },
      ];
}
