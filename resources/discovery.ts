import type { AccessFacts, AllowanceFacts, AllowanceRequest } from './allowances.ts';
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
import type { ResourceGroupFacts, SubscriptionFacts } from './subscriptions.ts';
import type { SubnetFacts } from './virtualNetworks.ts';

export interface AuditRequest {
  cluster: ClusterFacts;
  subscriptionId: string;
  /** Subnets of the nodes. */
  subnetIds: string[];
}

/** What an isolated cluster depends on, as it is now. What is absent is left out. */
export interface AuditFacts {
  registry?: RegistryFacts;
  /** Those of the registry in the network of the nodes. */
  endpoints: PrivateEndpointFacts[];
  /** The zone that the network is linked to. */
  zone?: PrivateDnsZoneFacts;
  /** IDs of the role definitions that the kubelet identity has on the registry. */
  kubeletRoles: string[];
  subnets: SubnetFacts[];
  /** IDs of public IP addresses in the node resource group. */
  publicAddresses: string[];
}

export interface DeletionRequest {
  cluster: ClusterReference;
  /** The mark of every run on this cluster. */
  marks: Marks;
  privateDnsZoneId?: string;
}

/** What a deletion may touch. What is absent is left out. */
export interface DeletionFacts {
  subscription?: SubscriptionFacts;
  cluster?: ClusterFacts;
  resourceGroup?: ResourceGroupFacts;
  /** IDs of everything in the cluster's resource group. */
  content: string[];
  /** IDs of everything that carries these marks, records included, the cluster and what AKS made for it left out. */
  owned: string[];
  /** Those of them that somebody else uses: zones with other links or records, registries with other endpoints. */
  shared: string[];
  /** IDs of what the cluster uses, and of the zones with its links and records. */
  used: string[];
  /** The identities among them. */
  identities: IdentityFacts[];
  access: AccessFacts;
}

/** What a scenario may touch. */
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

/** What is there before the first write. What is absent is left out. */
export interface Discovered {
  subscription?: SubscriptionFacts & { locations: string[] };
  resourceGroup?: ResourceGroupFacts;
  nodeResourceGroup?: ResourceGroupFacts;
  cluster?: ClusterFacts;
  infrastructure: InfrastructureFacts;
  allowances: AllowanceFacts;
  /** Registration state by namespace. */
  providers: Record<string, string>;
  /** State by feature name. */
  features: Record<string, string>;
  kubernetesVersions: KubernetesVersionFacts[];
}

/** What Azure shows of a cluster and its registry after the last write. */
export interface ReadBack {
  cluster?: ClusterFacts;
  /** The registry that the cluster names. */
  registry?: RegistryFacts;
  infrastructure: InfrastructureFacts;
  /** Types of the resources in the node resource group, lower case. */
  nodeResourceTypes: string[];
}

export interface ReadBackRequest {
  cluster: ClusterReference;
  infrastructure: InfrastructureRequest;
}

export interface ExistingClusterRequest {
  cluster: ClusterReference;
  /** Subscriptions of what the cluster is to use. */
  subscriptionIds: string[];
  /** Whether to wait for what others do to the cluster. */
  busyPolicy?: BusyPolicy;
}

/** A cluster that is there, with what can be known only by way of it. What is absent is left out. */
export interface ExistingCluster {
  subscription?: SubscriptionFacts;
  cluster?: ClusterFacts;
  /** The network that AKS manages for it. */
  managedNetworkId?: string;
  /** The link of a zone for registries to the network of its nodes. */
  zoneLink?: ZoneLinkFacts;
  /** Host and path from which its nodes are to get Microsoft's images; left out: from Microsoft. */
  imageSource?: string;
  /** Private endpoints of the registry that it boots from, by resource ID. */
  registryEndpointIds: string[];
  /** Tenants of the subscriptions that were asked for, by ID; those that nobody can see are left out. */
  tenants: Record<string, string>;
}

export interface OldRegistryRequest {
  registryId: string;
  privateDnsZoneId?: string;
  marks: Marks;
}

/** A registry that a cluster leaves, and what carries these marks of what makes it reachable. */
export interface OldRegistryFacts {
  id: string;
  endpoints: { id: string }[];
  /** IDs of registry, endpoints and records. */
  owned: string[];
}

/** What is there before the first write. */
export interface ExistingClusterFacts extends ExistingCluster {
  /** Nodes and disruption budgets. */
  kubernetes: Look<KubernetesFacts>;
  /** What the oldest node of each pool found out, by pool; only where that decides whether it is reimaged. */
  probes: Record<string, Look<NodeProbeResult>>;
  /** The registry of one's own that the cluster has now; only where it is to go. */
  old?: OldRegistryFacts;
  discovered?: Pick<Discovered, 'infrastructure' | 'allowances' | 'providers' | 'features'>;
}
