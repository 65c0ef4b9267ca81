import type { Behaviour } from '../../../arm/provider.ts';

/** Commands inside of clusters. */
export const commands: readonly Behaviour[] = [
  {
    id: 'aks-run-command',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'runCommand answers 202 with the address of its commandResults; a pod on a node that can pull its image runs it. It makes nothing busy, its logs are cut at 512 kB, and disableRunCommand refuses it.',
    evidence: 'documented',
    source:
      'Microsoft Learn, "Access a private AKS cluster using command invoke"; Azure REST API (5 s and the error codes are modelled)',
    test: 'containerService/runCommand.test.ts: answers 202 with the address of its result',
  },
  {
    id: 'aks-kubectl',
    resourceType: 'Microsoft.ContainerService/managedClusters',
    says: 'The command may use kubectl get, create, scale, delete, run, cordon and uncordon for nodes, pods, deployments and disruption budgets, curl, echo, true and false. Everything else is not found.',
    evidence: 'modelled',
    source: "kubectl's own documentation for what is there",
    test: 'containerService/runCommand.test.ts: runs `%s`',
  },
];
