import { randomUUID } from 'node:crypto';
import { quote } from 'shell-quote';
import type { ClusterReference } from '../resources/ids.ts';
import type { KubernetesFacts, Look } from '../resources/nodes.ts';
import type { ClientsOf } from './arm/connection.ts';
import { kubectl, runCommand } from './runCommand.ts';

/**
 * Pods with which nodes prove that they pull images. kubectl removes each at its end. Where that kubectl dies with the pod or the
 * node that it runs in, nobody does: the label tells whose it is, and the next look removes it.
 */
const namespace = 'kube-system';
const label = 'aks-isolation=probe';

/** A pod of a look. */
export interface ProbePod {
  name: string;
  createdAt: string;
}

export const endOfProbePods = 'end-of-probe-pods';
export const listProbePods = `${kubectl} get pods --namespace ${namespace} --selector ${label} --no-headers --output custom-columns=NAME:.metadata.name,CREATED:.metadata.creationTimestamp && echo ${endOfProbePods}`;

/** A first pull through the registry's cache may take longer than kubectl's default of a minute. */
const longestStartSeconds = 90;

/** kubectl gives up after 90 s. Whose pod is older than three times that is not at work any more. */
const longestProbeMs = 3 * longestStartSeconds * 1000;

export function probePod([name, createdAt, ...more]: string[]): ProbePod | undefined {
  if (!name || !createdAt || more.length > 0 || Number.isNaN(Date.parse(createdAt))) return undefined;
  // It will stand in a command.
  return /^[a-z0-9][-.a-z0-9]*$/.test(name) ? { name, createdAt } : undefined;
}

/** A listing in which the pods of looks stand, and when it was asked for: without a time, nobody knows how old they are. */
export interface ListedPods {
  probePods: readonly ProbePod[];
  listedAtMs?: number;
}

/** Removes the pods that earlier looks have left, and tells those that stay. */
export async function withoutOldProbePods(
  clients: ClientsOf,
  cluster: ClusterReference,
  look: Look<KubernetesFacts & ListedPods>,
): Promise<Look<KubernetesFacts>> {
  if ('unseen' in look) return look;
  const { probePods, listedAtMs = 0, ...facts } = look.seen;
  const old = probePods
    .filter(({ createdAt }) => listedAtMs - Date.parse(createdAt) > longestProbeMs)
    .map(({ name }) => name);
  if (old.length === 0) return { seen: facts };
  const removal = old.map((name) => `${kubectl} delete pod ${name} --namespace ${namespace} --ignore-not-found`);
  const output = await runCommand(clients, cluster, removal.join(' && '));
  const isDone = 'seen' in output && output.seen.exitCode === 0;
  return { seen: { ...facts, ...(!isDone && { leftPods: old.map((name) => `${namespace}/${name}`) }) } };
}

/** Runs a pod on the node that reads from where containerd gets Microsoft's images. */
export function probeCommand(node: string, image: string): string {
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
    // One that nobody removes pulls and runs no longer than this.
    activeDeadlineSeconds: 2 * longestStartSeconds,
    tolerations: [{ operator: 'Exists' }],
    containers: [container],
    volumes: [hosts],
  };
  return runPod(name, image, spec);
}

/**
 * Runs a pod to its end, shows what it said, and removes it. An attached kubectl does not show what a container said that ended
 * before (kubernetes/kubernetes#27264): its logs do.
 */
function runPod(name: string, image: string, spec: object): string {
  const run = ['kubectl', 'run', name, '--namespace', namespace, '--labels', label, '--image', image].concat(
    ['--restart', 'Never', '--attach', '--quiet', '--pod-running-timeout', `${longestStartSeconds}s`],
    ['--overrides', JSON.stringify({ spec })],
  );
  const logs = ['kubectl', 'logs', name, '--namespace', namespace];
  const remove = ['kubectl', 'delete', 'pod', name, '--namespace', namespace, '--ignore-not-found'];
  // Names of nodes and registries come from outside: none of them may reach the shell as more than a word.
  return [run, logs, remove].map((words) => quote(words)).join('; ');
}
