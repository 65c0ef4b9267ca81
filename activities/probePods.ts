import type { ClusterReference } from '../resources/ids.ts';
import type { KubernetesFacts, Look } from '../resources/nodes.ts';
import type { ClientsOf } from './arm/connection.ts';
import { label, longestStartSeconds, namespace } from './podRun.ts';
import { kubectl, runCommand } from './runCommand.ts';

/**
 * Pods with which nodes prove that they pull images, and clusters that nothing outside is reached. kubectl removes each at its end.
 * Where that kubectl dies with the pod or the node that it runs in, nobody does: the label tells whose it is, and the next look
 * removes it.
 */

/** A pod of a look. */
export interface ProbePod {
  name: string;
  createdAt: string;
}

export const endOfProbePods = 'end-of-probe-pods';
export const listProbePods = `${kubectl} get pods --namespace ${namespace} --selector ${label} --no-headers --output custom-columns=NAME:.metadata.name,CREATED:.metadata.creationTimestamp && echo ${endOfProbePods}`;

/** kubectl may wait 90 s for each of three pods. A pod that is older than five times that belongs to no look any more. */
const longestProbeMs = 5 * longestStartSeconds * 1000;

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
