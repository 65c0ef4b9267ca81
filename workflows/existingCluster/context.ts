import type { ParsedIsolateClusterInput } from '../../contract/inputs/existingCluster.ts';
import type { ApprovalGate } from '../../contract/names.ts';
import type { Check } from '../../contract/result.ts';
import type { ExistingClusterFacts } from '../../resources/discovery.ts';
import type { ClusterFacts } from '../../resources/managedClusters.ts';
import type { Marks } from '../../resources/marks.ts';
import type { KubernetesFacts, Look } from '../../resources/nodes.ts';
import type { RolePropagation } from '../../resources/roles.ts';
import type { ScenarioRun } from '../engine/scenarioRun.ts';
import type { Step } from '../engine/steps.ts';
import type { ExistingClusterInput } from './facts.ts';
import type { UpdatePlan } from './plan.ts';

export type UpdateInput = ExistingClusterInput &
  Pick<ParsedIsolateClusterInput, 'reimage' | 'approvalTimeoutMinutes' | 'onFailure'> & {
    approvals: readonly ApprovalGate[];
  };

/** A scenario under way on a cluster that is there: what its steps need to know. */
export interface UpdateContext<Input extends UpdateInput = UpdateInput> {
  input: Input;
  seen: ExistingClusterFacts;
  found: ClusterFacts;
  plan: UpdatePlan;
  owner: Marks;
  step: Step;
  run: ScenarioRun;
  /** Roles that nodes need and that were assigned a moment ago; to be asked once the steps of the infrastructure are done. */
  rolePropagation(): Promise<RolePropagation | undefined>;
  /** The nodes after the cluster was updated and before any pool is reimaged. */
  kubernetes?: Promise<Look<KubernetesFacts>>;
  /** What the pull probe found, once its step is done. */
  probed: Check[];
}
