import { WorkflowNotFoundError } from '@temporalio/client';
import type { ScenarioHandle } from '../../client/index.ts';
import { looking } from '../../client/payloads.ts';
import { type ClusterReference, clusterWorkflowId, rolloutFleet, scenarios } from '../../contract/index.ts';
import { fleetMember } from '../../contract/names.ts';
import type { Session, SessionOptions } from '../session.ts';
import { UserError } from '../userError.ts';

export interface RunOptions extends SessionOptions {
  runId?: string;
}

const clusterId = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/[^/]+\/managedClusters\/([^/]+)$/i;

/** The workflow ID that somebody means by a workflow ID, or by the resource ID of a cluster. */
function workflowIdOf(target: string): string {
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
    throw new UserError(
      `There is no run ${workflowId}${runId === undefined ? '' : ` with run ID ${runId}`}. See: aks-isolation list`,
    );
  }
}
