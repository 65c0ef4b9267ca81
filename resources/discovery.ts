import type { AccessFacts, AllowanceFacts, AllowanceRequest } from './allowances.ts';
import type { DefaultNames } from './derivedNames.ts';
import type { IdentityFacts } from './identities.ts';
import type { ClusterReference } from './ids.ts';
import type { InfrastructureFacts, InfrastructureRequest } from './infrastructure.ts';
import type { KubernetesVersionFacts } from './kubernetesVersions.ts';
import type { ClusterFacts } from './managedClusters.ts';
import type { Marks } from './marks.ts';
import type { KubernetesFacts, Look, NodeProbeResult } from './nodes.ts';
import type { BusyPolicy } from './operations.ts';
import type { PrivateDnsZoneFacts, ZoneLinkFacts } from './privateDns.ts';
import type { PrivateEndpointFacts } from './privateEndpoints.ts';
import type { RegistryFacts } from './registries.ts';
import type { HeldRoles } from './roles.ts';
import type { ResourceGroupFacts, SubscriptionFacts } from './subscriptions.ts';
import type { Unread } from './unread.ts';
import type { Users } from './users.ts';
import type { NatGatewayFacts, RouteFacts, SubnetFacts } from './virtualNetworks.ts';

/** A cluster to be audited. */
export interface AuditRequest {
  cluster: ClusterFacts;
  subscriptionId: string;
  /** Subnets of the nodes. */
  subnetIds: string[];
  /** The zone of the registry's names, if it is in a subscription of its own. */
  privateDnsZoneId?: string;
  /** Why nobody can tell which network AKS manages for the cluster. Left out where it is known, or there is none. */
  networkUnread?: string;
}

/** The parts of {@link AuditFacts} that are read by themselves. */
export type AuditPart =
  | 'registry'
  | 'kubelet'
  | 'network'
  | 'endpoints'
  | 'zone'
  | 'routes'
  | 'natGateways'
  | 'nodeResourceGroup'
  | 'machines'
  | 'extensions'
  | 'versions';

/** Everything around a cluster on which its isolation depends. Absent resources are left out. */
export interface AuditFacts {
  registry?: RegistryFacts;
  /** Private endpoints of the registry in the network of the nodes, and in those that it is peered with. */
  endpoints: PrivateEndpointFacts[];
  /** The zone that the network is linked to. */
  zone?: PrivateDnsZoneFacts;
  /** IDs of the role definitions that the kubelet identity has on the registry. */
  kubeletRoles: string[];
  /** Conditions of roles that it has on the registry with a condition alone. Left out by version 0.1. */
  kubeletConditions?: HeldRoles['conditions'];
  /** The network of the nodes. Left out by version 0.1. */
  network?: { id: string; provisioningState: string; natGatewayId?: string };
  subnets: SubnetFacts[];
  /** IDs of public IP addresses in the node resource group. */
  publicAddresses: string[];
  /** Those by which the outbound rules of its load balancers let machines out. Left out by version 0.1. */
  outboundAddresses?: string[];
  /** Routes of the subnets' tables that lead out. Left out by version 0.1, as are the next. */
  routesOut?: RouteFacts[];
  /** Parts of the network that may bring the subnets routes by BGP, which Azure Resource Manager does not show. */
  routeSources?: string[];
  /** The NAT gateways of the network and its subnets. */
  natGateways?: NatGatewayFacts[];
  /** The DNS servers of the network; none: Azure's. */
  dnsServers?: string[];
  /** Whether the network encrypts the traffic between its machines. */
  isNetworkEncrypted?: boolean;
  /** Extensions of the cluster. */
  extensions?: { id: string; type: string }[];
  /** Minor versions that the region has for long-term support alone. */
  longTermVersions?: string[];
  /** Number of machines of each pool's scale set. Left out by version 0.1. */
  machines?: Record<string, number>;
  /** Why the worker may not read a part. Left out by version 0.1. */
  unread?: Partial<Record<AuditPart, string>>;
  /** Subscriptions in which no zone that is linked to the network could be looked for. Left out where one was found. */
  unsearched?: Unread[];
}

