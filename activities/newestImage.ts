import { applicationFailure } from '../contract/failures.ts';
import { type AgentPoolReference, saysNothingToDo } from '../resources/agentPools.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, httpStatus, seenOr, whereAllowed } from './arm/errors.ts';
import { idOf, shownPool } from './shownPool.ts';

/** The newest node image that AKS has for a pool. Source: Azure REST API, "Agent Pools - Get Upgrade Profile". */
export async function newestImage(
  clients: ClientsOf,
  { cluster, pool }: AgentPoolReference,
): Promise<string | undefined> {
  const { agentPools } = clients(cluster.subscriptionId).containerService;
  const id = idOf({ cluster, pool });
  const profile = await azureCall(id, () => agentPools.getUpgradeProfile(cluster.resourceGroup, cluster.name, pool));
  return profile.latestNodeImageVersion;
}

/**
 * What Azure says where it refuses to reimage a pool because that has the newest image; `undefined` where it refuses for another
 * reason. No document has its answer, so that its words count only for a pool that runs and has the newest image.
 */
export async function refusalOfNewest(
  clients: ClientsOf,
  reference: AgentPoolReference,
  error: unknown,
): Promise<string | undefined> {
  const failure = applicationFailure(error);
  const status = Number(httpStatus(error));
  if (!failure?.nonRetryable || !(status >= 400 && status < 500) || status === 401 || status === 403) return undefined;
  const message = failure.message.replace(` (${idOf(reference)})`, '');
  if (!saysNothingToDo(`${failure.type} ${message}`)) return undefined;
  const { nodeImageVersion, powerState } = await shownPool(clients, reference);
  const newest = seenOr(await whereAllowed(() => newestImage(clients, reference)), undefined);
  const isNewest = newest !== undefined && newest === nodeImageVersion;
  return isNewest && powerState?.code !== 'Stopped' ? `${failure.type}: ${message}` : undefined;
}
