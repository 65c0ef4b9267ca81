import type { AgentPool, ManagedCluster, RunCommandResult } from '@azure/arm-containerservice';
import { changedBody } from '../../activities/managedClusterBody.ts';
import type { ClusterChange } from '../../resources/managedClusters.ts';
import { type Followed, isPassing } from './azure.ts';
import { type Exchange, errorCode } from './exchanges.ts';
import { CheckStopped, type ClusterKey, groupName, type Live, poolName, required } from './live.ts';

/** Makes a cluster, to the end. @returns undefined where an earlier start of this run has made it: it is taken as it is */
export async function makeCluster(live: Live, key: ClusterKey, body: ManagedCluster): Promise<Followed | undefined> {
  const { managedClusters } = live.azure.clients.containerService;
  const group = groupName(live.runId);
  if (live.isRepeated && (await live.azure.ask(() => managedClusters.get(group, key))).last.status !== 404) {
    await settled(live, key);
    return undefined;
  }
  const made = await live.azure.follow('containerService', () => managedClusters.createOrUpdate(group, key, body));
  return settledAfter(live, key, made, `the cluster ${key}`);
}

/** Waits for a cluster whose operation has been followed, also where the operation's address has failed meanwhile. */
async function settledAfter(live: Live, key: ClusterKey, followed: Followed, what: string): Promise<Followed> {
  if (followed.outcome !== 'lost') return required(followed, what);
  await settled(live, key);
  return followed;
}

const looks = { most: 120, everySeconds: 30 };

/** Waits until nothing runs on a cluster and its pools. @throws CheckStopped where it ends in another state than Succeeded */
export async function settled(live: Live, key: ClusterKey): Promise<ManagedCluster> {
  for (let look = 0; look < looks.most; look += 1) {
    const { cluster, states } = await stateOf(live, key);
    const bad = states.find((state) => /^(failed|canceled)$/i.test(state));
    if (bad !== undefined) throw new CheckStopped(`the cluster ${key} is ${bad}`);
    if (states.every((state) => state === 'Succeeded')) return cluster;
    await live.azure.wait(looks.everySeconds);
  }
  throw new CheckStopped(`the cluster ${key} was still busy after an hour`);
}

/** Reads until Azure answers. @throws CheckStopped where it refuses */
async function readOf<T>({ azure }: Live, what: string, read: () => Promise<T>): Promise<{ value: T; last: Exchange }> {
  let { value, last } = await azure.ask(read);
  // The check before may have used up what the limits allow.
  for (let tries = 1; !value && isPassing(last) && tries < 10; tries += 1) {
    await azure.wait(azure.askedSeconds(last) ?? looks.everySeconds);
    ({ value, last } = await azure.ask(read));
  }
  if (!value) throw new CheckStopped(`${what} could not be read: ${last.status} ${errorCode(last) ?? ''}`);
  return { value, last };
}

/** A pool of the open cluster, as an update sends it again. */
export async function poolOf(live: Live, name: string): Promise<{ pool: AgentPool; last: Exchange }> {
  const { agentPools } = live.azure.clients.containerService;
  const read = () => agentPools.get(groupName(live.runId), 'open', name);
  const { value, last } = await readOf(live, `the pool ${name}`, read);
  const { eTag: _etag, ...pool } = value;
  return { pool, last };
}

/** A cluster with the states of itself and of its pools. */
export async function stateOf(live: Live, key: ClusterKey) {
  const { managedClusters } = live.azure.clients.containerService;
  const read = () => managedClusters.get(groupName(live.runId), key);
  const { value, last } = await readOf(live, `the cluster ${key}`, read);
  const pools = (value.agentPoolProfiles ?? []).map(({ provisioningState }) => provisioningState);
  return { cluster: value, states: [value.provisioningState, ...pools].map((state) => state ?? 'Unknown'), last };
}

/**
 * Changes where a cluster's nodes boot from, or its outbound type, to the end of the operation. Work that AKS does by itself afterwards
 * goes on.
 */
export async function changeCluster(live: Live, key: ClusterKey, change: ClusterChange): Promise<Followed> {
  const { managedClusters } = live.azure.clients.containerService;
  const { eTag: _etag, ...cluster } = await settled(live, key);
  const body = changedBody(cluster, change);
  const changed = await live.azure.follow('containerService', () =>
    managedClusters.createOrUpdate(groupName(live.runId), key, body),
  );
  return settledAfter(live, key, changed, `the change to ${change.artifactSource ?? change.outboundType}`);
}

/** The outcome of a command inside a cluster. */
export interface Command {
  /** The answer to the request. */
  readonly first: Exchange;
  /** Left out where the command did not run. */
  readonly ran?: { readonly exitCode: number; readonly logs: string };
  readonly last: Exchange;
}

