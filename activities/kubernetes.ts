import { type ClusterReference, clusterId } from '../resources/ids.ts';
import type {
  DisruptionBudgetFacts,
  KubernetesFacts,
  Look,
  NodeFacts,
  NodeProbe,
  NodeProbeResult,
  NodesProbe,
  Unseen,
} from '../resources/nodes.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall } from './arm/errors.ts';
import { withPlacesOfPods } from './disruptionBudgets.ts';
import { curlCommand, curlIn, type EgressSeen, isNotThere, wgetCommand, wgetIn } from './egress.ts';
import { admissionCommand, endOfAdmission, podIn, podsIn, probeImage, refusalIn } from './podRun.ts';
import { endOfProbePods, type ListedPods, listProbePods, probePod, withoutOldProbePods } from './probePods.ts';
import { pullCommand, pullIn, pullPod, pullsCommand } from './pull.ts';
import { lookAgainWhile, lookBoundMs, retriedLook } from './retriedLooks.ts';
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
const askAdmission = () => admissionCommand(pullPod(undefined, `mcr.microsoft.com/${probeImage}`));

/** Nodes and disruption budgets, and the pods of looks. */
type Listed = KubernetesFacts & ListedPods;

/**
 * Reads nodes and disruption budgets by way of run-command. Call it in an activity that heartbeats. Where one log is too short
 * for all nodes, each pool is listed by itself.
 */
export async function readKubernetes(clients: ClientsOf, cluster: ClusterReference): Promise<Look<Listed>> {
  const all = await listing(clients, cluster, `${askAdmission()}; ${listNodes()} && ${listOthers}`, kubernetesIn);
  if ('seen' in all || all.unseen.message !== cutListing) return all;
  const pools = await readPoolNames(clients, cluster);
  const nodes: NodeFacts[] = [];
  // The last one lists nodes of no pool.
  const selectors = [...pools.map((pool) => `${poolLabelKey}=${pool}`), pools.map(notOf).join(',')];
  for (const selector of selectors) {
    const some = await listing(clients, cluster, listNodes(` --selector '${selector}'`), nodesIn);
    if ('unseen' in some) return some;
    nodes.push(...some.seen);
  }
  const others = await listing(clients, cluster, `${askAdmission()}; ${listOthers}`, admittedOthersIn);
  return 'unseen' in others ? others : { seen: { nodes, ...others.seen } };
}

/** Nodes without the label as well. Source: Kubernetes docs, "Labels and Selectors", equality-based requirements (2026-11-27). */
const notOf = (pool: string): string => `${poolLabelKey}!=${pool}`;

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
  return 'unseen' in output ? output : listingIn(output.seen, read);
}

/** A cluster that lets the worker run commands may still forbid what they ask: Kubernetes has roles of its own. */
export function listingIn<T>(
  { exitCode, logs, startedAtMs }: CommandOutput,
  read: (logs: string, startedAtMs?: number) => Look<T>,
): Look<T> {
  if (exitCode === 0) return read(logs, startedAtMs);
  if (!/\(Forbidden\): .*cannot (get|list) resource|\(Unauthorized\)/.test(logs))
    return failed(`kubectl ended with ${exitCode}: ${logs}`);
  return { unseen: { because: 'notAllowed', message: words(`Kubernetes does not let the worker look: ${logs}`) } };
}

const failed = (message: string): { unseen: Unseen } => ({ unseen: { because: 'failed', message: words(message) } });
const cutListing = 'run-command cut the listing of nodes and disruption budgets';

/** The facts in the listings, if they are whole. */
export function kubernetesIn(logs: string, listedAtMs?: number): Look<Listed> {
  const [admission, listings] = splitAfter(logs, endOfAdmission);
  const [first, rest] = splitAfter(listings, endOfNodes);
  const nodes = nodesIn(first);
  if ('unseen' in nodes) return nodes;
  const others = othersIn(rest, listedAtMs);
  return 'unseen' in others ? others : { seen: { nodes: nodes.seen, ...others.seen, ...deniedIn(admission) } };
}

