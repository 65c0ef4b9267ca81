import { ownFailure } from '../../contract/failures.ts';
import type { PrivateDns } from '../../contract/inputs/infrastructure.ts';
import type { WayOut } from '../../contract/inputs/isolation.ts';
import type { Profile } from '../../contract/profiles.ts';
import type { Check } from '../../contract/result.ts';
import { type AuditRequest, type ExistingCluster, poolSubnets } from '../../resources/discovery.ts';
import { type ClusterReference, clusterId, resourceReference } from '../../resources/ids.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import { azure } from '../engine/azure.ts';
import { accepted, unseen } from '../engine/check.ts';
import { nodeChecks } from '../nodes/checks.ts';
import { inTurn } from '../nodes/looks.ts';
import { probeOldestNodes } from '../nodes/probe.ts';
import { isolationChecks, provenByPulls } from './checks.ts';
import { egressCheck, isRouteByBgp, provenByEgress } from './wayChecks.ts';
import { openWays } from './waysOut.ts';

/** Patch: runs that version 0.1 began end with fewer looks. */
export const provesIsolation = 'prove-isolation';

/** How a look counts that nobody may take: as a gap in the proof, as one that is told, or as one that the input accepts by name. */
export type WhenForbidden = 'fail' | 'tell' | 'accept';

/** How isolation is to be proven. */
export interface ProofOptions {
  cluster: ClusterReference;
  profile: Profile;
  accept: readonly WayOut[];
  whenForbidden: WhenForbidden;
  /** Look at Azure only; what could be seen from inside the cluster is accepted as unproven. */
  onlyAzure?: boolean;
  /** The zone of the registry's names, where the input names it. */
  privateDnsZoneId?: string | undefined;
  /** Left out: a zone leads the registry's names to its endpoint. */
  privateDns?: PrivateDns | undefined;
  /** Whether looks go on for as long as operations may take. An audit comes again soon. */
  isPatient: boolean;
}

/**
 * Proves that a cluster is network isolated now. The end of createCluster, isolateCluster and changeRegistry, and the audit, mean
 * the same by it.
 * Guide: "Validate the network isolated cluster".
 *
 * @throws ApplicationFailure `ClusterNotFound`.
 */
export async function proveIsolation(options: ProofOptions): Promise<Check[]> {
  const { cluster, accept, whenForbidden, onlyAzure = false, isPatient } = options;
  const looking = isPatient ? azure.verifying : azure.looking;
  const now = await looking('Look at the cluster').lookAtCluster({ cluster, subscriptionIds: [] });
  const { cluster: found, imageSource } = now;
  if (!found) {
    const id = clusterId(cluster);
    throw ownFailure('ClusterNotFound', `The cluster does not exist, or the worker may not see it (${id})`, id);
  }
  const request = dependenciesRequest(now, found, options.privateDnsZoneId);
  // Awaited together: where one fails while nobody waits for it, the workflow task fails for ever.
  const [facts, seen] = await Promise.all([
    looking('Look at everything the cluster depends on').lookAtDependencies(request),
    onlyAzure ? undefined : lookInside(options, found, imageSource),
  ]);
  const ways = openWays(found, facts).map(({ way }) => way);
  const ofAzure = isolationChecks(found, facts, request.subnetIds, options);
  if (!seen) {
    // Egress itself is not looked at either.
    return [...ofAzure.map((each) => (isRouteByBgp(each) ? accepted(each) : each)), notLookedInside(found)].map(
      (each) => judgedIfForbidden(each, whenForbidden),
    );
  }
  const acceptedAndOpen = accept.filter((way) => ways.includes(way));
  const egress = egressCheck(found, seen.egress, acceptedAndOpen);
  // A cluster that is not set to boot from a registry fails the check of its artifact source.
  const nodes = nodeChecks(found, seen.kubernetes, seen.probes, imageSource ?? 'Direct', facts);
  const proven = ofAzure.map((each) => provenByEgress(provenByPulls(each, nodes), egress, seen.egress));
  return [...proven, egress, ...nodes].map((each) => judgedIfForbidden(each, whenForbidden));
}

/** The request for everything on which the isolation of a cluster depends, the subnets of its pods included. */
export const dependenciesRequest = (
  seen: Pick<ExistingCluster, 'cluster' | 'managedNetworkId' | 'networkUnread'>,
  cluster: ClusterFacts,
  privateDnsZoneId?: string,
): AuditRequest => ({
  cluster,
  subscriptionId: resourceReference(cluster.id).subscriptionId,
  subnetIds: poolSubnets(seen, ['vnetSubnetId', 'podSubnetId']),
  ...(seen.networkUnread !== undefined && { networkUnread: seen.networkUnread }),
  ...(privateDnsZoneId !== undefined && { privateDnsZoneId }),
});

/** Looks at egress, and at where each pool boots and pulls from, from inside the cluster. */
async function lookInside({ cluster, isPatient }: ProofOptions, found: ClusterFacts, imageSource: string | undefined) {
  const looking = isPatient ? azure.verifying : azure.looking;
  const [egress, kubernetes] = await inTurn([
    () => looking('Try to reach the internet from inside').probeEgress(cluster, isPatient),
    () => looking('Look at the nodes').lookInside(cluster, isPatient),
  ]);
  return { egress, kubernetes, probes: await probeOldestNodes({ cluster }, found, kubernetes, imageSource, isPatient) };
}

const notLookedInside = ({ id }: ClusterFacts): Check =>
  accepted(
    unseen(
      { id: 'inside', title: 'Nodes and egress, seen from inside the cluster', resourceId: id, expected: 'looked at' },
      'notAsked',
      'the input asks to run nothing in the cluster',
    ),
  );

/** `ifAllowed` accepts by name that nothing was seen from inside the cluster. */
export const whenForbidden = (probes: 'required' | 'ifAllowed'): WhenForbidden =>
  probes === 'required' ? 'fail' : 'accept';

/** Judges a check that nobody may look at; other checks stay. */
export function judgedIfForbidden(seen: Check, when: WhenForbidden): Check {
  if (seen.verdict !== 'unproven') return seen;
  switch (seen.because) {
    case 'runCommandForbidden':
    case 'podDenied':
      if (when === 'accept') return accepted(seen);
      return when === 'tell' ? { ...seen, ok: true } : seen;
    case 'readForbidden':
      return when === 'tell' ? { ...seen, ok: true } : seen;
    case 'failed':
    case 'incomplete':
    case 'notAsked':
      return seen;
  }
}