/** A cluster to be deleted. */
export interface DeletionRequest {
  cluster: ClusterReference;
  /** Marks of every run on this cluster. */
  marks: Marks;
  /** A zone in another subscription, where tags do not find it. */
  privateDnsZoneId?: string;
}

/** Everything that a deletion may touch. Absent resources are left out. */
export interface DeletionFacts {
  subscription?: SubscriptionFacts;
  cluster?: ClusterFacts;
  resourceGroup?: ResourceGroupFacts;
  /** IDs of everything in the cluster's resource group. */
  content: string[];
  /** IDs of all resources and records that carry the marks, except the cluster and the resources that AKS made for it. */
  owned: string[];
  /** IDs of the owned ones that others use too. Only from version 0.1, which asked neither clusters nor roles. */
  shared: string[];
  /** IDs of what was made for other clusters and carries the second mark of this one. Left out by version 0.1. */
  marked?: string[];
  /** Names of the subnets that may go with an owned network, by resource ID. Left out by version 0.1. */
  subnets?: Record<string, string[]>;
  /** The users of the owned ones beside this cluster, by resource ID. Left out by version 0.1. */
  users?: Record<string, Users>;
  /** IDs of the resources that the cluster uses, and of the zones with its links and records. */
  used: string[];
  /** The identities that are owned or used. */
  identities: IdentityFacts[];
  access: AccessFacts;
  /** Parts that could not be read. Left out by earlier versions. */
  unread?: Unread[];
  /** Why what is in the resource group, or what was made for the cluster, could not all be read. Left out by earlier versions. */
  unseen?: { content?: string; made?: string };
}

/** Everything that a scenario may touch. */
export interface DiscoveryRequest {
  cluster: ClusterReference;
  location: string;
  nodeResourceGroup: string;
  providers: string[];
  /** Preview features of Microsoft.ContainerService. */
  features: string[];
  infrastructure: InfrastructureRequest;
  allowances: AllowanceRequest;
}

/** In place of a state that the worker may not read. */
export const notRead = 'NotRead';

/** Azure before the first write. Absent resources are left out. */
export interface Discovered {
  /** `locations`: left out where the worker may not read them. */
  subscription?: SubscriptionFacts & { locations?: string[] };
  resourceGroup?: ResourceGroupFacts;
  nodeResourceGroup?: ResourceGroupFacts;
  /** Why the worker may not read the node resource group, there or not. Left out where it may, and by earlier versions. */
  nodeResourceGroupForbidden?: string;
  cluster?: ClusterFacts;
  infrastructure: InfrastructureFacts;
  allowances: AllowanceFacts;
  /** Registration state by namespace; {@link notRead} where the worker may not read it. */
  providers: Record<string, string>;
  /** State by feature name; {@link notRead} where the worker may not read it. */
  features: Record<string, string>;
  kubernetesVersions: KubernetesVersionFacts[];
  /** Left out by version 0.1. */
  names?: DefaultNames;
  /** Tenant of the registry's subscription, by its ID, if that is another one than the cluster's. Left out by version 0.1. */
  tenants?: Record<string, string>;
  /** Parts that the worker may not read, and can do without. Left out where all was read, and by earlier versions. */
  unread?: Unread[];
  /** Everything that isolation depends on. Read only where createCluster finds a network or the cluster, and not by version 0.1. */
  dependencies?: AuditFacts;
}

/** Azure after the last write. Absent resources are left out. */
export interface ReadBack {
  cluster?: ClusterFacts;
  /** The registry that the cluster names. */
  registry?: RegistryFacts;
  infrastructure: InfrastructureFacts;
  /** Types of the resources in the node resource group, lower case. */
  nodeResourceTypes: string[];
  /** Why the node resource group, or the registry in it, may not be read. Left out where it was, and by earlier versions. */
  unreadNodeResources?: string;
}

export interface ReadBackRequest {
  cluster: ClusterReference;
  infrastructure: InfrastructureRequest;
}

