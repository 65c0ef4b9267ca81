import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import { ownFailure } from '../contract/failures.ts';
import { scenarioInputs } from '../contract/inputs/index.ts';
import { startScenarioInput } from '../contract/inputs/startScenario.ts';
import { clusterWorkflowId, errorTypes, startedByMemo, startedByOption } from '../contract/names.ts';
import type { ClusterReference } from '../resources/ids.ts';
import { checkedInput } from './engine/givenInput.ts';
import { problemsFailure } from './engine/outcome.ts';

/**
 * Starts a scenario under the ID that is the lock on its cluster, and ends as it ends. It takes any workflow ID but that one:
 * a schedule adds its time to the ID of what it starts, under which no scenario may write.
 *
 * The scenario is cancelled with it, which takes everything back. If it is terminated, the scenario goes on. The scenario has the
 * same starter in its memo.
 */
export async function startScenario(given: unknown): Promise<unknown> {
  const { scenario, input } = checkedInput(startScenarioInput, given);
  const schema: z.ZodType<{ cluster: ClusterReference }> = scenarioInputs[scenario];
  const { cluster } = checkedInput(schema, input);
  const workflowId = clusterWorkflowId(cluster);
  refuseLock(workflowId);
  const startedBy = workflowInfo().memo?.[startedByMemo];
  try {
    const run = await startChild(scenario, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      ...startedByOption(startedBy),
    });
    return await run.result();
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw ownFailure('ClusterBusy', `${workflowId} runs already`);
  }
}

function refuseLock(lock: string): void {
  if (workflowInfo().workflowId !== lock) return;
  const whatToDo = 'Give it another one: the scenario itself runs under this ID.';
  throw problemsFailure(errorTypes.wrongWorkflowId, [
    { where: 'workflow ID', problem: `${lock} is the lock on the cluster`, whatToDo },
  ]);
}
