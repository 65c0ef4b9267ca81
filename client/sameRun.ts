import { isDeepStrictEqual } from 'node:util';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import type { z } from 'zod';
import { parse, type Scenario, scenarioInputs } from '../contract/index.ts';
import { decoded, looking } from './payloads.ts';

/** Whether two inputs of a scenario ask for the same: spelled-out defaults and the order of keys do not count. */
function asksTheSame(scenario: Scenario, one: unknown, other: unknown): boolean {
  const schema: z.ZodType = scenarioInputs[scenario];
  const [a, b] = [one, other].map((given) => parse(schema, given));
  return a?.ok === true && b?.ok === true && isDeepStrictEqual(a.value, b.value);
}

/** The open run of a workflow ID. */
export interface OpenRun {
  runId: string;
  /** Whether it was started as this scenario with the same input: a caller that was restarted goes on following it. */
  isSame: boolean;
}

/** The open run of this workflow ID, if there is one. */
export async function openRun(
  client: Client,
  workflowId: string,
  scenario: Scenario,
  given: unknown,
): Promise<OpenRun | undefined> {
  try {
    const { runId, status, type } = await looking(client).getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return undefined;
    if (type !== scenario) return { runId, isSame: false };
    const [input] = await inputOf(client, workflowId, runId);
    return { runId, isSame: asksTheSame(scenario, input, given) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The arguments of a run; none where this client cannot read them, as with others' keys. */
async function inputOf(client: Client, workflowId: string, runId: string): Promise<unknown[]> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const { input } = history?.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
  try {
    return await decoded(client, input?.payloads);
  } catch (error) {
    if (error instanceof ValueError) return [];
    throw error;
  }
}
