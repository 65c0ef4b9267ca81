import {
  type ContainerServiceNetworkProfile,
  KnownBackendPoolType,
  type ManagedCluster,
  type ManagedClusterAgentPoolProfile,
  type ManagedClusterHttpProxyConfig,
} from '@azure/arm-containerservice';
import { addressIn } from '../resources/addressRanges.ts';
import { type AgentPoolFacts, formerSurgeIn, otherMode } from '../resources/agentPools.ts';
import type { IdentityFacts } from '../resources/identities.ts';
import { agentPoolId, clusterId } from '../resources/ids.ts';
import type {
  ClusterChange,
  ClusterFacts,
  ClusterSpecification,
  OutboundProfile,
} from '../resources/managedClusters.ts';
import { copyOfTag, formerLocalDnsTag, formerMaxSurgeTag } from '../resources/marks.ts';
import { boundTo, marksOn, withoutCopiedMarks } from './arm/marks.ts';

/** The facts of a cluster in Azure's answer. */
export function clusterFacts(cluster: ManagedCluster): ClusterFacts {
  const { bootstrapProfile, networkProfile, apiServerAccessProfile, identity } = cluster;
  const containerRegistryId = bootstrapProfile?.containerRegistryId;
  const apiServerSubnetId = apiServerAccessProfile?.subnetId;
  const kubeletIdentityId = cluster.identityProfile?.kubeletidentity?.resourceId;
  return {
    id: cluster.id ?? '',
    location: cluster.location,
    tags: withoutCopiedMarks(cluster.id ?? '', cluster.tags),
    provisioningState: cluster.provisioningState ?? 'Unknown',
    powerState: cluster.powerState?.code ?? 'Unknown',
    kubernetesVersion: cluster.kubernetesVersion ?? '',
    currentKubernetesVersion: cluster.currentKubernetesVersion ?? '',
    nodeResourceGroup: cluster.nodeResourceGroup ?? '',
    dnsPrefix: cluster.dnsPrefix ?? '',
    identity: {
      type: identity?.type ?? 'None',
      userAssignedIdentities: Object.keys(identity?.userAssignedIdentities ?? {}),
    },
    artifactSource: bootstrapProfile?.artifactSource ?? 'Direct',
    ...(containerRegistryId === undefined ? {} : { containerRegistryId }),
    outboundType: networkProfile?.outboundType ?? 'loadBalancer',
    ...(networkProfile?.serviceCidr === undefined ? {} : { serviceCidr: networkProfile.serviceCidr }),
    enablePrivateCluster: apiServerAccessProfile?.enablePrivateCluster ?? false,
    enableVnetIntegration: apiServerAccessProfile?.enableVnetIntegration ?? false,
    ...(apiServerSubnetId === undefined ? {} : { apiServerSubnetId }),
    ...(kubeletIdentityId === undefined ? {} : { kubeletIdentityId }),
    networkPlugin: networkProfile?.networkPlugin ?? 'Unknown',
    nodeOSUpgradeChannel: cluster.autoUpgradeProfile?.nodeOSUpgradeChannel ?? 'Unknown',
    disableRunCommand: apiServerAccessProfile?.disableRunCommand ?? false,
    nodeProvisioningMode: cluster.nodeProvisioningProfile?.mode ?? 'Manual',
    hasLongTermSupport: cluster.supportPlan === 'AKSLongTermSupport',
    loadBalancerSku: networkProfile?.loadBalancerSku ?? 'standard',
    usesHttpProxy: usesProxy(cluster.httpProxyConfig),
    nodeGroupRestriction: cluster.nodeResourceGroupProfile?.restrictionLevel ?? 'Unrestricted',
    outboundAddresses: [
      ...(networkProfile?.loadBalancerProfile?.effectiveOutboundIPs ?? []),
      ...(networkProfile?.natGatewayProfile?.effectiveOutboundIPs ?? []),
      // A load balancer shows a prefix as such.
      ...(networkProfile?.loadBalancerProfile?.outboundIPPrefixes?.publicIPPrefixes ?? []),
    ].flatMap(({ id }) => id ?? []),
    outboundProfile: outboundProfile(networkProfile),
    agentPoolProfiles: (cluster.agentPoolProfiles ?? []).map((pool) => ({
      name: pool.name,
      mode: pool.mode ?? 'User',
      ...machinesOf(pool),
      vmSize: pool.vmSize ?? '',
      provisioningState: pool.provisioningState ?? 'Unknown',
      osSKU: pool.osSKU ?? 'Ubuntu',
      enableAutoScaling: pool.enableAutoScaling ?? false,
      ...(pool.minCount === undefined ? {} : { minCount: pool.minCount }),
      ...(pool.maxCount === undefined ? {} : { maxCount: pool.maxCount }),
      ...(pool.vnetSubnetID === undefined ? {} : { vnetSubnetId: pool.vnetSubnetID }),
      osType: pool.osType ?? 'Linux',
      powerState: pool.powerState?.code ?? 'Unknown',
      nodeImageVersion: pool.nodeImageVersion ?? 'Unknown',
      enableNodePublicIP: pool.enableNodePublicIP ?? false,
      type: pool.type ?? 'VirtualMachineScaleSets',
      ...marksOf(cluster.id ?? '', pool),
      ...(pool.podSubnetID === undefined ? {} : { podSubnetId: pool.podSubnetID }),
      ...(pool.upgradeSettings?.maxSurge === undefined ? {} : { maxSurge: pool.upgradeSettings.maxSurge }),
      ...nodeSettings(pool),
    })),
  };
}

