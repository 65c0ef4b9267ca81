import { operation, service } from 'nexus-rpc';
import type { FleetPlanReport, FleetReport } from './fleet.ts';
import type { CreateClusterInput } from './inputs/createCluster.ts';
import type { DeleteClusterInput } from './inputs/deleteCluster.ts';
import type {
  AuditClusterInput,
  ChangeRegistryInput,
  DisableIsolationInput,
  IsolateClusterInput,
  ReimageNodePoolsInput,
} from './inputs/existingCluster.ts';
import type { RolloutFleetInput } from './inputs/rolloutFleet.ts';
import type { rolloutFleet, Scenario } from './names.ts';
import type { AuditReport, PlanReport, VerificationReport } from './result.ts';

/** Scenarios that write. Their operations' results and failures are those of the scenarios. */
export const scenarioService = service('aks-isolation.scenarios', {
  createCluster: operation<CreateClusterInput, VerificationReport>(),
  isolateCluster: operation<IsolateClusterInput, VerificationReport>(),
  changeRegistry: operation<ChangeRegistryInput, VerificationReport>(),
  disableIsolation: operation<DisableIsolationInput, VerificationReport>(),
  reimageNodePools: operation<ReimageNodePoolsInput, VerificationReport>(),
  deleteCluster: operation<DeleteClusterInput, VerificationReport>(),
  rolloutFleet: operation<RolloutFleetInput, FleetReport>(),
} satisfies Record<Exclude<Scenario, 'auditCluster'> | typeof rolloutFleet, unknown>);

/** The input of a plan: that of the scenario, whose `dryRun` is set. */
export interface PlanRequest {
  scenario: Exclude<Scenario, 'auditCluster'>;
  input: object;
}

/** Plans and audits. They change nothing, so that they can be on another endpoint. */
export const lookService = service('aks-isolation.looks', {
  plan: operation<PlanRequest, PlanReport>(),
  planRollout: operation<RolloutFleetInput, FleetPlanReport>(),
  auditCluster: operation<AuditClusterInput, AuditReport>(),
});
