import { WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { ScenarioHandle } from '../../client/index.ts';
import { looking } from '../../client/payloads.ts';
import { type ClusterReference, clusterWorkflowId, rolloutFleet, scenarios } from '../../contract/index.ts';
import { fleetMember } from '../../contract/names.ts';
import type { Session, SessionOptions } from '../session.ts';
import { program, quoted } from '../text/commands.ts';
import { UserError } from '../userError.ts';

const { ARCHIVAL_STATE_ENABLED } = proto.temporal.api.enums.v1.ArchivalState;

export interface RunOptions extends SessionOptions {
  runId?: string;
}

const clusterId = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/[^/]+\/managedClusters\/([^/]+)$/i;

/** The workflow ID that somebody means by a workflow ID, or by the resource ID of a cluster. */
export function workflowIdOf(target: string): string {
  const [, subscriptionId, resourceGroup, name] = clusterId.exec(target) ?? [];
  return subscriptionId && resourceGroup && name ? clusterWorkflowId({ subscriptionId, resourceGroup, name }) : target;
}

/** A cluster by its resource ID, or by its scenarios' workflow ID. */
export function clusterOf(target: string): ClusterReference {
  const [, subscriptionId, resourceGroup, name] = /^aks\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(workflowIdOf(target)) ?? [];
  if (subscriptionId && resourceGroup && name) return { subscriptionId, resourceGroup, name };
  throw new UserError(
    `${target} is not the resource ID of a cluster. Use the one that \`az aks show --query id\` prints.`,
  );
}

export interface FoundRun {
  run: ScenarioHandle;
  isOpen: boolean;
  /** Whether it has ended with a result. */
  hasResult: boolean;
  /** Workflow type. */
  type: string;
}

/** A schedule's run that starts a scenario, and ends as that does. */
export const starter = 'startScenario';

/**
 * Refuses a run that shows and answers nothing that this program knows.
 *
 * @param types The workflow types that are good, beside scenarios and rollouts.
 */
export function refuseOthers({ run: { workflowId }, type }: FoundRun, types: readonly string[] = []): void {
  if ([...scenarios, rolloutFleet, ...types].includes(type)) return;
  const elsewhere: Readonly<Record<string, string>> = {
    [starter]: `${workflowId} only starts a scenario, which runs under the workflow ID of its cluster.`,
    [fleetMember]: `${workflowId} is a part of a rollout: look at that, or at the run of its cluster.`,
  };
  throw new UserError(`${elsewhere[type] ?? `${workflowId} is no scenario, but ${type}.`} See: aks-isolation list`);
}

/** The run that somebody means: the last one of its workflow ID, unless a run ID is given. */
export async function runOf(session: Session, target: string, runId: string | undefined): Promise<FoundRun> {
  const { aks } = session;
  const workflowId = workflowIdOf(target);
  try {
    const {
      runId: found,
      status,
      type,
      taskQueue,
    } = await looking(aks.temporal).getHandle(workflowId, runId).describe();
    session.waitsOn(taskQueue);
    // A rollout continues as new: its handle follows.
    const run = type === rolloutFleet ? aks.run(workflowId) : aks.run(workflowId, found);
    return { run, isOpen: status.name === 'RUNNING', hasResult: status.name === 'COMPLETED', type };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw await absent(session, workflowId, runId);
  }
}

/** Nobody can tell a run that never was from one that Temporal has deleted. */
async function absent({ aks }: Session, workflowId: string, runId: string | undefined): Promise<UserError> {
  const { workflowService, options } = aks.temporal;
  const { namespace } = options;
  const withRunId = runId === undefined ? '' : ` with run ID ${runId}`;
  // Who may not describe the namespace is told the rest.
  const { config } = await workflowService.describeNamespace({ namespace }).catch(() => ({ config: undefined }));
  const hours = Math.round(Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 3600);
  const kept = hours === 0 ? 'for its retention' : hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
  const archived =
    config?.historyArchivalState === ARCHIVAL_STATE_ENABLED
      ? ` Its archive is listed by: temporal workflow list --archived; and read by: ${program} report ${quoted(workflowId)} --run-id RUN`
      : '';
  return new UserError(
    `There is no run ${workflowId}${withRunId}. Namespace ${namespace} keeps runs ${kept} after their end.${archived} See: ${program} list`,
  );
}
