import type { Check } from '../../contract/result.ts';
import type { ReadBack } from '../../resources/discovery.ts';
import { agentPoolId, clusterId } from '../../resources/ids.ts';
import type { ClusterSpecification } from '../../resources/managedClusters.ts';
import { check } from '../engine/check.ts';
import { managedRegistryChecks } from '../infrastructure/checks.ts';

/** Checks the new cluster against what was promised. Guide: "Validate the network isolated cluster". */
export function clusterChecks(wanted: ClusterSpecification, seen: ReadBack): Check[] {
  const { cluster } = seen;
  const id = clusterId(wanted.cluster);
  const { kubernetesVersion, enablePrivateCluster, enableVnetIntegration, kubeletIdentityId } = wanted;
  const versions = [cluster?.kubernetesVersion, cluster?.currentKubernetesVersion];
  const version = versions.find((each) => each === kubernetesVersion) ?? versions[0];
  return [
    check('cluster', 'Cluster', id, 'Succeeded', cluster?.provisioningState),
    ...(kubernetesVersion === ''
      ? []
      : [check('kubernetesVersion', 'Kubernetes version', id, kubernetesVersion, version)]),
    check('outboundType', 'Outbound type', id, wanted.outboundType, cluster?.outboundType),
    check('artifactSource', 'Images come from', id, wanted.artifactSource, cluster?.artifactSource),
    check('privateCluster', 'Private API server', id, enablePrivateCluster, cluster?.enablePrivateCluster),
    check('vnetIntegration', 'API server VNet integration', id, enableVnetIntegration, cluster?.enableVnetIntegration),
    ...(wanted.containerRegistryId === undefined
      ? managedRegistryChecks(wanted.nodeResourceGroup, seen, id)
      : [
          check(
            'registry',
            'Registry that nodes boot from',
            id,
            wanted.containerRegistryId,
            cluster?.containerRegistryId,
          ),
        ]),
    ...(kubeletIdentityId === undefined
      ? []
      : [check('kubeletIdentity', 'Kubelet identity', id, kubeletIdentityId, cluster?.kubeletIdentityId)]),
    ...wanted.agentPoolProfiles.flatMap(({ name }) => {
      const pool = cluster?.agentPoolProfiles.find((each) => each.name === name);
      const poolId = agentPoolId(id, name);
      return [
        check(`pool ${name}`, `Node pool ${name}`, poolId, 'Succeeded', pool?.provisioningState),
        ...(wanted.vnetSubnetId === undefined
          ? []
          : [check(`pool ${name} subnet`, `Subnet of ${name}`, poolId, wanted.vnetSubnetId, pool?.vnetSubnetId)]),
      ];
    }),
  ];
}
