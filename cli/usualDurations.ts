import { ValueError } from '@temporalio/common';
import type { AksIsolationClient } from '../client/index.ts';
import { looking } from '../client/payloads.ts';
import type { Scenario } from '../contract/index.ts';
import { between } from './text/duration.ts';

/** As many verified runs are looked at: one alone may have been unlucky. */
const lookedAt = 3;

/**
 * How long steps of each kind took in the last verified runs of a scenario, on whichever cluster; the longest counts. Empty where
 * there is none, or where they cannot be listed: people see no estimate then.
 */
export async function usualDurations(
  { temporal }: AksIsolationClient,
  scenario: Scenario,
): Promise<Map<string, number>> {
  const usual = new Map<string, number>();
  const query = `WorkflowType = '${scenario}' AND AksPhase = 'Succeeded' AND ExecutionStatus = 'Completed'`;
  try {
    let left = lookedAt;
    for await (const { workflowId, runId } of looking(temporal).list({ query, pageSize: lookedAt })) {
      const { steps = [] } = await temporal.workflow.getHandle(workflowId, runId).result().catch(unread);
      for (const { kind, state, startedAt, finishedAt } of steps) {
        if (state !== 'done' || !startedAt || !finishedAt) continue;
        usual.set(kind, Math.max(usual.get(kind) ?? 0, between(startedAt, finishedAt)));
      }
      left -= 1;
      if (left === 0) break;
    }
  } catch {
    // Neither a missing search attribute nor a history that is gone keeps anybody from watching a run.
  }
  return usual;
}

/** A run of other keys tells nothing here, and keeps nobody from asking the others. */
function unread(error: unknown): { steps?: never } {
  if (error instanceof ValueError) return {};
  throw error;
}