/** A proxy that is disabled keeps its settings. Source: Azure REST API, "Managed Clusters", ManagedClusterHttpProxyConfig.enabled. */
const usesProxy = ({ httpProxy, httpsProxy, enabled = true }: ManagedClusterHttpProxyConfig = {}): boolean =>
  enabled && (httpProxy !== undefined || httpsProxy !== undefined);

/** AKS says neither count nor size of a pool of virtual machines, but how many it has of each size. */
function machinesOf({
  count,
  virtualMachineNodesStatus = [],
}: ManagedClusterAgentPoolProfile): Pick<AgentPoolFacts, 'count' | 'virtualMachines'> {
  const machines = virtualMachineNodesStatus.map((ofSize) => ({ size: ofSize.size ?? '', count: ofSize.count ?? 0 }));
  return {
    count: count ?? machines.reduce((sum, ofSize) => sum + ofSize.count, 0),
    ...(machines.length > 0 && { virtualMachines: machines }),
  };
}

function marksOf(
  cluster: string,
  { name, tags = {} }: ManagedClusterAgentPoolProfile,
): Pick<AgentPoolFacts, 'marks' | 'copyOf'> {
  const marks = marksOn(agentPoolId(cluster, name), tags);
  const copyOf = tags[copyOfTag];
  return { ...(Object.keys(marks).length > 0 && { marks }), ...(copyOf !== undefined && { copyOf }) };
}

/** Settings of its nodes, and those for whose change AKS makes them anew. A mode that is no more as a run has left it is its owner's. */
function nodeSettings({
  currentOrchestratorVersion,
  localDNSProfile,
  upgradeSettings,
  scaleDownMode,
  tags,
}: ManagedClusterAgentPoolProfile): Pick<
  AgentPoolFacts,
  'currentOrchestratorVersion' | 'keepsMachines' | 'localDNSMode' | 'formerLocalDNSMode' | 'formerMaxSurge'
> {
  const mode = localDNSProfile?.mode;
  const tag = tags?.[formerLocalDnsTag];
  const former = tag === 'none' ? null : tag;
  const formerMaxSurge = formerSurgeIn(tags?.[formerMaxSurgeTag], upgradeSettings?.maxSurge);
  return {
    ...(currentOrchestratorVersion !== undefined && { currentOrchestratorVersion }),
    ...(scaleDownMode === 'Deallocate' && { keepsMachines: true }),
    ...(mode !== undefined && { localDNSMode: mode }),
    ...(former !== undefined && mode === otherMode(former) && { formerLocalDNSMode: former }),
    ...(formerMaxSurge && { formerMaxSurge }),
  };
}

/** Settings of egress, without the properties that only Azure can set. */
function outboundProfile({
  loadBalancerProfile,
  natGatewayProfile,
}: ContainerServiceNetworkProfile = {}): OutboundProfile {
  const { effectiveOutboundIPs: _ofBalancer, ...balancer } = loadBalancerProfile ?? {};
  const { effectiveOutboundIPs: _ofGateway, ...gateway } = natGatewayProfile ?? {};
  return {
    ...(loadBalancerProfile && { loadBalancerProfile: { ...balancer, ...backendPoolType(balancer.backendPoolType) } }),
    ...(natGatewayProfile && { natGatewayProfile: gateway }),
  };
}

