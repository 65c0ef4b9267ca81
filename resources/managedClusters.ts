import type { AgentPoolFacts, AgentPoolProfile } from './agentPools.ts';
import type { IdentityFacts } from './identities.ts';
import { type ClusterReference, parseResourceId, resourceGroupId, sameResourceId, subscriptionOf } from './ids.ts';
import { type Difference, difference, differenceText, mismatch } from './mismatch.ts';
import type { ClosedOutboundType } from './outboundTypes.ts';
import { isFinal } from './provisioningState.ts';
import type { RolePropagation } from './roles.ts';

/** Identity of the control plane. A user-assigned one exists before its cluster. */
type ClusterIdentity = { type: 'SystemAssigned' } | { type: 'UserAssigned'; resourceId: string };

/** A network isolated cluster as it is to be. */
export interface ClusterSpecification {
  cluster: ClusterReference;
  location: string;
  tags: Record<string, string>;
  /** Empty: AKS chooses. */
  kubernetesVersion: string;
  dnsPrefix: string;
  nodeResourceGroup: string;
  identity: ClusterIdentity;
  agentPoolProfiles: AgentPoolProfile[];
  artifactSource: 'Cache';
  outboundType: ClosedOutboundType;
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

/** A cluster as Azure shows it, as far as scenarios need it. Source: Azure REST API, "Managed Clusters". */
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
  /** Whether the cluster refuses run-command. */
  disableRunCommand: boolean;
  /** `Auto`: AKS makes nodes that are in no agent pool. Left out by version 0.1, whose runs may be open, as are the next three. */
  nodeProvisioningMode?: string;
  /** Whether its support plan is `AKSLongTermSupport`. */
  hasLongTermSupport?: boolean;
  /** `standard` or `basic`. */
  loadBalancerSku?: string;
  /** Whether nodes reach the internet through an HTTP proxy. */
  usesHttpProxy?: boolean;
  /** `ReadOnly`: nobody but AKS may change the node resource group. */
  nodeGroupRestriction?: string;
  /** Settings of egress, so that undo can put them back. */
  outboundProfile: OutboundProfile;
  /** IDs of the public IP addresses of the outbound type, which go with it. Left out by version 0.1. */
  outboundAddresses?: string[];
  agentPoolProfiles: AgentPoolFacts[];
}

/** Azure's own objects, without the properties that only Azure can set. */
export interface OutboundProfile {
  loadBalancerProfile?: Record<string, unknown>;
  natGatewayProfile?: Record<string, unknown>;
}

/** A change of the properties that isolate a cluster. Properties that are left out stay as they are. */
export interface ClusterChange {
  artifactSource?: 'Cache' | 'Direct';
  /** With `Cache`. `null`: a registry that AKS manages. */
  containerRegistryId?: string | null;
  outboundType?: string;
  /** Settings of egress to put back. Left out: Azure's defaults for the outbound type. */
  outboundProfile?: OutboundProfile;
  /** Tags to set beside the others; `null`: to take away. */
  tags?: Record<string, string | null>;
}

/** The part of a change that says where nodes boot from. */
export const bootstrapOf = ({ artifactSource, containerRegistryId }: ClusterChange): ClusterChange => ({
  ...(artifactSource !== undefined && { artifactSource }),
  ...(containerRegistryId !== undefined && { containerRegistryId }),
});

/** The part of a change that is about egress. */
export const outboundOf = ({ outboundType, outboundProfile }: ClusterChange): ClusterChange => ({
  ...(outboundType !== undefined && { outboundType }),
  ...(outboundProfile && { outboundProfile }),
});

/** Differences between a change and the cluster that Azure shows. */
export const changeDifferences = (
  { artifactSource, containerRegistryId, outboundType }: ClusterChange,
  seen: ClusterFacts,
): Difference[] => [
  ...difference('bootstrapProfile.artifactSource', artifactSource, seen.artifactSource),
  ...(containerRegistryId === null && hasManagedRegistry(seen)
    ? []
    : difference(
        'bootstrapProfile.containerRegistryId',
        containerRegistryId === null ? 'an AKS-managed registry' : containerRegistryId,
        seen.containerRegistryId,
      )),
  ...difference('networkProfile.outboundType', outboundType, seen.outboundType),
];

/** The same in words. */
export const changeMismatches = (change: ClusterChange, seen: ClusterFacts): string[] =>
  changeDifferences(change, seen).map(differenceText);