/** Why the cluster does not admit the pods of looks. A quota may have room again by the time of a look, which is then tried again. */
function deniedIn(admission: string): Pick<KubernetesFacts, 'podDenied'> {
  const refusal = refusalIn(admission);
  if (refusal) return { podDenied: refusal.message };
  if (!/is forbidden: (exceeded|failed) quota/.test(admission)) return {};
  return { podDenied: words(`a resource quota of its namespace does not admit the pod of a look: ${admission}`) };
}

function admittedOthersIn(logs: string, listedAtMs?: number): Look<Omit<Listed, 'nodes'>> {
  const [admission, listings] = splitAfter(logs, endOfAdmission);
  const others = othersIn(listings, listedAtMs);
  return 'unseen' in others ? others : { seen: { ...others.seen, ...deniedIn(admission) } };
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

export const kubernetesActivities = (clients: ClientsOf) => ({
  /**
   * Reads nodes and disruption budgets by way of run-command, and where the pods are of which none may be evicted. Removes the pods
   * that earlier looks have left.
   *
   * @param isPatient Whether a look that failed is tried again for some minutes.
   * @param placesAll Whether it matters where the pods of every budget are.
   */
  async lookInside(cluster: ClusterReference, isPatient = false, placesAll = false): Promise<Look<KubernetesFacts>> {
    const listed = await retriedLook(() => readKubernetes(clients, cluster), isPatient);
    const look = await withoutOldProbePods(clients, cluster, listed);
    return await withPlacesOfPods(clients, cluster, look, placesAll);
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
      const output = await runCommand(clients, cluster, pullCommand(node, image));
      return 'unseen' in output ? output : pullIn(node, image, podIn(output.seen));
    };
    return retriedLook(look, isPatient);
  },

  /** The same for some nodes at the same time, by one command. @returns what each showed, by name. */
  async probeNodes({
    cluster,
    nodes,
    imageSource = 'mcr.microsoft.com',
    isPatient = false,
  }: NodesProbe): Promise<Record<string, Look<NodeProbeResult>>> {
    const image = `${imageSource}/${probeImage}`;
    const seen = new Map<string, Look<NodeProbeResult>>();
    const hasFailed = (node: string): boolean => {
      const look = seen.get(node);
      return !look || ('unseen' in look && look.unseen.because === 'failed');
    };
    const look = async (): Promise<void> => {
      const left = nodes.filter(hasFailed);
      const output = await runCommand(clients, cluster, pullsCommand(left, image));
      const pods = 'unseen' in output ? left.map(() => output) : podsIn(output.seen, left.length);
      for (const [index, pod] of pods.entries()) seen.set(left[index] ?? '', pullIn(left[index] ?? '', image, pod));
    };
    if (isPatient) await lookAgainWhile(look, () => nodes.some(hasFailed), lookBoundMs);
    else await look();
    return Object.fromEntries(seen);
  },

  /**
   * Tries to reach Microsoft's registry from inside the cluster: with curl where commands run, and where there is none with wget in a
   * pod of its own. Microsoft names kubectl, helm, jq, xargs, grep and awk as what commands have.
   */
  probeEgress(cluster: ClusterReference, isPatient = false): Promise<Look<EgressSeen>> {
    const look = async (): Promise<Look<EgressSeen>> => {
      // A proof waits until curl gives up.
      const what = isPatient ? 'probeEgress of a proof' : 'probeEgress';
      const output = await runCommand(clients, cluster, curlCommand, what);
      if ('unseen' in output) return output;
      if (!isNotThere(output.seen)) return curlIn(output.seen);
      const byPod = await runCommand(clients, cluster, wgetCommand());
      return 'unseen' in byPod ? byPod : wgetIn(podIn(byPod.seen));
    };
    return retriedLook(look, isPatient);
  },
});