/** Runs a command in a pod that AKS makes for it, once. @param clusterToken Who runs it, where Microsoft Entra ID signs people in. */
export async function command(live: Live, key: ClusterKey, text: string, clusterToken?: string): Promise<Command> {
  return commandOf(await live.azure.follow('containerService', commandRequest(live, key, text, clusterToken)));
}

/** Runs a command twice at once. */
export async function commandsTogether(live: Live, key: ClusterKey, text: string): Promise<Command[]> {
  const request = commandRequest(live, key, text);
  return (await live.azure.followTogether('containerService', [request, request])).map(commandOf);
}

function commandRequest({ azure, runId }: Live, key: ClusterKey, text: string, clusterToken?: string) {
  const body = { command: text, ...(clusterToken !== undefined && { clusterToken }) };
  return () => azure.clients.containerService.managedClusters.runCommand(groupName(runId), key, body);
}

function commandOf({ first, last, result }: Followed<RunCommandResult>): Command {
  const { exitCode, logs = '' } = result ?? {};
  return exitCode === undefined ? { first, last } : { first, last, ran: { exitCode, logs } };
}

/** AKS's words for a pod that did not start within 30 s, whatever the code. */
export const startedLate = ({ first }: Command): boolean =>
  first.status >= 400 && /did not start within \d+s/i.test(JSON.stringify(first.answer.body));

/** The outcome of a command that ran in the end. */
export interface Look extends Required<Command> {
  /** Refusals of commands before it whose pods did not start in time. */
  readonly late: readonly Exchange[];
}

/** Runs a command until one runs: for ten minutes, as the product does. @throws CheckStopped */
export async function lookInside(live: Live, key: ClusterKey, text: string, clusterToken?: string): Promise<Look> {
  const late: Exchange[] = [];
  for (let tries = 0; tries < 20; tries += 1) {
    const tried = await command(live, key, text, clusterToken);
    const { first, ran, last } = tried;
    if (ran) return { first, ran, last, late };
    if (startedLate(tried)) late.push(first);
    await live.azure.wait(30);
  }
  throw new CheckStopped(`no command ran in the cluster ${key} for ten minutes`);
}

interface Machines extends Pick<Look, 'last' | 'late'> {
  readonly ids: string;
  readonly names: string[];
}

/** The disks of a cluster's nodes: node images come without a machine ID, and the first boot makes it. */
export async function machines(live: Live, key: ClusterKey): Promise<Machines> {
  const columns = 'custom-columns=NAME:.metadata.name,MACHINE:.status.nodeInfo.machineID';
  const { ran, last, late } = await lookInside(live, key, `kubectl get nodes --no-headers --output ${columns}`);
  const rows = ran.logs
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name, id]) => name && id);
  return {
    names: rows.map(([name = '']) => name),
    ids: rows
      .map(([, id]) => id)
      .sort()
      .join(' '),
    last,
    late,
  };
}

/** Asks AKS to reimage the pool, to the end if it does. */
export async function reimage(live: Live, key: ClusterKey): Promise<Followed> {
  const { agentPools } = live.azure.clients.containerService;
  await settled(live, key);
  const asked = await live.azure.follow('containerService', () =>
    agentPools.upgradeNodeImageVersion(groupName(live.runId), key, poolName),
  );
  await settled(live, key);
  return asked;
}

/** Whether AKS reimages a pool by itself: it begins within five minutes. Waits for the end. */
export async function reimagesByItself(
  live: Live,
  key: ClusterKey,
  before: string,
): Promise<{ did: boolean; shownBy: Exchange[] }> {
  const shownBy: Exchange[] = [];
  for (let look = 0; look < 5; look += 1) {
    const { states, last } = await stateOf(live, key);
    shownBy.splice(0, 1, last);
    if (states.some((state) => state !== 'Succeeded')) break;
    await live.azure.wait(60);
  }
  await settled(live, key);
  const { ids, last } = await machines(live, key);
  return { did: ids !== before, shownBy: [...shownBy, last] };
}

/** Deletes a cluster, to the end. */
export async function deleteCluster(live: Live, key: ClusterKey): Promise<Followed> {
  const { managedClusters } = live.azure.clients.containerService;
  const deleted = await live.azure.follow('containerService', () => managedClusters.delete(groupName(live.runId), key));
  if (deleted.outcome !== 'lost') return required(deleted, `the deletion of the cluster ${key}`);
  for (let look = 0; look < looks.most; look += 1) {
    const { last } = await live.azure.ask(() => managedClusters.get(groupName(live.runId), key));
    if (last.status === 404) return deleted;
    await live.azure.wait(looks.everySeconds);
  }
  throw new CheckStopped(`the cluster ${key} was still there an hour after its deletion`);
}