/** An existing cluster to be looked at. */
export interface ExistingClusterRequest {
  cluster: ClusterReference;
  /** Subscriptions of the resources that the cluster is to use. */
  subscriptionIds: string[];
  /** How to deal with operations that run on the cluster. Left out: the look does not wait for them. */
  busyPolicy?: BusyPolicy;
  /** Whether a zone of the owner's may stand in AKS's way: then it is searched in all subscriptions. */
  searchesZones?: boolean;
  /** The scenario's input: the first activity tells the worker's policy everything that it names. */
  input?: object;
}

/** An existing cluster, with resources that only the cluster leads to. Absent ones are left out. */
export interface ExistingCluster {
  subscription?: SubscriptionFacts;
  cluster?: ClusterFacts;
  /** The network that AKS manages for the cluster. */
  managedNetworkId?: string;
  /** Why nobody can tell which one AKS manages for the cluster. Left out where it was seen, or there is none. */
  networkUnread?: string;
  /** The link of a zone for registries to the network of the nodes. */
  zoneLink?: ZoneLinkFacts;
  /** Host and path from which the nodes are to get Microsoft's images. Left out: from Microsoft. */
  imageSource?: string;
  /** Outbound addresses that the cluster's tags keep and that cannot be given back, with the reason. Left out where all can be. */
  lostAddresses?: Record<string, string>;
  /** IDs of the private endpoints of the registry from which nodes boot. */
  registryEndpointIds: string[];
  /** Tenants by subscription ID. Subscriptions that the worker's identity cannot see are left out. */
  tenants: Record<string, string>;
  /** Parts that could not be read. Left out where all was read, and by earlier versions. */
  unread?: Unread[];
}

/**
 * Resource IDs of the subnets of the pools, the first pool's first: those of nodes, or of nodes and pods. They are in one's
 * own network, or in the one that AKS manages.
 */
export function poolSubnets(
  { cluster, managedNetworkId }: Pick<ExistingCluster, 'cluster' | 'managedNetworkId'>,
  of: readonly ('vnetSubnetId' | 'podSubnetId')[],
): string[] {
  const own = (cluster?.agentPoolProfiles ?? []).flatMap((pool) => of.flatMap((subnet) => pool[subnet] ?? []));
  // AKS names it so. Source: Learn, "Configure Azure CNI networking".
  const managed = managedNetworkId === undefined ? [] : [`${managedNetworkId}/subnets/aks-subnet`];
  return [...new Set(own.length > 0 ? own : managed)];
}

/** A registry that a cluster is to leave. */
export interface OldRegistryRequest {
  registryId: string;
  privateDnsZoneId?: string;
  marks: Marks;
}

/** A registry that a cluster is to leave, with its endpoints and records. */
export interface OldRegistryFacts {
  id: string;
  endpoints: { id: string }[];
  /** IDs of the registry, endpoints and records that carry the marks. */
  owned: string[];
  /** IDs of the clusters that boot their nodes from it, in the subscriptions that may be looked at. Left out by version 0.1. */
  clusters?: string[];
  /** The users of the registry beside this cluster. Left out by earlier versions. */
  users?: Users;
  /** Parts that could not be read. Left out by earlier versions. */
  unread?: Unread[];
}

/** An existing cluster and its infrastructure before the first write. */
export interface ExistingClusterFacts extends ExistingCluster {
  /** Left out by version 0.1. */
  names?: DefaultNames;
  /** Nodes and disruption budgets. */
  kubernetes: Look<KubernetesFacts>;
  /** Results of the probe on the oldest node, by pool. Read only where they decide whether the pool is reimaged. */
  probes: Record<string, Look<NodeProbeResult>>;
  /** The infrastructure that the cluster has now. Read only where isolation or a way out of the owner's is wanted, and not by version 0.1. */
  dependencies?: AuditFacts;
  /** The cluster's own registry so far. Read only where that registry is to go. */
  old?: OldRegistryFacts;
  /** Resources that were made for other clusters and get the mark of their second user. */
  borrowed?: { id: string; marks: Marks }[];
  /** IDs of what was made for other clusters and carries the second mark of this one. Read only where the cluster may leave it. */
  marked?: string[];
  discovered?: Pick<Discovered, 'infrastructure' | 'allowances' | 'providers' | 'features' | 'unread'>;
}
