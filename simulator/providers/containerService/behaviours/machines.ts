import type { Behaviour } from '../../../arm/provider.ts';

const cluster = 'Microsoft.ContainerService/managedClusters';
const pool = `${cluster}/agentPools`;

/** Nodes as they are found, and how they reach their API server. */
export const machines: readonly Behaviour[] = [
  {
    id: 'aks-virtual-machines-pool',
    resourceType: pool,
    says: 'A pool of type VirtualMachines has no count and an empty vmSize, but virtualMachinesProfile and virtualMachineNodesStatus; its nodes are virtual machines of the node group. It is reimaged like others.',
    evidence: 'recorded',
    source:
      'an az aks show of 2025-11 in a public repository; Microsoft Learn, "Virtual Machines node pools" (2026-08-07; names of machines are modelled)',
    test: 'containerService/foundNodes.test.ts: has no count and no size, but profiles, and machines of its own in the node resource group',
  },
  {
    id: 'aks-node-provisioning',
    resourceType: cluster,
    says: 'Node auto-provisioning makes virtual machines for pods that find no room (30 pods a node) and takes them away when they are empty. They are in no agent pool, carry karpenter.sh/nodepool and no label of a pool, are of the model of their making, and no reimage reaches them.',
    evidence: 'documented',
    source: 'Microsoft Learn, "Node auto-provisioning" (2026-02-15; numbers and names are modelled)',
    test: 'containerService/foundNodes.test.ts: makes nodes outside of all pools for pods that find no room, of the model of now, and takes them away',
  },
  {
    id: 'aks-count-differs',
    resourceType: pool,
    says: 'A scale set may have more nodes than AKS counts, because somebody scaled it or the autoscaler did. The next write of AKS brings it to the count.',
    evidence: 'documented',
    source: 'kubernetes/autoscaler#7943; Microsoft troubleshooting "AgentCountNotMatch" (Azure Monitor autoscale)',
    test: 'containerService/foundNodes.test.ts: may have more nodes than AKS counts: the next update takes them away',
  },
  {
    id: 'scale-set-restart',
    resourceType: 'Microsoft.Compute/virtualMachineScaleSets',
    says: 'A restart gives nodes a new boot ID and nothing else; a reimage a new disk of the model, and a new place in the cluster. AKS does not notice either.',
    evidence: 'documented',
    source:
      'Azure REST API reference, "Virtual Machine Scale Sets - Restart" and "Reimage" (60 s and 120 s are modelled)',
    test: 'containerService/foundNodes.test.ts: is restarted behind AKS’s back: nodes boot anew, and nothing else of them is new',
  },
  {
    id: 'aks-public-api-server',
    resourceType: cluster,
    says: 'Nodes reach a public API server by their ways out, else they are not ready; AKS takes the update that cuts them off. New nodes then fail with exit status 51.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Customize cluster egress with outbound types" and "Network isolated clusters"; Azure/AgentBaker cse_helpers.sh (that the update succeeds is modelled)',
    test: 'containerService/foundNodes.test.ts: is lost with the egress of the nodes: they are not ready, and nothing runs in the cluster',
  },
  {
    id: 'aks-authorized-nodes',
    resourceType: cluster,
    says: 'Authorized ranges must have the address with which nodes leave. AKS adds those of its load balancer itself.',
    evidence: 'documented',
    source: 'Microsoft Learn, "API server authorized IP ranges" (2026-08-03)',
    test: 'containerService/foundNodes.test.ts: with authorized ranges lets in only nodes that leave with an address of these',
  },
  {
    id: 'aks-node-ready',
    resourceType: cluster,
    says: 'A node that its API server no longer hears of stays ready for 40 s, and its pods with it; Azure shows nothing of it in its states. A node that nobody has looked at for so long before is not ready at once.',
    evidence: 'documented',
    source:
      'Kubernetes documentation, "Nodes" (node-monitor-grace-period; read 2026-11-26; newer releases say 50 s; the last sentence is modelled)',
    test: 'containerService/nodesInside.test.ts: that is silent stays ready for 40 s, and its pods count until then',
  },
  {
    id: 'aks-node-reboot',
    resourceType: cluster,
    says: 'A reboot gives a node a new boot ID; its machine ID, age, image and bootstrap source stay. A reimage changes all of them, but for what the model has kept.',
    evidence: 'documented',
    source: 'machine-id(5); Azure REST API reference, "Virtual Machine Scale Sets - Restart" and "Reimage"',
    test: 'containerService/nodesInside.test.ts: that reboots has another boot, and its machine ID, age, image and bootstrap source stay',
  },
];
