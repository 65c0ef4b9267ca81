import type { Behaviour } from '../../../arm/provider.ts';

const run = 'azure-cli test_aks_network_isolated_cluster.yaml';

/** Resources that AKS makes in the node resource group, and who may touch them. */
export const nodeGroup: readonly Behaviour[] = [
  {
    id: 'aks-managed-registry-name',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'The managed registry has 32 hex digits as its name, and its ID is in the 201 already.',
    evidence: 'recorded',
    source: run,
    test: 'containerService/clusters.test.ts: the PUT answer lacks what only a finished cluster shows',
  },
  {
    id: 'aks-node-group-content',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'The node group is there from the start; network, registry with endpoint and zone, scale sets and identity once the cluster is made.',
    evidence: 'modelled',
    source: 'Microsoft Learn, "Network isolated clusters"; names of endpoint, link and zone group are in no recording',
    test: 'containerService/clusters.test.ts: has its registry, endpoint, interface, zone, network and scale set in the node group',
  },
  {
    id: 'aks-managed-registry-goes',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'An update to Direct removes the managed registry, its endpoint and its zone; deleting the cluster removes the node group.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Network isolated clusters" concepts',
    test: 'containerService/clusters.test.ts: an update to Direct takes the managed registry, its endpoint and its zone away',
  },
  {
    id: 'aks-locked-node-group',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'A lock on the node group, or on anything in it, of either level, refuses every write to the cluster and its pools with 409 ResourceGroupLocked; a deletion is accepted and ends Failed with ScopeLocked.',
    evidence: 'recorded',
    source: "Azure/AKS#3291 (2022); the code from Portworx's documentation of AKS upgrades (the statuses are modelled)",
    test: 'containerService/nodeGroup.test.ts: refuses every write of AKS: %s on %s',
  },
  {
    id: 'aks-node-group-lockdown',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'nodeResourceGroupProfile.restrictionLevel ReadOnly is a deny assignment on the node group for everybody but AKS.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Node resource group lockdown" (2026-06-30; the denied actions are modelled)',
    test: 'containerService/nodeGroup.test.ts: is closed to everybody but AKS, and to joining its network, until it is unrestricted',
  },
  {
    id: 'aks-services',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'A service of type LoadBalancer gets a public address with its name in a tag, and a frontend of the load balancer kubernetes; nodes behind it have no default outbound access.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Customize cluster egress with a user-defined routing table", "Outbound connections" of Azure Load Balancer; kubernetes-sigs/cloud-provider-azure for names and tags',
    test: 'oracle/waysOut.test.ts: a service of type LoadBalancer has a public address and a load balancer, which let nobody out',
  },
  {
    id: 'aks-one-zone',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'AKS cannot link the zone of its own registry to a network that is linked to another of that name: CreateOrUpdateVirtualNetworkLinkFailed.',
    evidence: 'documented',
    source:
      'Microsoft troubleshooting "CreateOrUpdateVirtualNetworkLinkFailed"; Azure Private DNS, one zone of a name per network',
    test: 'containerService/prerequisites.test.ts: the zone of the managed registry cannot be beside another of its name',
  },
];
