import { randomUUID } from 'node:crypto';
import type { ClusterReference } from '../resources/ids.ts';
import type {
  DisruptionBudgetFacts,
  KubernetesFacts,
  Look,
  NodeFacts,
  NodeProbe,
  NodeProbeResult,
} from '../resources/nodes.ts';
import type { ClientsOf } from './arm/connection.ts';
import { runCommand, words } from './runCommand.ts';

const poolLabel = 'kubernetes\\.azure\\.com/agentpool';
const ready = '.status.conditions[?(@.type=="Ready")].status';
const columns = (paths: Readonly<Record<string, string>>): string =>
  Object.entries(paths)
    .map(([header, path]) => `${header}:${path}`)
    .join(',');

// Columns instead of JSON, for run-command cuts its logs at 512 kB: some hundred nodes in full.
const nodeColumns = columns({
  NAME: '.metadata.name',
  POOL: `.metadata.labels.${poolLabel}`,
  BOOT: '.status.nodeInfo.bootID',
  CREATED: '.metadata.creationTimestamp',
  READY: ready,
});
const budgetColumns = columns({
  NAMESPACE: '.metadata.namespace',
  NAME: '.metadata.name',
  ALLOWED: '.status.disruptionsAllowed',
  PODS: '.status.expectedPods',
});

// Both listings end with a line of their own: run-command cuts its logs without saying so.
const endOfNodes = 'end-of-nodes';
const endOfBudgets = 'end-of-disruption-budgets';
const kubernetesCommand = [
  `kubectl get nodes --no-headers --output 'custom-columns=${nodeColumns}'`,
  `echo ${endOfNodes}`,
  `kubectl get poddisruptionbudgets --all-namespaces --no-headers --output 'custom-columns=${budgetColumns}'`,
  `echo ${endOfBudgets}`,
].join(' && ');

/** Reads nodes and disruption budgets by way of run-command. Call it in an activity that heartbeats. */
export async function readKubernetes(clients: ClientsOf, cluster: ClusterReference): Promise<Look<KubernetesFacts>> {
  const output = await runCommand(clients, cluster, kubernetesCommand);
  if ('unseen' in output) return output;
  const { exitCode, logs } = output.seen;
  if (exitCode !== 0)
    return { unseen: { because: 'failed', message: words(`kubectl ended with ${exitCode}: ${logs}`) } };
  return kubernetesIn(logs);
}

/** The facts in the listings, if they are whole. */
export function kubernetesIn(logs: string): Look<KubernetesFacts> {
  const [nodes = '', rest = ''] = logs.split(`${endOfNodes}\n`);
  const [budgets = '', end] = rest.split(endOfBudgets);
  if (end === undefined) {
    return { unseen: { because: 'failed', message: 'run-command cut the listing of nodes and disruption budgets' } };
  }
  return { seen: { nodes: rows(nodes).flatMap(nodeFacts), disruptionBudgets: rows(budgets).flatMap(budgetFacts) } };
}

const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('No resources found'))
    .map((line) => line.trim().split(/\s+/));

function nodeFacts([name, pool, bootId, createdAt, isReady]: string[]): NodeFacts[] {
  if (!name || !pool || !bootId || !createdAt) return [];
  return [{ name, pool, bootId, createdAt, ready: isReady === 'True' }];
}

function budgetFacts([namespace, name, allowed, pods]: string[]): DisruptionBudgetFacts[] {
  if (!namespace || !name) return [];
  return [{ namespace, name, disruptionsAllowed: Number(allowed), expectedPods: Number(pods) }];
}

/** A small image of Microsoft's that a node pulls to prove that it can. */
const probeImage = 'azurelinux/busybox:1.36';

export const kubernetesActivities = (clients: ClientsOf) => ({
  /** Reads nodes and disruption budgets by way of run-command. */
  async lookInside(cluster: ClusterReference): Promise<Look<KubernetesFacts>> {
    return await readKubernetes(clients, cluster);
  },

  /**
   * Has a node pull an image for a pod, which then reads from containerd's configuration where the node gets Microsoft's
   * images. A node without egress has its registry there. The pod is removed again. Source: Azure/AgentBaker, cse_config.sh.
   */
  async probeNode({ cluster, node, imageSource = 'mcr.microsoft.com' }: NodeProbe): Promise<Look<NodeProbeResult>> {
    const image = `${imageSource}/${probeImage}`;
    const output = await runCommand(clients, cluster, probeCommand(node, image));
    if ('unseen' in output) return output;
    const logs = output.seen.logs.trim();
    const [, mirror] = /\[host\."https:\/\/([^"]+)"\]/.exec(logs) ?? [];
    const ran = mirror !== undefined || /No such file/.test(logs);
    return {
      seen: {
        node,
        image,
        pulled: ran,
        ...(ran && { bootstrapSource: mirror?.replace('/v2/', '/') ?? 'Direct' }),
        message: ran ? `${image} was pulled` : words(logs) || `exit status ${output.seen.exitCode}`,
      },
    };
  },

  /** Tries to reach Microsoft's registry from inside the cluster. */
  async probeEgress(cluster: ClusterReference): Promise<Look<{ open: boolean; message: string }>> {
    const output = await runCommand(clients, cluster, egressCommand);
    if ('unseen' in output) return output;
    const { exitCode, logs } = output.seen;
    // There is no curl.
    if (exitCode === 127) return { unseen: { because: 'failed', message: words(logs) } };
    return { seen: { open: exitCode === 0, message: words(logs) || `curl ended with ${exitCode}` } };
  },
});

// A closed network drops packets, and curl alone would wait for minutes. Open egress answers within 15 seconds.
const egressUrl = 'https://mcr.microsoft.com/v2/';
const egressCommand = `curl --silent --show-error --max-time 15 --output /dev/null ${egressUrl}`;

function probeCommand(node: string, image: string): string {
  // The name is unique, for an audit may probe the same node at the same time.
  const name = `aks-isolation-probe-${randomUUID().slice(0, 8)}`;
  const hosts = { name: 'hosts', hostPath: { path: '/etc/containerd/certs.d' } };
  const container = {
    name,
    image,
    imagePullPolicy: 'Always',
    command: ['cat', '/hosts/mcr.microsoft.com/hosts.toml'],
    volumeMounts: [{ name: 'hosts', mountPath: '/hosts', readOnly: true }],
  };
  const spec = {
    nodeName: node,
    restartPolicy: 'Never',
    tolerations: [{ operator: 'Exists' }],
    containers: [container],
    volumes: [hosts],
  };
  return [
    `kubectl run ${name} --namespace kube-system --image ${image} --restart Never --rm --attach --quiet`,
    // A first pull through the registry's cache may take longer than kubectl's default of a minute.
    '--pod-running-timeout 90s',
    `--overrides '${JSON.stringify({ spec })}'`,
  ].join(' ');
}