/** Azure answers with another spelling than it documents. This is the documented one, which Azure takes. */
function backendPoolType(seen: string | undefined): { backendPoolType?: string } {
  const known = Object.values(KnownBackendPoolType).find((each) => each.toLowerCase() === seen?.toLowerCase());
  return known === undefined ? {} : { backendPoolType: known };
}

/**
 * The whole cluster with a change, for AKS sets properties that are not sent to their defaults.
 * Source: Azure REST API, "Managed Clusters - Create Or Update".
 */
export function changedBody(cluster: ManagedCluster, change: ClusterChange): ManagedCluster {
  const { artifactSource, containerRegistryId, outboundType, outboundProfile: before, tags } = change;
  const { loadBalancerProfile: _balancer, natGatewayProfile: _gateway, ...network } = cluster.networkProfile ?? {};
  return {
    ...cluster,
    ...(tags && { tags: changedTags(cluster.tags, tags) }),
    networkProfile: { ...network, ...outboundProfile(cluster.networkProfile) },
    ...(artifactSource !== undefined && {
      bootstrapProfile: { artifactSource, ...(containerRegistryId && { containerRegistryId }) },
    }),
    ...(outboundType !== undefined && {
      networkProfile: { ...network, outboundType, ...before, ...balancerProfile(outboundType, cluster, before) },
    }),
  };
}

/** A load balancer keeps the type of its backend pool, which Azure shows under every outbound type. */
function balancerProfile(outboundType: string, { networkProfile }: ManagedCluster, before: OutboundProfile = {}) {
  if (outboundType.toLowerCase() !== 'loadbalancer') return {};
  const kept = backendPoolType(networkProfile?.loadBalancerProfile?.backendPoolType);
  return { loadBalancerProfile: { ...kept, ...before.loadBalancerProfile } };
}

function changedTags(
  before: Record<string, string> = {},
  change: Record<string, string | null>,
): Record<string, string> {
  const all = Object.entries({ ...before, ...change });
  return Object.fromEntries(all.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

/** The request body for a network isolated cluster. */
export function clusterBody(
  specification: ClusterSpecification,
  kubeletIdentity: IdentityFacts | undefined,
): ManagedCluster {
  const { identity, enablePrivateCluster, enableVnetIntegration } = specification;
  const { artifactSource, containerRegistryId, vnetSubnetId, apiServerSubnetId, serviceCidr } = specification;
  return {
    location: specification.location,
    tags: boundTo(clusterId(specification.cluster), specification.tags),
    identity:
      identity.type === 'SystemAssigned'
        ? { type: 'SystemAssigned' }
        : { type: 'UserAssigned', userAssignedIdentities: { [identity.resourceId]: {} } },
    ...(specification.kubernetesVersion !== '' && { kubernetesVersion: specification.kubernetesVersion }),
    dnsPrefix: specification.dnsPrefix,
    nodeResourceGroup: specification.nodeResourceGroup,
    agentPoolProfiles: specification.agentPoolProfiles.map((pool) => ({
      ...pool,
      type: 'VirtualMachineScaleSets',
      osType: 'Linux',
      ...(vnetSubnetId === undefined ? {} : { vnetSubnetID: vnetSubnetId }),
    })),
    bootstrapProfile: { artifactSource, ...(containerRegistryId === undefined ? {} : { containerRegistryId }) },
    ...(kubeletIdentity && {
      identityProfile: {
        kubeletidentity: {
          resourceId: kubeletIdentity.id,
          clientId: kubeletIdentity.clientId,
          objectId: kubeletIdentity.principalId,
        },
      },
    }),
    networkProfile: {
      networkPlugin: 'azure',
      outboundType: specification.outboundType,
      // AKS wants both or none. The tenth address is AKS's own default.
      ...(serviceCidr === undefined ? {} : { serviceCidr, dnsServiceIP: addressIn(serviceCidr, 10) }),
    },
    apiServerAccessProfile: {
      ...(enablePrivateCluster ? { enablePrivateCluster } : {}),
      ...(enableVnetIntegration ? { enableVnetIntegration } : {}),
      ...(apiServerSubnetId === undefined ? {} : { subnetId: apiServerSubnetId }),
    },
    // Network isolation allows only NodeImage and None. NodeImage is AKS's own default.
    autoUpgradeProfile: { nodeOSUpgradeChannel: 'NodeImage' },
  };
}
