import { type ClusterReference, clusterId } from '../resources/ids.ts';
import type {
  DisruptionBudgetFacts,
  KubernetesFacts,
  Look,
  NodeFacts,
  NodeProbe,
  NodeProbeResult,
  Unseen,
} from '../resources/nodes.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall } from './arm/errors.ts';
import { withNodesOfPods } from './disruptionBudgets.ts';
import { lookPatiently } from './patience.ts';
import {
  endOfProbePods,
  type ListedPods,
  listProbePods,
  probeCommand,
  probePod,
  withoutOldProbePods,
} from './probePods.ts';
import { type CommandOutput, kubectl, runCommand, words } from './runCommand.ts';

const poolLabelKey = 'kubernetes.azure.com/agentpool';
const poolLabel = poolLabelKey.replaceAll('.', '\\.');
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
  MACHINE: '.status.nodeInfo.machineID',
});
const budgetColumns = columns({
  NAMESPACE: '.metadata.namespace',
  NAME: '.metadata.name',
  ALLOWED: '.status.disruptionsAllowed',
  PODS: '.status.expectedPods',
});

// Every listing ends with a line of its own: run-command cuts its logs without saying so.
const endOfNodes = 'end-of-nodes';
const endOfBudgets = 'end-of-disruption-budgets';
const listNodes = (selector = '') =>
  `${kubectl} get nodes${selector} --no-headers --output 'custom-columns=${nodeColumns}' && echo ${endOfNodes}`;
const listBudgets = `${kubectl} get poddisruptionbudgets --all-namespaces --no-headers --output 'custom-columns=${budgetColumns}' && echo ${endOfBudgets}`;
const listOthers = `${listBudgets} && ${listProbePods}`;

/** Nodes and disruption budgets, and the pods of looks. */
type Listed = KubernetesFacts & ListedPods;

/**
 * Reads nodes and disruption budgets by way of run-command. Call it in an activity that heartbeats. Where one log is too short
 * for all nodes, each pool is listed by itself.
 */
export async function readKubernetes(clients: ClientsOf, cluster: ClusterReference): Promise<Look<Listed>> {
  const all = await listing(clients, cluster, `${listNodes()} && ${listOthers}`, kubernetesIn);
  if ('seen' in all || all.unseen.message !== cutListing) return all;
  const pools = await readPoolNames(clients, cluster);
  const nodes: NodeFacts[] = [];
  for (const pool of pools) {
    const some = await listing(clients, cluster, listNodes(` --selector ${poolLabelKey}=${pool}`), nodesIn);
    if ('unseen' in some) return some;
    nodes.push(...some.seen);
  }
  const others = await listing(clients, cluster, listOthers, othersIn);
  return 'unseen' in others ? others : { seen: { nodes, ...others.seen } };
}

async function readPoolNames(clients: ClientsOf, cluster: ClusterReference): Promise<string[]> {
  const { managedClusters } = clients(cluster.subscriptionId).containerService;
  const found = await azureCall(clusterId(cluster), () => managedClusters.get(cluster.resourceGroup, cluster.name));
  return (found.agentPoolProfiles ?? []).map(({ name }) => name);
}

async function listing<T>(
  clients: ClientsOf,
  cluster: ClusterReference,
  command: string,
  read: (logs: string, startedAtMs?: number) => Look<T>,
): Promise<Look<T>> {
  const output = await runCommand(clients, cluster, command);
  if ('unseen' in output) return output;
  const { exitCode, logs, startedAtMs } = output.seen;
  return exitCode === 0 ? read(logs, startedAtMs) : failed(`kubectl ended with ${exitCode}: ${logs}`);
}

const failed = (message: string): { unseen: Unseen } => ({ unseen: { because: 'failed', message: words(message) } });
const cutListing = 'run-command cut the listing of nodes and disruption budgets';

