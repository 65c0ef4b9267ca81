import { type ApplicationFailure, activityInfo } from '@temporalio/activity';
import type { ErrorDetails } from '../contract/errors.ts';
import { applicationFailure, isCode } from '../contract/failures.ts';
import { shortened } from '../contract/shortened.ts';
import { withoutSecrets } from '../contract/withoutSecrets.ts';
import { isAllowed } from '../resources/allowances.ts';
import { type ClusterReference, clusterId, keyOf } from '../resources/ids.ts';
import type { Look, Unseen } from '../resources/nodes.ts';
import type { ClientsOf } from './arm/connection.ts';
import { azureCall, azureRead, seenOr, whereAllowed } from './arm/errors.ts';
import { repeatableCommand } from './arm/longRunningOperation.ts';
import { asOneLook } from './arm/sharedReads.ts';
import { readPermissions } from './reads/allowances.ts';
import { forbiddenBoundMs, lookAgainWhile, lookBoundMs } from './retriedLooks.ts';

/** Output of a command that ran in the cluster. */
export interface CommandOutput {
  exitCode: number;
  logs: string;
  /** When it started, in milliseconds since 1970; by Azure's clock, not by the worker's. */
  startedAtMs?: number;
}

/** The application of AKS's own sign-in to clusters with Microsoft Entra ID. Source: Learn, "Use kubelogin with AKS". */
export const aksServerApplication = '6dae42f8-4368-4678-94ff-3960e28e3630';

/**
 * kubectl, which waits for an API server for as long as it takes unless it is told otherwise. A listing asks anew for each 500
 * objects. Source: Kubernetes documentation, "kubectl options", `--request-timeout`.
 */
export const kubectl = 'kubectl --request-timeout=60s';

/**
 * Runs a command in a pod that AKS makes for it. Call it in an activity that heartbeats. The command must not change
 * anything, for a command whose outcome was lost is run again.
 *
 * @param what Commands of the same name take about as long.
 * @throws ApplicationFailure only where another attempt may succeed. Other failures are returned as {@link Unseen}.
 * Source: Learn, "Access a private AKS cluster using the command invoke feature".
 */
export const runCommand = (
  clients: ClientsOf,
  cluster: ClusterReference,
  command: string,
  what: string = activityInfo().activityType,
): Promise<Look<CommandOutput>> =>
  lookAgainWhile(
    () => attemptAllowed(clients, cluster, command, what),
    (look) => 'unseen' in look && (startsLate.test(look.unseen.message) || isForgotten.test(look.unseen.message)),
    lookBoundMs,
  );

/**
 * A refusal may pass: Azure does not know of a new role everywhere at once. A plan that took it for good would be blind, and would have
 * pools replaced that a lesser means would do for. Where the roles of the worker do not allow it, there is nothing to wait for.
 */
async function attemptAllowed(
  clients: ClientsOf,
  cluster: ClusterReference,
  command: string,
  what: string,
): Promise<Look<CommandOutput>> {
  let mayPass: boolean | undefined;
  const attempt = async () => {
    const look = await attemptCommand(clients, cluster, command, what);
    if (isForbidden(look)) mayPass ??= await mayRunCommands(clients, cluster);
    return look;
  };
  return lookAgainWhile(attempt, (look) => isForbidden(look) && mayPass === true, forbiddenBoundMs);
}

const isForbidden = (look: Look<CommandOutput>): boolean =>
  'unseen' in look && /^(Linked)?AuthorizationFailed:/.test(look.unseen.message);

/** Whether the worker's roles allow it. Where they may not be read, they may. */
async function mayRunCommands(clients: ClientsOf, cluster: ClusterReference): Promise<boolean> {
  const id = clusterId(cluster);
  const held = seenOr(await whereAllowed(() => azureRead(id, () => readPermissions(clients, id))), undefined);
  return held === undefined || isAllowed('Microsoft.ContainerService/managedClusters/runCommand/action', held);
}

