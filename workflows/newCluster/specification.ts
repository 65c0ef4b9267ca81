import type { ParsedCreateClusterInput } from '../../contract/inputs/createCluster.ts';
import { profileSetting } from '../../contract/profiles.ts';
import { formerNodeResourceGroupName } from '../../resources/derivedNames.ts';
import type { Discovered } from '../../resources/discovery.ts';
import { clusterId, sameResourceId } from '../../resources/ids.ts';
import type { ClusterFacts, ClusterSpecification } from '../../resources/managedClusters.ts';
import { runMarks } from '../engine/marks.ts';
import { type WantedInfrastructure, wantedSubnet } from '../infrastructure/wanted.ts';

/** The group as given, or with its default name; a cluster that version 0.1 made has the former one. */
export function nodeResourceGroup(
  { nodeResourceGroup: given, cluster, location }: ParsedCreateClusterInput,
  { cluster: found, names }: Pick<Discovered, 'cluster' | 'names'> = {},
): string {
  const former = formerNodeResourceGroupName(cluster, location);
  if (given !== undefined || !names || sameResourceId(found?.nodeResourceGroup, former)) return given ?? former;
  return names.nodeResourceGroup;
}

/** The cluster as it is to be. An existing one keeps what the input leaves open. */
export function clusterSpecification(
  input: ParsedCreateClusterInput,
  wanted: WantedInfrastructure,
  seen: Discovered,
  kubernetesVersion: string,
  runId: string,
): ClusterSpecification {
  const { cluster, apiServerAccess } = input;
  const { cluster: found } = seen;
  const enableVnetIntegration = apiServerAccess === 'vnetIntegration';
  const { controlPlane, kubelet } = wanted.identities;
  const nodes = wantedSubnet(wanted, 'nodeSubnet');
  const apiServer = wantedSubnet(wanted, 'apiServerSubnet');
  return {
    cluster,
    location: input.location,
    tags: { ...input.tags, ...runMarks(input, runId) },
    kubernetesVersion,
    dnsPrefix: input.dnsPrefix ?? found?.dnsPrefix ?? defaultDnsPrefix(input),
    nodeResourceGroup: nodeResourceGroup(input, seen),
    identity: controlPlane ? { type: 'UserAssigned', resourceId: controlPlane.id } : { type: 'SystemAssigned' },
    agentPoolProfiles: input.agentPoolProfiles,
    artifactSource: 'Cache',
    outboundType: input.outboundType,
    ...(input.serviceCidr !== undefined && { serviceCidr: input.serviceCidr }),
    enablePrivateCluster: !enableVnetIntegration || profileSetting(input.profile, 'privateClusterWithVnetIntegration'),
    enableVnetIntegration,
    ...(wanted.registry && { containerRegistryId: wanted.registry.id }),
    ...(nodes && { vnetSubnetId: nodes.id }),
    ...(apiServer && { apiServerSubnetId: apiServer.id }),
    ...(kubelet && { kubeletIdentityId: kubelet.id }),
  };
}

/** The Azure CLI's default: the first 10 characters of the cluster, 16 of the group and 6 of the subscription. */
function defaultDnsPrefix({ cluster }: ParsedCreateClusterInput): string {
  const name = cluster.name.replace(/[^A-Za-z0-9-]/g, '').slice(0, 10);
  const group = cluster.resourceGroup.replace(/[^A-Za-z0-9-]/g, '').slice(0, 16);
  return `${name}-${group}-${cluster.subscriptionId.slice(0, 6)}`;
}

/** The cluster as Azure will show it, so that the same is asked of it beforehand as of one that is there. */
export function clusterToBe({
  cluster,
  agentPoolProfiles,
  vnetSubnetId,
  ...specification
}: ClusterSpecification): ClusterFacts {
  const { identity, kubernetesVersion } = specification;
  return {
    ...specification,
    id: clusterId(cluster),
    provisioningState: 'Succeeded',
    powerState: 'Running',
    currentKubernetesVersion: kubernetesVersion,
    identity: {
      type: identity.type,
      userAssignedIdentities: identity.type === 'UserAssigned' ? [identity.resourceId] : [],
    },
    networkPlugin: 'azure',
    nodeOSUpgradeChannel: 'NodeImage',
    disableRunCommand: false,
    outboundProfile: {},
    agentPoolProfiles: agentPoolProfiles.map((pool) => ({
      ...pool,
      provisioningState: 'Succeeded',
      powerState: 'Running',
      osSKU: pool.osSKU ?? 'Ubuntu',
      osType: 'Linux',
      nodeImageVersion: 'Unknown',
      enableNodePublicIP: false,
      ...(vnetSubnetId !== undefined && { vnetSubnetId }),
    })),
  };
}
