import type { Behaviour } from '../../../arm/provider.ts';

/** How pools are reimaged, and what nodes keep until then. */
export const reimages: readonly Behaviour[] = [
  {
    id: 'aks-reimage',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'upgradeNodeImageVersion answers 202 with the pool even on the latest image; only the pool shows the state.',
    evidence: 'recorded',
    source: 'azure-cli test_aks_upgrade_node_image_only_cluster.yaml',
    test: 'containerService/nodes.test.ts: leaves a pool alone that is as it would be made now',
  },
  {
    id: 'aks-nodes',
    resourceType: 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines',
    says: "A pool's nodes are the instances of its scale set in the node resource group; `latestModelApplied` says which are still of the model before.",
    evidence: 'documented',
    source:
      'Azure REST API reference, "Virtual Machine Scale Set VMs"; names of scale sets and nodes as AKS makes them',
    test: 'containerService/nodes.test.ts: reimages node after node once there is a newer image, and shows it in the scale set',
  },
  {
    id: 'aks-node-model',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'Nodes keep the bootstrap source and image that they were made with. An update of the cluster changes neither; upgradeNodeImageVersion, a new pool and surge nodes follow the cluster. Nodes added to a pool that is behind are behind, and fail with exit status 50 once egress is cut.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Network isolated clusters" (reimage all pools after every change); exit status from Azure/AgentBaker cse_helpers.sh',
    test: 'containerService/nodes.test.ts: cannot grow once egress is cut, and its nodes pull nothing',
  },
  {
    id: 'aks-reimage-nodes',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'Surge nodes come (90 s), then batches of nodes are cordoned, drained (30 s and the soak time) and reimaged (120 s), then the surge nodes are drained and go (30 s). maxSurge, maxUnavailable, drain timeout and undrainable node behaviour are respected.',
    evidence: 'modelled',
    source: 'Microsoft Learn, "Upgrade options for AKS clusters"; the durations are in no recording',
    test: 'containerService/nodes.test.ts: reimages node after node once there is a newer image, and shows it in the scale set',
  },
  {
    id: 'aks-reimage-nothing',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'A pool that is as it would be made now is left alone: the operation Succeeds after 5 s, with the same nodes. A fault can answer 304.',
    evidence: 'recorded',
    source: 'Azure/azure-cli-extensions#5989; Azure/azure-cli#25809 (5 s is modelled)',
    test: 'containerService/nodes.test.ts: can answer 304, and end early',
  },
  {
    id: 'aks-drain',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'A disruption budget that allows nothing blocks the drain until its timeout (30 min); the operation then ends Failed with UnsatisfiablePDB.',
    evidence: 'documented',
    source: 'Microsoft troubleshooting "UnsatisfiablePDB"; Azure REST API, undrainableNodeBehavior',
    test: 'containerService/nodes.test.ts: is blocked by a disruption budget until the drain times out',
  },
  {
    id: 'aks-reimage-by-itself',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'Current edition, Kubernetes 1.37 and later: after an update that changes the bootstrap profile or the outbound type, AKS reimages every pool by itself.',
    evidence: 'documented',
    source: 'Azure/AKS#5913; Microsoft Learn, "Node disruption policy" (another page says that it does not)',
    test: 'containerService/nodes.test.ts: reimage the pools by themselves from Kubernetes 1.37',
  },
  {
    id: 'aks-pool-changed',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'A PUT of a pool that changes its LocalDNS profile (also to Preferred, which installs nothing), artifact streaming, Trusted Launch or Kubernetes version makes every node anew, as a reimage does, with the newest image. A node disruption policy keeps all but the version back.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Node disruption policy" (2026-03-11), "Configure LocalDNS" (2026-07-06) and "Upgrade an AKS cluster"; the newest image is modelled',
    test: 'containerService/poolChanges.test.ts: makes every node anew where a setting changes that nodes are made with, and where it is put back',
  },
  {
    id: 'aks-local-dns',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'LocalDNS Preferred and Required need Linux, Kubernetes 1.31 and four vCPUs, else InvalidParameter.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Configure LocalDNS" (2026-07-06); the code is modelled',
    test: 'containerService/poolChanges.test.ts: LocalDNS is refused where nodes have less than four vCPUs',
  },
  {
    id: 'aks-pool-patch',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'A pool whose orchestratorVersion stays as it is stays on its patch, also where the cluster has a newer one.',
    evidence: 'documented',
    source: 'Azure REST API, "Agent Pools - Create Or Update", `orchestratorVersion` (2026-06-01)',
    test: 'containerService/poolChanges.test.ts: another patch makes every node anew, the same name none',
  },
  {
    id: 'aks-machines-pool',
    resourceType: 'Microsoft.ContainerService/managedClusters/agentPools',
    says: 'Pools of mode Machines refuse upgradeNodeImageVersion.',
    evidence: 'recorded',
    source: 'Azure/azure-cli PR #33693',
    test: 'containerService/nodes.test.ts: is refused for pools of mode Machines',
  },
];
