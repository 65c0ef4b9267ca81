import type { Behaviour } from '../../../arm/provider.ts';

/** Commands inside of clusters. */
export const commands: readonly Behaviour[] = [
  {
    id: 'aks-run-command',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'runCommand answers 202 with the address of its commandResults; a pod runs it. It makes nothing busy, its logs are cut at 512 kB, and disableRunCommand refuses it.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Access a private AKS cluster using command invoke"; Azure REST API (5 s and the error codes are modelled)',
    test: 'containerService/runCommand.test.ts: answers 202 with the address of its result',
  },
  {
    id: 'aks-kubectl',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'The command may use kubectl get, create, scale, delete, run, wait, debug, logs, label, cordon and uncordon for nodes, pods, deployments, disruption budgets and namespaces, curl, echo, sleep, true and false. Everything else is not found.',
    evidence: 'modelled',
    source: "kubectl's own documentation for what is there",
    test: 'containerService/runCommand.test.ts: runs `%s`',
  },
  {
    id: 'aks-command-pod',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'Where the pod of a command does not start within 30 s, the request itself gets 404 KubernetesPerformanceError: no Linux node without taints is ready, schedulable and heard of, and can pull its image. Before 2023 the code was KubernetesOperationError, which a fault can answer.',
    evidence: 'documented',
    source:
      'Microsoft troubleshooting, "Resolve az aks command invoke failures" (2025-05-13); Azure/azure-cli#25336 (taints), #27776, #24192, #23203 (texts and codes)',
    test: 'containerService/nodesInside.test.ts: where all nodes have taints',
  },
  {
    id: 'aks-command-denied',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'Where a policy does not admit the pod of a command, the request gets KubernetesOperationError with the text of the webhook. Other pods that a policy denies are refused to kubectl.',
    evidence: 'documented',
    source:
      'Azure/aks-baseline-automation PR #37; Microsoft troubleshooting, "Resolve az aks command invoke failures" (2025-05-13; the status 400 is modelled)',
    test: 'containerService/nodesInside.test.ts: at once, and as another one, where a policy does not admit its pod',
  },
  {
    id: 'aks-pod-security',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'A namespace with the label pod-security.kubernetes.io/enforce admits no pod that its level forbids; --dry-run=server says so, too.',
    evidence: 'documented',
    source:
      'Kubernetes documentation, "Pod Security Standards", "Pod Security Admission" and "kubectl run" (read 2026-11-27)',
    test: 'containerService/podAdmission.test.ts: is refused by Pod Security: %s',
  },
  {
    id: 'aks-pod-tools',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'The containers of pods have sh, cat, echo, true and wget, as BusyBox has them: wget goes out as pods do, ends with 1 whatever went wrong, and says what. A pod that waits says for what in its status, and has no logs.',
    evidence: 'documented',
    source:
      'BusyBox 1.36 networking/wget.c; microsoft/azurelinux SPECS/busybox/busybox-static.config (read 2026-11-27)',
    test: 'containerService/podAdmission.test.ts: runs a script, and says why it waits',
  },
  {
    id: 'aks-bare-pods',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'Pods that kubectl run or debug has made stay until somebody deletes them, or until their node is drained or reimaged; --rm takes one away, and needs --attach.',
    evidence: 'documented',
    source: 'Kubernetes documentation, "kubectl run" and "Debugging Kubernetes Nodes With Kubectl" (read 2026-11-26)',
    test: 'containerService/nodesInside.test.ts: stays until it is deleted, and the oracle tells it',
  },
];