/**
 * AKS's words for a pod that did not start within 30 s, under several codes: "retry may helps" (Azure/azure-cli#23203, #24192). The
 * first command after a reimage has a node pull its image, which takes a minute or two: it is what warms the node up, and looks
 * of a run wait for it, since they come one after the other.
 */
const startsLate = /did not start within \d/i;

/** AKS has taken the command, and answers 404 where its result should be (Azure/azure-cli#24192). */
const isForgotten = /^NotShown:/;

async function attemptCommand(
  clients: ClientsOf,
  cluster: ClusterReference,
  command: string,
  what: string,
): Promise<Look<CommandOutput>> {
  const { managedClusters } = clients(cluster.subscriptionId).containerService;
  const id = clusterId(cluster);
  try {
    const clusterToken = await entraToken(clients, cluster);
    const wait = { what, boundMs: lookBoundMs };
    const result = await repeatableCommand(id, wait, () =>
      managedClusters.runCommand(cluster.resourceGroup, cluster.name, {
        command,
        ...(clusterToken !== undefined && { clusterToken }),
      }),
    );
    const { provisioningState = 'Unknown', exitCode, logs = '', reason = '', startedAt } = result ?? {};
    if (exitCode !== undefined && /^succeeded$/i.test(provisioningState)) {
      return { seen: { exitCode, logs, ...(startedAt && { startedAtMs: startedAt.getTime() }) } };
    }
    const message = words(`run-command ended ${provisioningState}: ${reason || logs}`);
    signIns.delete(signInKey(id));
    return { unseen: { because: 'failed', message } };
  } catch (error) {
    signIns.delete(signInKey(id));
    const failure = applicationFailure(error);
    if (!failure?.nonRetryable) throw error;
    return { unseen: refusal(failure) };
  }
}

/**
 * A cluster that forbids to look tells nothing about itself. Every other refusal tells against it: Azure answers the request
 * itself with an error where the pod of the command cannot be scheduled, admitted or pulled (Azure/azure-cli#27776).
 */
function refusal(failure: ApplicationFailure): Unseen {
  const { type, message } = failure;
  const { status }: Partial<ErrorDetails> = failure.details?.[0] ?? {};
  const isForbidden =
    status === 401 ||
    status === 403 ||
    isCode(type, 'RunCommandDisabled', 'AuthorizationFailed', 'LinkedAuthorizationFailed', 'ScopeLocked');
  return { because: isForbidden ? 'notAllowed' : 'failed', message: words(`${type}: ${message}`) };
}

/** A log has up to 512 kB. As much of it as people read stands in the report, for each node pool. */
export const words = (log: string): string => shortened(withoutSecrets(log.trim()), 1_000);

/** The token that a cluster with Microsoft Entra ID wants, to know who runs the command. */
async function entraToken(clients: ClientsOf, cluster: ClusterReference): Promise<string | undefined> {
  const { containerService, credential } = clients(cluster.subscriptionId);
  const id = clusterId(cluster);
  const key = signInKey(id);
  const known = signIns.get(key);
  if (known === undefined) {
    const { managedClusters } = containerService;
    const found = await asOneLook(() => azureCall(id, () => managedClusters.get(cluster.resourceGroup, cluster.name)));
    signIns.set(key, found.aadProfile?.managed ? 'entra' : 'none');
    const [oldest] = signIns.keys();
    if (signIns.size > mostSignIns && oldest !== undefined) signIns.delete(oldest);
  }
  if (signIns.get(key) !== 'entra') return undefined;
  return (await credential.getToken(`${aksServerApplication}/.default`))?.token;
}

/** How each run's cluster wants commands to be signed in, until one of them fails. A run looks into its cluster many times. */
const signIns = new Map<string, 'entra' | 'none'>();
/** More runs than a worker has in flight. */
const mostSignIns = 2_000;

const signInKey = (id: string): string => `${activityInfo().workflowExecution?.runId ?? ''} ${keyOf(id)}`;
