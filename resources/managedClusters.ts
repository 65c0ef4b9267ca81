import type { AgentPoolProfile } from './agentPools.ts';
import type { IdentityFacts } from './identities.ts';
import { type ClusterReference, parseResourceId, sameResourceId } from './ids.ts';
import { isFinal } from './provisioningState.ts';
import type { RolePropagation } from './roles.ts';

/** The control plane identity as it is to be; a user-assigned one is there when the cluster is created. */
type ClusterIdentity = { type: 'SystemAssigned' } | { type: 'UserAssigned'; resourceId: string };

/** A network isolated cluster as it is to be. */
export interface ClusterSpecification {
  cluster: ClusterReference;
  location: string;
  tags: Record<string, string>;
  kubernetesVersion: string;
  dnsPrefix: string;
  nodeResourceGroup: string;
  identity: ClusterIdentity;
  agentPoolProfiles: AgentPoolProfile[];
  artifactSource: 'Cache';
  outboundType: 'none' | 'block';
  /** Left out: AKS's own, 10.0.0.0/16. */
  serviceCidr?: string;
  enablePrivateCluster: boolean;
  enableVnetIntegration: boolean;
  /** Your own registry. Left out: one that AKS manages. */
  containerRegistryId?: string;
  /** Your own network. Left out: one that AKS manages. */
  vnetSubnetId?: string;
  apiServerSubnetId?: string;
  /** Left out: AKS makes one. */
  kubeletIdentityId?: string;
}

/** What of a cluster matters to the scenarios, as Azure spells it. */
export interface ClusterFacts {
  id: string;
  location: string;
  tags: Record<string, string>;
  provisioningState: string;
  powerState: string;
  kubernetesVersion: string;
  currentKubernetesVersion: string;
  nodeResourceGroup: string;
  dnsPrefix: string;
  identity: { type: string; userAssignedIdentities: string[] };
  artifactSource: string;
  containerRegistryId?: string;
  outboundType: string;
  serviceCidr?: string;
  enablePrivateCluster: boolean;
  enableVnetIntegration: boolean;
  apiServerSubnetId?: string;
  kubeletIdentityId?: string;
  networkPlugin: string;
  nodeOSUpgradeChannel: string;
  /** Whether Azure refuses to run commands inside of the cluster. */
  disableRunCommand: boolean;
  /** How egress is set up, so that it can be put back as it was. */
  outboundProfile: OutboundProfile;
  agentPoolProfiles: AgentPoolFacts[];
}

/** Azure's own objects, without what only Azure can set. */
export interface OutboundProfile {
  loadBalancerProfile?: Record<string, unknown>;
  natGatewayProfile?: Record<string, unknown>;
}

export interface AgentPoolFacts {
  name: string;
  mode: string;
  count: number;
  vmSize: string;
  provisioningState: string;
  osSKU: string;
  enableAutoScaling: boolean;
  minCount?: number;
  maxCount?: number;
  vnetSubnetId?: string;
  osType: string;
  powerState: string;
  nodeImageVersion: string;
  enableNodePublicIP: boolean;
  /** Number or percentage of nodes that an upgrade adds. Azure's default: 10 %. */
  maxSurge?: string;
}

/** A change of what makes a cluster network isolated. What is left out stays as it is. */
export interface ClusterChange {
  artifactSource?: 'Cache' | 'Direct';
  /** With `Cache`. `null`: a registry that AKS manages. */
  containerRegistryId?: string | null;
  outboundType?: string;
  /** What to put back; otherwise Azure's defaults for the outbound type. */
  outboundProfile?: OutboundProfile;
}

/** What differs between a change that was asked for and what Azure shows, in Azure's property names. */
export function changeMismatches(asked: ClusterChange, seen: ClusterFacts): string[] {
  const { artifactSource, containerRegistryId, outboundType } = asked;
  const differences: string[] = [];
  const compare = (property: string, want: string, got: string | undefined, same: boolean) => {
    if (!same) differences.push(`${property}: asked ${want}, got ${got ?? 'none'}`);
  };
  if (artifactSource !== undefined) {
    const same = artifactSource.toLowerCase() === seen.artifactSource.toLowerCase();
    compare('bootstrapProfile.artifactSource', artifactSource, seen.artifactSource, same);
  }
  if (containerRegistryId !== undefined) {
    const got = seen.containerRegistryId;
    const same = containerRegistryId === null ? hasManagedRegistry(seen) : sameResourceId(containerRegistryId, got);
    compare('bootstrapProfile.containerRegistryId', containerRegistryId ?? 'an AKS-managed registry', got, same);
  }
  if (outboundType !== undefined) {
    const same = outboundType.toLowerCase() === seen.outboundType.toLowerCase();
    compare('networkProfile.outboundType', outboundType, seen.outboundType, same);
  }
  return differences;
}

