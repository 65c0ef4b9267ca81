import type { Behaviour } from '../../arm/behaviour.ts';

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
    says: 'Deleting a cluster takes 240 s, deleting a pool 120 s, stopping or starting a cluster 120 s, an abort 30 s.',
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
    id: 'aks-nodes',
    says: "A pool's nodes are the instances of its scale set in the node resource group; `latestModelApplied` says which are still of the model before.",
    evidence: 'documented',
    source:
      'Azure REST API reference, "Virtual Machine Scale Set VMs"; names of scale sets and nodes as AKS makes them',
  },
  {
    id: 'aks-node-model',
    says: 'Nodes keep the bootstrap source and image that they were made with. An update of the cluster changes neither; upgradeNodeImageVersion, a new pool and surge nodes follow the cluster. Nodes added to a pool that is behind are behind, and fail with exit status 50 once egress is cut.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Network isolated clusters" (reimage all pools after every change); exit status from Azure/AgentBaker cse_helpers.sh',
  },
  {
    id: 'aks-reimage-nodes',
    says: 'Surge nodes come (90 s), then batches of nodes are cordoned, drained (30 s and the soak time) and reimaged (120 s), then the surge nodes go (30 s). maxSurge, maxUnavailable, drain timeout and undrainable node behaviour are respected.',
    evidence: 'modelled',
    source: 'Microsoft Learn, "Upgrade options for AKS clusters"; the durations are in no recording',
  },
  {
    id: 'aks-reimage-nothing',
    says: 'A pool that is as it would be made now is left alone: the operation Succeeds after 5 s, with the same nodes. A fault can answer 304.',
    evidence: 'recorded',
    source: 'Azure/azure-cli-extensions#5989; Azure/azure-cli#25809 (5 s is modelled)',
  },
  {
    id: 'aks-drain',
    says: 'A disruption budget that allows nothing blocks the drain until its timeout (30 min); the operation then ends Failed with UnsatisfiablePDB.',
    evidence: 'documented',
    source: 'Microsoft troubleshooting "UnsatisfiablePDB"; Azure REST API, undrainableNodeBehavior',
  },
  {
    id: 'aks-reimage-by-itself',
    says: 'Current edition, Kubernetes 1.37 and later: after an update that changes the bootstrap profile or the outbound type, AKS reimages every pool by itself.',
    evidence: 'documented',
    source: 'Azure/AKS#5913; Microsoft Learn, "Node disruption policy" (another page says that it does not)',
  },
  {
    id: 'aks-machines-pool',
    says: 'Pools of mode Machines refuse upgradeNodeImageVersion.',
    evidence: 'recorded',
    source: 'Azure/azure-cli PR #33693',
  },
  {
    id: 'aks-outbound-moves',
    says: 'Outbound types change as the documented matrix allows; userAssignedNATGateway and userDefinedRouting need an own network, managedNATGateway a managed one.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Customize cluster egress with outbound types" (the error codes are modelled)',
  },
  {
    id: 'aks-cache-without-registry',
    says: 'An update with artifactSource Cache and no registry ID means the registry that AKS manages: the one that is there, else a new one.',
    evidence: 'modelled',
    source: 'the PUT is a full replace; no recording changes an own registry to a managed one',
  },
  {
    id: 'aks-one-zone',
    says: 'AKS cannot link the zone of its own registry to a network that is linked to another of that name: CreateOrUpdateVirtualNetworkLinkFailed.',
    evidence: 'documented',
    source:
      'Microsoft troubleshooting "CreateOrUpdateVirtualNetworkLinkFailed"; Azure Private DNS, one zone of a name per network',
  },
  {
    id: 'aks-egress',
    says: 'Nodes reach the internet unless the outbound type is block, or none in a managed network, or none in a subnet with defaultOutboundAccess false; a node public IP opens it.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Default outbound access in Azure" and "Network isolated clusters"',
  },
  {
    id: 'aks-pull',
    says: "A node pulls mcr.microsoft.com through its bootstrap registry, whose names must resolve to its endpoint in the node's network, and goes to the source where that fails and egress is open; AcrPull and the cache rule are needed.",
    evidence: 'documented',
    source: 'Azure/AgentBaker cse_config.sh (hosts.toml); containerd docs/hosts.md',
  },
  {
    id: 'aks-run-command',
    says: 'runCommand answers 202 with the address of its commandResults; a pod on a node that can pull its image runs it. It makes nothing busy, its logs are cut at 512 kB, and disableRunCommand refuses it.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Access a private AKS cluster using command invoke"; Azure REST API (5 s and the error codes are modelled)',
  },
  {
    id: 'aks-kubectl',
    says: 'The command may use kubectl get, create, scale, delete, run, cordon and uncordon for nodes, pods, deployments and disruption budgets, curl, echo, true and false. Everything else is not found.',
    evidence: 'modelled',
    source: "kubectl's own documentation for what is there",
  },
  {
    id: 'aks-power',
    says: 'A stopped cluster refuses updates, pool operations and runCommand until it is started.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Stop and start an AKS cluster" (the status 400 is modelled)',
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
