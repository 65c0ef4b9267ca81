import type { WorkflowHandle } from '@temporalio/client';
import {
  type ApprovalRequest,
  approvalUpdateId,
  approveUpdate,
  type Decision,
  type DecisionRequest,
  decideUpdate,
  decisionUpdateId,
  type Progress,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  type ScenarioResult,
} from '../contract/index.ts';
import { endingOf, type ScenarioEnding } from './ending.ts';
import { watch } from './watch.ts';

/** One run of a scenario. It stays that run, even if other scenarios are started on the cluster afterwards. */
export interface ScenarioHandle<Result extends ScenarioResult = ScenarioResult> {
  readonly workflowId: string;
  /** Left out where the handle follows whichever run of the workflow ID is the last. */
  readonly runId?: string;
  /** The scenario's progress now. */
  progress(): Promise<Progress>;
  /**
   * Yields the progress whenever it changes, until the scenario ends. Waits while no worker is up.
   *
   * @param intervalMs Least time between two looks. Default: 500.
   * @throws Temporal's `ServiceError` if Temporal can no longer be reached, `WorkflowNotFoundError` if there is no such run.
   */
  watch(intervalMs?: number): AsyncGenerator<Progress, void, undefined>;
  /**
   * Waits for the end of the scenario.
   *
   * @throws Temporal's `WorkflowFailedError`. The type of its cause is one of the contract's `errorTypes`.
   */
  result(): Promise<Result>;
  /** Waits for the end of the scenario and says how it came, whatever way that was. No worker is needed for a run that has ended. */
  ending(): Promise<ScenarioEnding<Result>>;
  /**
   * Answers a scenario that waits for an operator's decision. Throws if it waits for none, or asks something else by then. An
   * answer that is sent again changes nothing.
   *
   * @param hold The hold that is answered, as `progress()` showed it. Default: the one that is there now.
   */
  decide(decision: Decision, hold?: string): Promise<void>;
  /**
   * Lets a scenario pass a gate. Throws if the gate does not wait. `wait` in the request binds it to what `progress()` showed;
   * default: the wait that is there now.
   */
  approve(approval: ApprovalRequest): Promise<void>;
  /** Keeps further steps from starting. Operations that run in Azure go on. Throws if the scenario is paused, or takes its changes back. */
  pause(): Promise<void>;
  /** Lets a paused scenario go on. Throws if the scenario is not paused. */
  resume(): Promise<void>;
  /** Asks the scenario to stop and to take its changes back. */
  cancel(): Promise<void>;
}

/** A run's handle, by Temporal's. */
export function scenarioHandle<Result extends ScenarioResult>(
  handle: WorkflowHandle,
  runId?: string,
): ScenarioHandle<Result> {
  const progress = () => handle.query<Progress>(progressQuery);
  return {
    workflowId: handle.workflowId,
    ...(runId !== undefined && { runId }),
    progress,
    watch: (intervalMs) => watch(handle, runId, progress, intervalMs),
    result: () => handle.result() as Promise<Result>,
    ending: () => endingOf<Result>(handle, runId),
    async decide(decision, given) {
      const hold = given ?? (await progress()).hold;
      const bound = hold !== undefined && { updateId: decisionUpdateId(hold, decision) };
      const request: DecisionRequest = hold === undefined ? decision : { decision, hold };
      await handle.executeUpdate<void, [DecisionRequest]>(decideUpdate, { args: [request], ...bound });
    },
    async approve(approval) {
      const wait = approval.wait ?? (await progress()).waits?.[approval.gate];
      const bound = wait !== undefined && { updateId: approvalUpdateId(wait) };
      const request = wait === undefined ? approval : { ...approval, wait };
      await handle.executeUpdate<void, [ApprovalRequest]>(approveUpdate, { args: [request], ...bound });
    },
    pause: () => handle.executeUpdate<void, []>(pauseUpdate),
    resume: () => handle.executeUpdate<void, []>(resumeUpdate),
    cancel: async () => {
      await handle.cancel();
    },
  };
}
