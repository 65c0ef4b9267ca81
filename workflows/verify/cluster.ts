import type { ReadBack } from '../../activities/discovery.ts';
import { type Check, type ClusterSpecification, clusterId, parseResourceId } from '../../contract/index.ts';

/** The guide's "Validate the network isolated cluster", and everything else that was promised, against what Azure shows. */
export function clusterChecks(wanted: ClusterSpecification, seen: ReadBack): Check[] {
  const { cluster, registry, nodeResourceTypes } = seen;
  const resourceId = clusterId(wanted.cluster);
  const check = (id: string, title: string, expected: unknown, value: unknown, of = resourceId): Check => ({
    id,
    title,
    resourceId: of,
    expected: String(expected),
    seen: value === undefined || value === '' ? 'absent' : String(value),
    ok: String(expected).toLowerCase() === String(value).toLowerCase(),
  });
  const registryId = cluster?.containerRegistryId;
  const versions = [cluster?.kubernetesVersion, cluster?.currentKubernetesVersion];
  return [
    check('cluster', 'Cluster', 'Succeeded', cluster?.provisioningState),
    check(
      'kubernetesVersion',
      'Kubernetes version',
      wanted.kubernetesVersion,
      versions.find((version) => version === wanted.kubernetesVersion) ?? versions[0],
    ),
    check('outboundType', 'Outbound type', wanted.outboundType, cluster?.outboundType),
    check('artifactSource', 'Images come from', wanted.artifactSource, cluster?.artifactSource),
    check('privateCluster', 'Private API server', wanted.enablePrivateCluster, cluster?.enablePrivateCluster),
    check(
      'vnetIntegration',
      'API server VNet integration',
      wanted.enableVnetIntegration,
      cluster?.enableVnetIntegration,
    ),
    check(
      'registry',
      'Registry is AKS-managed, in resource group',
      wanted.nodeResourceGroup,
      registryId && parseResourceId(registryId)?.resourceGroup,
      registryId,
    ),
    check('registryAccess', 'Public access to the registry', 'Disabled', registry?.publicNetworkAccess, registryId),
    check(
      'registryEndpoint',
      'Private endpoint of the registry',
      'Approved',
      registry?.privateEndpoints.join(', '),
      registryId,
    ),
    check(
      'registryCacheRule',
      'Registry caches',
      'mcr.microsoft.com/*',
      registry?.cacheRules.map(({ sourceRepository }) => sourceRepository).join(', '),
      registryId,
    ),
    check(
      'registryZone',
      'Private DNS zone beside the registry',
      'present',
      nodeResourceTypes.includes('microsoft.network/privatednszones') ? 'present' : 'absent',
    ),
    ...wanted.agentPoolProfiles.map(({ name }) => {
      const pool = cluster?.agentPoolProfiles.find((each) => each.name === name);
      return check(
        `pool ${name}`,
        `Node pool ${name}`,
        'Succeeded',
        pool?.provisioningState,
        `${resourceId}/agentPools/${name}`,
      );
    }),
  ];
}
