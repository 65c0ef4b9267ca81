import type { Behaviour } from '../arm/behaviour.ts';

const run = 'azure-cli test_aks_network_isolated_cluster.yaml';

/** What Azure Kubernetes Service does. */
export const aksBehaviours: readonly Behaviour[] = [
  {
    id: 'aks-durations',
    says: 'Creating takes 569 s with the managed registry, 411 s with one of your own, 378 s without; an update 217 s.',
    evidence: 'recorded',
    source: run,
  },
  {
    id: 'aks-add-pool-duration',
    says: 'Adding a node pool takes 165 s.',
    evidence: 'recorded',
    source: 'azure-powershell TestNodePoolMode.json',
  },
  {
    id: 'aks-modelled-durations',
    says: 'Reimaging a pool takes 300 s, deleting a cluster 240 s, deleting a pool 120 s, an abort 30 s.',
    evidence: 'modelled',
    source: 'no recording shows their end',
  },
  {
    id: 'aks-put-answer',
    says: 'The 201 and 200 of a cluster PUT lack client IDs, effective addresses and the AKS-made kubelet identity; the GET afterwards has them.',
    evidence: 'recorded',
    source: run,
  },
  {
    id: 'aks-no-etag',
    says: 'Cluster and pool bodies carry no ETag.',
    evidence: 'recorded',
    source: `${run}; azure-powershell TestNodePoolMode.json (api-version 2025-08-01)`,
  },
  {
    id: 'aks-network-profile',
    says: 'Under outboundType none the loadBalancerProfile stays, without managedOutboundIPs.',
    evidence: 'recorded',
    source: run,
  },
  {
    id: 'aks-managed-registry-name',
    says: 'The managed registry has 32 hex digits as its name, and its ID is in the 201 already.',
    evidence: 'recorded',
    source: run,
  },
  {
    id: 'aks-node-group-content',
    says: 'The node group is there from the start; network, registry with endpoint and zone, scale sets and identity once the cluster is made.',
    evidence: 'modelled',
    source: 'Microsoft Learn, "Network isolated clusters"; names of endpoint, link and zone group are in no recording',
  },
  {
    id: 'aks-managed-registry-goes',
    says: 'An update to Direct removes the managed registry, its endpoint and its zone; deleting the cluster removes the node group.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Network isolated clusters" concepts',
  },
  {
    id: 'aks-busy',
    says: "While the cluster is busy every other write gets 409 OperationNotAllowed; a busy pool refuses its own and the cluster's, not other pools'.",
    evidence: 'recorded',
    source: 'hashicorp/terraform-provider-azurerm#28878; Microsoft troubleshooting "OperationNotAllowed"',
  },
  {
    id: 'aks-delete-preempts',
    says: 'DELETE is taken while creating; the creation ends Canceled with AKSOperationPreemptedByDelete.',
    evidence: 'documented',
    source:
      'Microsoft troubleshooting "AKSOperationPreempted or AKSOperationPreemptedByDelete" (the status Canceled is modelled)',
  },
  {
    id: 'aks-pool-through-cluster',
    says: 'A cluster PUT that brings a new pool is refused.',
    evidence: 'recorded',
    source: 'microsoft/tyger#121',
  },
  {
    id: 'aks-outbound-needs-cache',
    says: 'outboundType none or block without artifactSource Cache gets InvalidNetworkIsolatedClusterConfiguration.',
    evidence: 'recorded',
    source: 'hashicorp/terraform-provider-azurerm PR #29808',
  },
  {
    id: 'aks-combined-update',
    says: 'Current edition: Cache and none together in one update of a Direct cluster are refused. 2024-preview: accepted.',
    evidence: 'recorded',
    source: `hashicorp/terraform-provider-azurerm#32598; ${run} for the preview`,
  },
  {
    id: 'aks-registry-without-cache',
    says: 'A registry ID without artifactSource Cache is silently ignored.',
    evidence: 'recorded',
    source: 'Azure/azure-cli#31209',
  },
  {
    id: 'aks-isolation-limits',
    says: 'Cache refuses Kubernetes below 1.30, kubenet, Windows pools, service principals, and the node OS channels Unmanaged and SecurityPatch.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Network isolated clusters"; Azure/AKS#5821 (most error texts are modelled)',
  },
  {
    id: 'aks-block',
    says: 'outboundType block needs the flag NetworkIsolatedClusterPreview and a managed virtual network.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Customize cluster egress with outbound types"',
  },
  {
    id: 'aks-preview-flags',
    says: '2024-preview: isolation and VNet integration need their flags, and the provider registered again after them.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Network isolated clusters" (November 2024); the error code is modelled',
  },
  {
    id: 'aks-vnet-integration',
    says: "VNet integration cannot be switched off; its own subnet must be /28 or larger, of the nodes' network, and delegated.",
    evidence: 'documented',
    source: 'Microsoft Learn, "API Server VNet Integration"',
  },
  {
    id: 'aks-immutable',
    says: 'A change of what is fixed at creation gets 400 PropertyChangeNotAllowed.',
    evidence: 'modelled',
    source: "the code is AKS's; the list of properties follows its REST reference",
  },
  {
    id: 'aks-reimage',
    says: 'upgradeNodeImageVersion answers 202 with the pool even on the latest image; only the pool shows the state.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_upgrade_node_image_only_cluster.yaml',
  },
  {
    id: 'aks-versions',
    says: 'The offered Kubernetes versions and node images are invented; an unknown one gets K8sVersionNotSupported.',
    evidence: 'modelled',
    source: 'Azure/terraform#494 for 1.30.3 no longer being offered',
  },
  {
    id: 'aks-throttling',
    says: 'AKS has token buckets of its own and answers 429 Throttled with Retry-After.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Quotas, SKUs and regions in AKS"',
  },
];
