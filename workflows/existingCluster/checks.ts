import type { Check } from '../../contract/result.ts';
import type { ReadBack } from '../../resources/discovery.ts';
import { agentPoolId, type ClusterReference, clusterId } from '../../resources/ids.ts';
import { type ClusterChange, type ClusterFacts, hasManagedRegistry } from '../../resources/managedClusters.ts';
import { check, unseen } from '../engine/check.ts';
import { managedRegistryChecks } from '../infrastructure/checks.ts';

/** Checks a cluster that was changed against what was promised. Guide: "Validate the network isolated cluster". */
export function existingClusterChecks(
  reference: ClusterReference,
  { artifactSource, containerRegistryId, outboundType }: ClusterChange,
  now: ReadBack,
  before: ClusterFacts | undefined,
): Check[] {
  const id = clusterId(reference);
  const { cluster } = now;
  return [
    check('cluster', 'Cluster', id, 'Succeeded', cluster?.provisioningState),
    ...(outboundType === undefined
      ? []
      : [check('outboundType', 'Outbound type', id, outboundType, cluster?.outboundType)]),
    ...(artifactSource === undefined
      ? []
      : [check('artifactSource', 'Images come from', id, artifactSource, cluster?.artifactSource)]),
    ...(containerRegistryId
      ? [check('registry', 'Registry that nodes boot from', id, containerRegistryId, cluster?.containerRegistryId)]
      : []),
    ...(containerRegistryId === null && cluster ? managedRegistryChecks(cluster.nodeResourceGroup, now, id) : []),
    ...(before && hasManagedRegistry(before) && containerRegistryId !== null && artifactSource !== undefined
      ? goneChecks(before, now)
      : []),
    ...(cluster?.agentPoolProfiles ?? []).map(({ name, provisioningState }) =>
      check(`pool ${name}`, `Node pool ${name}`, agentPoolId(id, name), 'Succeeded', provisioningState),
    ),
  ];
}

/**
 * Looks whether AKS has removed the registry that it managed, with its zone. Profile row P9. Where it has not, the report says so,
 * for the registry is billed on: nothing boots from it any more, and no undo would remove it.
 */
function goneChecks(
  { containerRegistryId = '' }: ClusterFacts,
  { nodeResourceTypes, unreadNodeResources: unread }: ReadBack,
): Check[] {
  const gone = (checkId: string, title: string, type: string): Check => {
    const isThere = nodeResourceTypes.includes(type);
    const looked = check(checkId, title, containerRegistryId, 'absent', isThere ? 'present' : 'absent');
    if (unread !== undefined) return { ...unseen(looked, 'readForbidden', unread), ok: true };
    return looked.verdict === 'missed' ? { ...looked, ok: true } : looked;
  };
  return [
    gone('managedRegistryGone', 'The registry that AKS managed', 'microsoft.containerregistry/registries'),
    gone('managedZoneGone', 'Its private DNS zone', 'microsoft.network/privatednszones'),
  ];
}
