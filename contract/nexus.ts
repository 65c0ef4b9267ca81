import { operation, service } from 'nexus-rpc';
import type { CreateClusterInput } from './inputs/createCluster.ts';
import type { DeleteClusterInput } from './inputs/deleteCluster.ts';
import type {
  AuditClusterInput,
  ChangeRegistryInput,
  DisableIsolationInput,
  IsolateClusterInput,
  ReimageNodePoolsInput,
} from './inputs/existingCluster.ts';
import type { Scenario } from './names.ts';
import type { AuditReport, PlanReport, VerificationReport } from './result.ts';

/** Scenarios that write. Their operations' results and failures are those of the scenarios. */
export const scenarioService = service('aks-isolation.scenarios', {
  createCluster: operation<CreateClusterInput, VerificationReport>(),
  isolateCluster: operation<IsolateClusterInput, VerificationReport>(),
  changeRegistry: operation<ChangeRegistryInput, VerificationReport>(),
  disableIsolation: operation<DisableIsolationInput, VerificationReport>(),
  reimageNodePools: operation<ReimageNodePoolsInput, VerificationReport>(),
  deleteCluster: operation<DeleteClusterInput, VerificationReport>(),
} satisfies Record<Exclude<Scenario, 'auditCluster'>, unknown>);

/** The input of a plan: that of the scenario, whose `dryRun` is set. */
export interface PlanRequest {
  scenario: Exclude<Scenario, 'auditCluster'>;
  input: object;
}

/** Plans and audits. They change nothing, so that they can be on another endpoint. */
export const lookService = service('aks-isolation.looks', {
  plan: operation<PlanRequest, PlanReport>(),
  auditCluster: operation<AuditClusterInput, AuditReport>(),
});
