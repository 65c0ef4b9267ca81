import type { ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { ApprovalGate } from '../../contract/names.ts';
import type { Check } from '../../contract/result.ts';
import type { LivingFacts } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { ClusterInterior, Look } from '../../resources/nodes.ts';
import type { Ownership } from '../../resources/ownership.ts';
import type { RolePropagation } from '../../resources/roles.ts';
import type { ScenarioRun } from '../engine/scenarioRun.ts';
import type { Step } from '../engine/steps.ts';
import type { LivingInput } from './facts.ts';
import type { LivingPlan } from './plan.ts';

export type CommonLivingInput = LivingInput &
  Pick<ParsedIsolateClusterInput, 'reimage' | 'approvalTimeoutMinutes' | 'onFailure'> & {
    approvals: readonly ApprovalGate[];
  };

/** A scenario under way on a cluster that is there: what its steps need to know. */
export interface Living<Input extends CommonLivingInput = CommonLivingInput> {
  input: Input;
  seen: LivingFacts;
  found: ClusterFacts;
  plan: LivingPlan;
  owner: Ownership;
  step: Step;
  run: ScenarioRun;
  /** Roles that nodes need and that were assigned a moment ago; to be asked once the steps of the infrastructure are done. */
  rolePropagation(): Promise<RolePropagation | undefined>;
  /** The nodes after the cluster was updated and before any pool is reimaged. */
  interior?: Promise<Look<ClusterInterior>>;
  /** What the pull probe found, once its step is done. */
  probed: Check[];
}