/** ID of the resource group in which AKS keeps the cluster's nodes. */
export const nodeGroupId = ({ id, nodeResourceGroup }: Pick<ClusterFacts, 'id' | 'nodeResourceGroup'>): string =>
  resourceGroupId(subscriptionOf(id), nodeResourceGroup);

/** Whether AKS manages the cluster's registry. AKS keeps such a registry in the node resource group. */
export const hasManagedRegistry = ({ containerRegistryId: id, nodeResourceGroup }: ClusterFacts): boolean =>
  id !== undefined && sameResourceId(parseResourceId(id)?.resourceGroup, nodeResourceGroup);

/** Whether the nodes are in the user's own network. */
export const hasOwnNetwork = ({ agentPoolProfiles }: ClusterFacts): boolean =>
  agentPoolProfiles.some(({ vnetSubnetId }) => vnetSubnetId !== undefined);

/** Whether an operation runs on the cluster. */
export const isBusy = ({ provisioningState }: ClusterFacts): boolean => !isFinal(provisioningState);

/** Mismatches between the cluster that was asked for and the one that Azure shows. */
export function clusterMismatches(asked: ClusterSpecification, seen: ClusterFacts): string[] {
  const { identity, kubernetesVersion } = asked;
  const hasVersion =
    kubernetesVersion === '' || [seen.kubernetesVersion, seen.currentKubernetesVersion].includes(kubernetesVersion);
  const access = 'apiServerAccessProfile';
  return [
    ...mismatch('location', asked.location, seen.location),
    ...mismatch('identity.type', identity.type, seen.identity.type),
    ...(identity.type === 'UserAssigned'
      ? mismatch(
          'identity.userAssignedIdentities',
          identity.resourceId,
          seen.identity.userAssignedIdentities.join(', '),
        )
      : []),
    ...mismatch('dnsPrefix', asked.dnsPrefix, seen.dnsPrefix),
    ...mismatch('bootstrapProfile.artifactSource', asked.artifactSource, seen.artifactSource),
    ...mismatch('networkProfile.outboundType', asked.outboundType, seen.outboundType),
    ...mismatch('networkProfile.serviceCidr', asked.serviceCidr, seen.serviceCidr),
    ...mismatch(`${access}.enablePrivateCluster`, asked.enablePrivateCluster, seen.enablePrivateCluster),
    ...mismatch(`${access}.enableVnetIntegration`, asked.enableVnetIntegration, seen.enableVnetIntegration),
    ...mismatch('bootstrapProfile.containerRegistryId', asked.containerRegistryId, seen.containerRegistryId),
    ...mismatch(`${access}.subnetId`, asked.apiServerSubnetId, seen.apiServerSubnetId),
    ...mismatch('identityProfile.kubeletidentity.resourceId', asked.kubeletIdentityId, seen.kubeletIdentityId),
    ...mismatch('nodeResourceGroup', asked.nodeResourceGroup, seen.nodeResourceGroup),
    ...(hasVersion ? [] : mismatch('kubernetesVersion', kubernetesVersion, seen.kubernetesVersion)),
    ...asked.agentPoolProfiles.flatMap((pool) => poolMismatches(pool, asked, seen)),
  ];
}

function poolMismatches(
  pool: AgentPoolProfile,
  { vnetSubnetId }: ClusterSpecification,
  { agentPoolProfiles }: ClusterFacts,
): string[] {
  const seen = agentPoolProfiles.find(({ name }) => name === pool.name);
  const at = (property: string) => `agentPoolProfiles.${pool.name}.${property}`;
  return [
    ...mismatch(at('vmSize'), pool.vmSize, seen?.vmSize),
    ...mismatch(at('vnetSubnetID'), vnetSubnetId, seen?.vnetSubnetId),
    ...mismatch(at('mode'), pool.mode, seen?.mode),
    ...mismatch(at('enableAutoScaling'), pool.enableAutoScaling, seen?.enableAutoScaling),
    ...mismatch(at('osSKU'), pool.osSKU, seen?.osSKU),
    ...(pool.enableAutoScaling
      ? [
          ...mismatch(at('minCount'), pool.minCount, seen?.minCount),
          ...mismatch(at('maxCount'), pool.maxCount, seen?.maxCount),
        ]
      : mismatch(at('count'), pool.count, seen?.count)),
  ];
}

/** Facts of the user's own identities, which may be as new as the cluster. */
export interface ClusterPrerequisites {
  /** Left out: AKS makes an identity. */
  kubeletIdentity?: IdentityFacts;
  /** Left out: the cluster needs no role. */
  rolePropagation?: RolePropagation;
  /** Whether discovery has not seen the cluster. Default: false. */
  isNew?: boolean;
}
