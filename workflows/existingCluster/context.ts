import type { ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { ApprovalGate } from '../../contract/names.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { Marks } from '../../resources/marks.ts';
import type { Apply } from '../engine/scenario.ts';
import type { Limit } from '../engine/step.ts';
import type { ExistingClusterInput } from './facts.ts';
import type { UpdatePlan } from './plan.ts';

export type UpdateInput = ExistingClusterInput &
  Pick<ParsedIsolateClusterInput, 'reimage' | 'approvalTimeoutMinutes' | 'onFailure'> & {
    approvals: readonly ApprovalGate[];
  };

/** Everything that the steps of a scenario on an existing cluster need. */
export interface UpdateContext<Input extends UpdateInput = UpdateInput> extends Apply {
  readonly input: Input;
  readonly seen: ExistingClusterFacts;
  /** The cluster as discovery saw it. */
  readonly found: ClusterFacts;
  readonly plan: UpdatePlan;
  /** The marks of what this run creates. */
  readonly marks: Marks;
  /** Has temporary copies of pools wait for each other. Left out where they need not. */
  readonly copies?: Limit;
}
