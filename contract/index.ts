/** The public names. The product's own code imports from the files themselves. */
export type { ClusterReference } from '../resources/ids.ts';
export type { Difference } from '../resources/mismatch.ts';
export type { NodeProof, PoolProof, PoolReimage } from '../resources/nodes.ts';
export {
  type Approval,
  type ApprovalRequest,
  approvalCommand,
  approvalRequest,
  approvalUpdateId,
  type DecisionRequest,
  decisionCommand,
  decisionUpdateId,
} from './approval.ts';
export {
  activityErrors,
  type ErrorDetails,
  type ErrorEntry,
  errorPage,
  errorSections,
  type OwnError,
  scenarioErrors,
} from './errors.ts';
export type {
  FleetApprovalRequest,
  FleetBound,
  FleetCounts,
  FleetFailure,
  FleetPhase,
  FleetPlan,
  FleetPlanReport,
  FleetProgress,
  FleetReport,
  MemberState,
  VerdictChange,
} from './fleet.ts';
export { type CreateClusterInput, createClusterInput, type ParsedCreateClusterInput } from './inputs/createCluster.ts';
export {
  type ClusterPart,
  clusterParts,
  type DeleteClusterInput,
  deleteClusterInput,
  type ParsedDeleteClusterInput,
} from './inputs/deleteCluster.ts';
export {
  type AuditClusterInput,
  auditClusterInput,
  type ChangeRegistryInput,
  changeRegistryInput,
  type DisableIsolationInput,
  disableIsolationInput,
  type IsolateClusterInput,
  isolateClusterInput,
  type ParsedAuditClusterInput,
  type ParsedChangeRegistryInput,
  type ParsedDisableIsolationInput,
  type ParsedIsolateClusterInput,
  type ParsedReimageNodePoolsInput,
  type ReimageNodePoolsInput,
  reimageNodePoolsInput,
} from './inputs/existingCluster.ts';
export { type ParsedInput, type ScenarioInput, scenarioInputs } from './inputs/index.ts';
export { type WayOut, waysOut } from './inputs/isolation.ts';
export {
  type FleetScenario,
  fleetScenarios,
  type RolloutFleetInput,
  rolloutFleetInput,
} from './inputs/rolloutFleet.ts';
export {
  type ApprovalGate,
  approvalGates,
  approveUpdate,
  cancellationMemo,
  clusterWorkflowId,
  type Decision,
  decideUpdate,
  decisions,
  errorTypes,
  type FleetDecision,
  fleetDecisions,
  fleetWorkflowId,
  pauseUpdate,
  progressQuery,
  readOnlyTaskQueue,
  resumeUpdate,
  retryFailedUpdate,
  rolloutFleet,
  type Scenario,
  scenarios,
  searchAttributes,
  skipUpdate,
  startedByMemo,
  taskQueue,
} from './names.ts';
export { type Parsed, parse } from './parse.ts';
export { parseRolloutFleet } from './parseRolloutFleet.ts';
export type { Action, Plan, PlannedStep, PlannedTurns, StepId, StepKind } from './plan.ts';
export { type Problem, type Problems, problemsText, problemText } from './problem.ts';
export { type Profile, profileDifference, profileSetting, profiles, profileTable } from './profiles.ts';
export {
  hasEnded,
  type Phase,
  type Progress,
  phases,
  type StepProgress,
  type StepState,
  stepStates,
} from './progress.ts';
export type {
  AuditReport,
  AuditVerdict,
  Check,
  FailureDetails,
  Gap,
  Leftover,
  PlanReport,
  ScenarioError,
  ScenarioResult,
  VerificationReport,
} from './result.ts';
