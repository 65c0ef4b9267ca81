import { WorkflowNotFoundError } from '@temporalio/client';
import type { ScenarioHandle } from '../../client/index.ts';
import { type ClusterReference, clusterWorkflowId, rolloutFleet } from '../../contract/index.ts';
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
  /** Workflow type. */
  type: string;
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
    } = await aks.temporal.workflow.getHandle(workflowId, runId).describe();
    session.waitsOn(taskQueue);
    // A rollout continues as new: its handle follows.
    const run = type === rolloutFleet ? aks.run(workflowId) : aks.run(workflowId, found);
    return { run, isOpen: status.name === 'RUNNING', type };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new UserError(
      `There is no run ${workflowId}${runId === undefined ? '' : ` with run ID ${runId}`}. See: aks-isolation list`,
    );
  }
}
