import type { WorkflowHandle } from '@temporalio/client';
import type {
  FleetApprovalRequest,
  FleetDecisionRequest,
  FleetPlanReport,
  FleetProgress,
  FleetReport,
  SkipRequest,
} from '../contract/fleet.ts';
import {
  approveUpdate,
  type ClusterReference,
  decideUpdate,
  type FleetDecision,
  pauseUpdate,
  progressQuery,
  resumeUpdate,
  retryFailedUpdate,
  skipUpdate,
} from '../contract/index.ts';
import { type Ending, endingOf } from './ending.ts';
import { watch } from './watch.ts';

/** How a rollout has ended. */
export type FleetEnding = Ending<FleetReport | FleetPlanReport>;

/** A rollout. It continues as new from time to time, and the handle follows. */
export interface FleetHandle {
  readonly workflowId: string;
  /** The rollout's progress now. */
  progress(): Promise<FleetProgress>;
  /** Yields the progress whenever it changes, until the rollout ends. @param intervalMs Least time between two looks. Default: 2,000. */
  watch(intervalMs?: number): AsyncGenerator<FleetProgress, void, undefined>;
  /** Waits for the end. @throws Temporal's `WorkflowFailedError`, whose cause is of type `FleetStopped` where clusters are left. */
  result(): Promise<FleetReport | FleetPlanReport>;
  /** Waits for the end, and says how it came, whatever way that was. */
  ending(): Promise<FleetEnding>;
  /** Lets a ring begin that waits at its gate. Throws if it does not wait. */
  approve(approval: FleetApprovalRequest): Promise<void>;
  /** Answers a rollout that is held. @param hold The hold that is answered. Default: the one that is there now. */
  decide(decision: FleetDecision, hold?: string): Promise<void>;
  /** Keeps further clusters from beginning. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Leaves a cluster out that has not begun, or has failed. */
  skip(cluster: ClusterReference): Promise<void>;
  /** Has the clusters that have failed tried again. */
  retryFailed(): Promise<void>;
  /** Asks the rollout to begin no further cluster; `onCancel` of its input says what becomes of those in work. */
  cancel(): Promise<void>;
}

/** A rollout's handle, by Temporal's. */
export function fleetHandle(handle: WorkflowHandle): FleetHandle {
  const progress = () => handle.query<FleetProgress>(progressQuery);
  return {
    workflowId: handle.workflowId,
    progress,
    watch: (intervalMs = 2_000) => watch(handle, undefined, progress, intervalMs),
    result: () => handle.result() as Promise<FleetReport | FleetPlanReport>,
    ending: () => endingOf<FleetReport | FleetPlanReport>(handle),
    approve: (approval) => handle.executeUpdate<void, [FleetApprovalRequest]>(approveUpdate, { args: [approval] }),
    async decide(decision, given) {
      const hold = given ?? (await progress()).hold ?? 'none';
      await handle.executeUpdate<void, [FleetDecisionRequest]>(decideUpdate, {
        args: [{ decision, hold }],
        updateId: `${decideUpdate}-${hold}-${decision}`,
      });
    },
    pause: () => handle.executeUpdate<void, []>(pauseUpdate),
    resume: () => handle.executeUpdate<void, []>(resumeUpdate),
    skip: (cluster) => handle.executeUpdate<void, [SkipRequest]>(skipUpdate, { args: [{ cluster }] }),
    retryFailed: () => handle.executeUpdate<void, []>(retryFailedUpdate),
    cancel: async () => {
      await handle.cancel();
    },
  };
}