/** The facts in the listings, if they are whole. */
export function kubernetesIn(logs: string, listedAtMs?: number): Look<Listed> {
  const [first, rest] = splitAfter(logs, endOfNodes);
  const nodes = nodesIn(first);
  if ('unseen' in nodes) return nodes;
  const others = othersIn(rest, listedAtMs);
  return 'unseen' in others ? others : { seen: { nodes: nodes.seen, ...others.seen } };
}

function othersIn(logs: string, listedAtMs?: number): Look<Omit<Listed, 'nodes'>> {
  const [first, rest] = splitAfter(logs, endOfBudgets);
  const budgets = rowsIn(first, endOfBudgets, budgetFacts);
  if ('unseen' in budgets) return budgets;
  const pods = rowsIn(rest, endOfProbePods, probePod);
  if ('unseen' in pods) return pods;
  const listedAt = listedAtMs === undefined ? {} : { listedAtMs };
  return { seen: { disruptionBudgets: budgets.seen, probePods: pods.seen, ...listedAt } };
}

function splitAfter(logs: string, end: string): [string, string] {
  const at = logs.indexOf(`${end}\n`) + end.length + 1;
  return [logs.slice(0, at), logs.slice(at)];
}

const nodesIn = (logs: string): Look<NodeFacts[]> => rowsIn(logs, endOfNodes, nodeFacts);

/** Every row of a listing. A line that is none makes the listing one that was not understood. */
function rowsIn<T>(logs: string, end: string, read: (cells: string[]) => T | undefined): Look<T[]> {
  const lines = logs.trimEnd().split('\n');
  if (lines.pop()?.trim() !== end) return failed(cutListing);
  const seen: T[] = [];
  for (const line of lines.filter((each) => each.trim() !== '' && !/^(No resources found|Warning:)/.test(each))) {
    const row = read(line.trim().split(/\s+/));
    if (row === undefined) return failed(`kubectl answered otherwise than expected: ${line}`);
    seen.push(row);
  }
  return { seen };
}

const absent = '<none>';

function nodeFacts([name, pool, bootId, createdAt, isReady, machineId = absent, ...more]: string[]):
  | NodeFacts
  | undefined {
  if (!name || !pool || !bootId || !createdAt || !isReady || more.length > 0) return undefined;
  if (Number.isNaN(Date.parse(createdAt))) return undefined;
  const ready = isReady === 'True';
  return { name, pool, bootId, ...(machineId !== absent && { machineId }), createdAt, ready };
}

function budgetFacts([namespace, name, allowed, pods, ...more]: string[]): DisruptionBudgetFacts | undefined {
  if (!namespace || !name || !allowed || !pods || more.length > 0) return undefined;
  const number = (cell: string) => (cell === absent ? 0 : Number(cell));
  return { namespace, name, disruptionsAllowed: number(allowed), expectedPods: number(pods) };
}

/** A small image of Microsoft's that a node pulls to prove that it can. */
const probeImage = 'azurelinux/busybox:1.36';

export const kubernetesActivities = (clients: ClientsOf) => ({
  /**
   * Reads nodes and disruption budgets by way of run-command, and where the pods are of which none may be evicted. Removes the pods
   * that earlier looks have left.
   *
   * @param isPatient Whether a look that failed is tried again for some minutes.
   */
  async lookInside(cluster: ClusterReference, isPatient = false): Promise<Look<KubernetesFacts>> {
    const listed = await lookPatiently(() => readKubernetes(clients, cluster), isPatient);
    const look = await withoutOldProbePods(clients, cluster, listed);
    return await withNodesOfPods(clients, cluster, look);
  },

  /**
   * Has a node pull an image for a pod, which then reads from containerd's configuration where the node gets Microsoft's
   * images. A node without egress has its registry there. The pod is removed again. Source: Azure/AgentBaker, cse_config.sh.
   */
  probeNode({
    cluster,
    node,
    imageSource = 'mcr.microsoft.com',
    isPatient = false,
  }: NodeProbe): Promise<Look<NodeProbeResult>> {
    const image = `${imageSource}/${probeImage}`;
    const look = async (): Promise<Look<NodeProbeResult>> => {
      const output = await runCommand(clients, cluster, probeCommand(node, image));
      return 'unseen' in output ? output : pullIn(node, image, output.seen);
    };
    return lookPatiently(look, isPatient);
  },

  /** Tries to reach Microsoft's registry from inside the cluster. */
  probeEgress(cluster: ClusterReference, isPatient = false): Promise<Look<{ open: boolean; message: string }>> {
    const look = async (): Promise<Look<{ open: boolean; message: string }>> => {
      const output = await runCommand(clients, cluster, egressCommand);
      return 'unseen' in output ? output : egressIn(output.seen);
    };
    return lookPatiently(look, isPatient);
  },
});

