import { patched, workflowInfo } from '@temporalio/workflow';
import { clusterWorkflowId, errorTypes } from '../../contract/names.ts';
import { problemsFailure } from './outcome.ts';
import type { CommonInput } from './progress.ts';

/** Temporal allows one open workflow per ID: under any other ID, two scenarios could write to one cluster. */
export function refuseWrongWorkflowId({ cluster, dryRun }: CommonInput): void {
  const expected = clusterWorkflowId(cluster);
  const { workflowId } = workflowInfo();
  if (dryRun || workflowId === expected) return;
  const whatToDo = `Start it again with workflow ID ${expected}: the ID is the lock on the cluster.`;
  throw problemsFailure(errorTypes.wrongWorkflowId, [
    { where: 'workflow ID', problem: `${workflowId} is not the one for this cluster`, whatToDo },
  ]);
}

/**
 * Temporal ends a run at its time-out, and starts one again by cron or retry policy, without a word to the workflow: nothing
 * would be taken back, or one run would begin upon what another has left.
 */
export function refuseVoidingOptions({ dryRun }: Pick<CommonInput, 'dryRun'>): void {
  const { executionTimeoutMs, runTimeoutMs, cronSchedule, retryPolicy } = workflowInfo();
  const given = {
    'workflow execution timeout': executionTimeoutMs,
    'workflow run timeout': runTimeoutMs,
    'cron schedule': cronSchedule,
    'workflow retry policy': retryPolicy,
  };
  // A time-out of 0 is none: the Temporal CLI sends that where the user gives no time-out.
  const voiding = Object.entries(given).flatMap(([where, option]) => (option ? [where] : []));
  // A run that an earlier version began goes on.
  if (dryRun || voiding.length === 0 || !patched('refuse-voiding-options')) return;
  throw problemsFailure(
    errorTypes.wrongStartOptions,
    voiding.map((where) => ({
      where,
      problem: 'Temporal would end or repeat the run by itself, and nothing would be taken back',
      whatToDo:
        'Start it without; its waits have bounds in the input, and `temporal workflow cancel` takes everything back.',
    })),
  );
}
