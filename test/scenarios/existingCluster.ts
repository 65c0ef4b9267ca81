import type { ScenarioHandle } from '../../client/index.ts';
import type { Progress, VerificationReport } from '../../contract/index.ts';
import { type ClusterReference, clusterId } from '../../resources/ids.ts';
import { createExistingCluster, type FoundCluster, type Pools } from '../../scripts/local/existingCluster.ts';
import { type SimulatedAzure, subscriptionId } from '../support/azure.ts';
import type { Harness } from '../support/harness.ts';

const twoPools: Pools = { system: { mode: 'System', count: 1 }, work: { mode: 'User', count: 2 } };

export const reference = (name: string): ClusterReference => ({ subscriptionId, resourceGroup: `rg-${name}`, name });

/** An ordinary cluster that somebody else has made: images from Microsoft, egress by a load balancer. */
export async function existingCluster(
  { azure }: Pick<Harness, 'azure'>,
  name: string,
  more: Partial<FoundCluster> = {},
): Promise<ClusterReference> {
  const cluster = reference(name);
  await createExistingCluster(azure.simulator, { cluster, pools: twoPools, ...more });
  return cluster;
}

/** Has somebody add the pool `late` to a cluster, right before the run's next update of it. @param more Properties of the pool. */
export async function addsPoolMeanwhile(
  { azure }: Pick<Harness, 'azure'>,
  cluster: ClusterReference,
  more: object = {},
): Promise<void> {
  const path = `${clusterId(cluster)}/agentPools/late`;
  const body = { properties: { mode: 'User', count: 1, vmSize: 'Standard_D4ds_v5', ...more } };
  const does = [{ method: 'PUT', path, body }];
  const rule = { method: 'PUT', path: `${clusterId(cluster)}$`, when: 'before', does };
  const { status } = await azure.send('POST', '/simulator/others', rule);
  if (status >= 300) throw new Error(`The simulator refused the rule: ${status}`);
}

/** Runs a scenario to its end. Fails unless it is verified, and every check of it is ok. */
export async function verified(started: Promise<ScenarioHandle>): Promise<VerificationReport> {
  const result = await (await started).result();
  if (result.outcome !== 'verified') throw new Error(`Expected a verified run, got ${result.outcome}`);
  const missed = result.checks.filter(({ ok }) => !ok);
  if (missed.length > 0) throw new Error(JSON.stringify(missed));
  return result;
}

/** The scenarios' writes: updates of the cluster and reimages of its pools, oldest first. */
async function writesOf({ azure }: Harness, cluster: ClusterReference): Promise<string[]> {
  const path = clusterId(cluster).toLowerCase();
  const writes = await azure.writes();
  return writes.flatMap((write) => {
    const [method = '', url = '', status = ''] = write.split(' ');
    const [, child] = url.toLowerCase().startsWith(path) ? (/^([^?]*)/.exec(url.slice(path.length)) ?? []) : [];
    if (child === undefined || child.endsWith('/runCommand')) return [];
    return [`${method} ${child.replace(/^\/agentPools\//, '') || 'cluster'} ${status}`];
  });
}

/** Starts to count writes anew. */
export async function writesSince(harness: Harness, cluster: ClusterReference): Promise<() => Promise<string[]>> {
  const before = (await writesOf(harness, cluster)).length;
  return async () => (await writesOf(harness, cluster)).slice(before);
}

export async function waitUntil(run: ScenarioHandle, reached: (progress: Progress) => boolean): Promise<Progress> {
  for await (const progress of run.watch(25)) if (reached(progress)) return progress;
  throw new Error('The scenario ended before');
}

/** The properties that make a cluster isolated, as Azure shows them. */
export async function isolationOf(azure: SimulatedAzure, cluster: ClusterReference) {
  const answer = await azure.get(clusterId(cluster));
  return {
    outboundType: answer.at('properties.networkProfile.outboundType'),
    artifactSource: answer.at('properties.bootstrapProfile.artifactSource'),
    containerRegistryId: answer.at('properties.bootstrapProfile.containerRegistryId'),
  };
}

/** Changes a cluster by hand, as `az aks update` does: read, change, put. */
export async function updateByHand(
  azure: SimulatedAzure,
  cluster: ClusterReference,
  change: (properties: Record<string, unknown>) => void,
): Promise<void> {
  const id = clusterId(cluster);
  const { body } = await azure.get(id);
  const whole = structuredClone(body) as { properties: Record<string, unknown> };
  change(whole.properties);
  await azure.put(id, whole);
}

/** Runs a command in the cluster, as an operator does. */
export async function kubectl(azure: SimulatedAzure, cluster: ClusterReference, command: string): Promise<string> {
  const id = clusterId(cluster);
  const { headers, status, body } = await azure.send('POST', `${id}/runCommand?api-version=2026-06-01`, { command });
  if (status !== 202) throw new Error(JSON.stringify(body));
  for (;;) {
    const answer = await azure.send('GET', headers.location ?? '');
    if (answer.status === 202) continue;
    if (answer.at('properties.exitCode') !== 0) throw new Error(JSON.stringify(answer.body));
    return String(answer.at('properties.logs'));
  }
}

/** Reimages find something to do. */
export async function newNodeImage({ azure }: Pick<Harness, 'azure'>): Promise<void> {
  const { status } = await azure.send('POST', '/simulator/node-image');
  if (status >= 300) throw new Error(`node-image: ${status}`);
}

/** Has two pods run whose disruption budget lets none of them go. */
export async function blockedBudget(azure: SimulatedAzure, cluster: ClusterReference): Promise<void> {
  await kubectl(azure, cluster, 'kubectl create deployment cart --image=mcr.microsoft.com/cart:1 --replicas=2');
  await kubectl(azure, cluster, 'kubectl create poddisruptionbudget cart --selector=app=cart --min-available=2');
}