/**
 * Reads whether the pod ran. A pod that did not run tells something about pulls only if its image could not be pulled: it may
 * have been refused by an admission webhook, or have found no room.
 */
export function pullIn(node: string, image: string, { exitCode, logs: log }: CommandOutput): Look<NodeProbeResult> {
  const logs = log.trim();
  const [, mirror] = /\[host\."https:\/\/([^"]+)"\]/.exec(logs) ?? [];
  if (mirror !== undefined || /hosts\.toml.*No such file/.test(logs)) {
    // Where the cache rule has no prefix, the address ends at /v2, with or without a slash.
    const bootstrapSource = mirror?.replace(/\/v2(?=\/|$)/, '').replace(/\/$/, '') ?? 'Direct';
    return { seen: { node, image, pulled: true, bootstrapSource, message: `${image} was pulled` } };
  }
  const said = words(logs) || `exit status ${exitCode}, without a word`;
  if (!/ErrImagePull|ImagePullBackOff|Failed to pull image|failed to pull and unpack/i.test(logs)) return failed(said);
  return { seen: { node, image, pulled: false, message: said } };
}

/**
 * Reads what curl's exit status says about egress. Only an end without any connection is closed egress; whatever comes after an
 * answer is open. Resets and silence in the middle of a handshake are what a firewall does that filters by name.
 * Source: curl.se, "libcurl errors", read 2026-11-26.
 */
export function egressIn({ exitCode, logs }: CommandOutput): Look<{ open: boolean; message: string }> {
  const message = words(logs) || `curl ended with ${exitCode}`;
  const isReset = /reset|SSL_ERROR_SYSCALL|unexpected eof|closed|empty reply|timed? ?out/i.test(logs);
  switch (exitCode) {
    case 6: // The name does not resolve.
    case 7: // Nothing answers.
      return { seen: { open: false, message } };
    case 28: // Time is up. It counts as open once a byte has come.
      return { seen: { open: /with [1-9]\d* (bytes|out of)/.test(logs), message } };
    case 35: // The TLS handshake ended.
    case 52: // No byte came.
    case 55: // Sending failed.
    case 56: // Receiving failed.
      return isReset ? { seen: { open: false, message } } : failed(message);
    case 0:
    case 8: // An odd answer.
    case 16: // HTTP/2 framing.
    case 18: // A part of the answer.
    case 22: // An HTTP error.
    case 47: // Too many redirects.
    case 51: // The certificate is for another name.
    case 60: // The certificate cannot be verified: something that opens TLS stands between.
    case 61: // An unknown encoding of the answer.
    case 83: // Another issuer.
    case 90: // Another public key.
    case 91: // A revoked certificate.
    case 92: // HTTP/2 stream.
      return { seen: { open: true, message } };
    default: // Such as 5, a proxy that does not resolve, 77, no certificates in the pod, or 127, no curl there.
      return failed(message);
  }
}

// A closed network drops packets, and curl alone would wait for minutes. Open egress answers within 15 seconds.
const egressUrl = 'https://mcr.microsoft.com/v2/';
const egressCommand = `curl --silent --show-error --max-time 15 --output /dev/null ${egressUrl}`;