/** AKS keeps the registry that it manages in the node resource group. */
export const hasManagedRegistry = ({ containerRegistryId: id, nodeResourceGroup }: ClusterFacts): boolean =>
  id !== undefined && sameResourceId(parseResourceId(id)?.resourceGroup, nodeResourceGroup);

/** Whether the nodes are in a network of one's own. */
export const hasOwnNetwork = ({ agentPoolProfiles }: ClusterFacts): boolean =>
  agentPoolProfiles.some(({ vnetSubnetId }) => vnetSubnetId !== undefined);

/** Whether the outbound type cuts egress. */
export const cutsEgress = (outboundType: string): boolean => /^(none|block)$/i.test(outboundType);

export interface KubernetesVersionFacts {
  /** Minor version, for example `1.34`. */
  version: string;
  isDefault: boolean;
  isPreview: boolean;
  patchVersions: string[];
}

/** Whether an operation runs on the cluster. Azure's list of states is open, so what is not known to be final is running. */
export const isBusy = ({ provisioningState }: ClusterFacts): boolean => !isFinal(provisioningState);

/** What differs between the cluster that was asked for and the one that Azure shows, in Azure's property names. */
export function clusterMismatches(asked: ClusterSpecification, seen: ClusterFacts): string[] {
  const differences: string[] = [];
  const compare = (property: string, want: unknown, got: unknown) => {
    if (String(want).toLowerCase() !== String(got).toLowerCase())
      differences.push(`${property}: asked ${want}, got ${got}`);
  };
  compare('location', asked.location, seen.location);
  compare('identity.type', asked.identity.type, seen.identity.type);
  if (asked.identity.type === 'UserAssigned') {
    compare(
      'identity.userAssignedIdentities',
      asked.identity.resourceId,
      seen.identity.userAssignedIdentities.join(', '),
    );
  }
  compare('dnsPrefix', asked.dnsPrefix, seen.dnsPrefix);
  compare('bootstrapProfile.artifactSource', asked.artifactSource, seen.artifactSource);
  compare('networkProfile.outboundType', asked.outboundType, seen.outboundType);
  if (asked.serviceCidr !== undefined) compare('networkProfile.serviceCidr', asked.serviceCidr, seen.serviceCidr);
  compare('apiServerAccessProfile.enablePrivateCluster', asked.enablePrivateCluster, seen.enablePrivateCluster);
  compare('apiServerAccessProfile.enableVnetIntegration', asked.enableVnetIntegration, seen.enableVnetIntegration);
  const compareId = (property: string, want: string | undefined, got: string | undefined) => {
    if (want !== undefined && !sameResourceId(want, got))
      differences.push(`${property}: asked ${want}, got ${got ?? 'none'}`);
  };
  compareId('bootstrapProfile.containerRegistryId', asked.containerRegistryId, seen.containerRegistryId);
  compareId('apiServerAccessProfile.subnetId', asked.apiServerSubnetId, seen.apiServerSubnetId);
  compareId('identityProfile.kubeletidentity.resourceId', asked.kubeletIdentityId, seen.kubeletIdentityId);
  compare('nodeResourceGroup', asked.nodeResourceGroup, seen.nodeResourceGroup);
  if (![seen.kubernetesVersion, seen.currentKubernetesVersion].includes(asked.kubernetesVersion)) {
    compare('kubernetesVersion', asked.kubernetesVersion, seen.kubernetesVersion);
  }
  for (const pool of asked.agentPoolProfiles) {
    const got = seen.agentPoolProfiles.find(({ name }) => name === pool.name);
    compare(`agentPoolProfiles.${pool.name}.vmSize`, pool.vmSize, got?.vmSize);
    compareId(`agentPoolProfiles.${pool.name}.vnetSubnetID`, asked.vnetSubnetId, got?.vnetSubnetId);
    compare(`agentPoolProfiles.${pool.name}.mode`, pool.mode, got?.mode);
    compare(`agentPoolProfiles.${pool.name}.enableAutoScaling`, pool.enableAutoScaling, got?.enableAutoScaling);
    if (pool.osSKU !== undefined) compare(`agentPoolProfiles.${pool.name}.osSKU`, pool.osSKU, got?.osSKU);
    if (pool.enableAutoScaling) {
      compare(`agentPoolProfiles.${pool.name}.minCount`, pool.minCount, got?.minCount);
      compare(`agentPoolProfiles.${pool.name}.maxCount`, pool.maxCount, got?.maxCount);
    } else {
      compare(`agentPoolProfiles.${pool.name}.count`, pool.count, got?.count);
    }
  }
  return differences;
}

/** What is known of one's own identities only when the cluster is created. */
export interface ClusterPrerequisites {
  /** Left out: AKS makes one. */
  kubeletIdentity?: IdentityFacts;
  /** Left out: the cluster needs no role. */
  rolePropagation?: RolePropagation;
}
