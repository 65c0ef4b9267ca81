import type { PrivateDns, RegistryInput } from '../../contract/inputs/infrastructure.ts';
import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { Problem } from '../../contract/problem.ts';
import type { AuditFacts } from '../../resources/discovery.ts';
import { sameResourceId } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { KubernetesFacts, Look } from '../../resources/nodes.ts';
import { privateDnsOf, type WantedInfrastructure } from '../infrastructure/wanted.ts';
import { nodeProblems } from '../nodes/problems.ts';
import { preconditionProblems } from './preconditions.ts';
import { goesWithNextUpdate, openWays } from './waysOut.ts';

/**
 * Everything about the cluster, and around it, that keeps it from being isolated, unless the input accepts it.
 *
 * @param cluster As it is, or as it is to be: `isNew`.
 */
export function isolationProblems(
  { accept, registry }: { accept: readonly WayOut[]; registry?: RegistryInput },
  {
    cluster,
    dependencies,
    kubernetes,
  }: { cluster?: ClusterFacts; dependencies?: AuditFacts | undefined; kubernetes?: Look<KubernetesFacts> },
  { virtualNetwork }: WantedInfrastructure,
  { isNew = false }: { isNew?: boolean } = {},
): Problem[] {
  if (!cluster) return [];
  const closed = (virtualNetwork?.subnets ?? []).filter(({ use }) => use === 'nodeSubnet');
  const ways = dependencies ? openWays(cluster, dependencies) : openWays(cluster, noDependencies);
  const stay = ways.filter(({ way, resourceId, isPossible }) => {
    if (isPossible) return false;
    if (way === 'defaultOutboundAccess') return !closed.some(({ id }) => sameResourceId(id, resourceId));
    if (dependencies && goesWithNextUpdate(cluster, dependencies, resourceId)) return false;
    return !(cluster.outboundAddresses ?? []).some((id) => sameResourceId(id, resourceId));
  });
  return [
    ...preconditionProblems(cluster, dependencies ?? {}, { isNew }),
    ...nodeProblems(cluster, kubernetes),
    ...unreadProblems(dependencies, registry && privateDnsOf(registry)),
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

/** The facts of a cluster that has nothing yet on which its isolation depends. */
export const noDependencies: AuditFacts = { endpoints: [], kubeletRoles: [], subnets: [], publicAddresses: [] };

/** A part that may not be read now could not be proven at the end either, once egress is cut. */
const unreadProblems = (dependencies: AuditFacts | undefined, privateDns: PrivateDns | undefined): Problem[] =>
  Object.entries(dependencies?.unread ?? {})
    // A zone that is managed elsewhere is not looked at in the end either. A version that is too old to be updated AKS itself refuses.
    .filter(([part]) => part !== 'versions' && (part !== 'zone' || privateDns !== 'managedElsewhere'))
    .map(([part, why]) => ({
      where: part,
      problem: `the worker may not read it, so that isolation could not be proven: ${why}`,
      whatToDo: 'Give the worker a role with which it may read it, then start again.',
    }));
