import { type Problem, problemsText } from '../contract/index.ts';

/** The input breaks its schema. Nothing was started. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`Invalid input:\n${problemsText(problems)}`);
    this.problems = problems;
  }
}

/** Another scenario runs on this cluster, and holds its lock: the workflow ID. */
export class ClusterBusyError extends Error {
  override readonly name = 'ClusterBusyError';
  readonly workflowId: string;
  constructor(workflowId: string, cause?: unknown) {
    super(`A scenario is running on this cluster already. Wait for workflow ${workflowId}, or cancel it.`, { cause });
    this.workflowId = workflowId;
  }
}

/** A rollout of this name runs already. */
export class FleetRunningError extends Error {
  override readonly name = 'FleetRunningError';
  readonly workflowId: string;
  constructor(workflowId: string, cause?: unknown) {
    super(`A rollout of this name is running already. Wait for workflow ${workflowId}, or cancel it.`, { cause });
    this.workflowId = workflowId;
  }
}
