import type { PoolReimage } from '../resources/nodes.ts';
import type { Approval } from './approval.ts';
import type { ErrorDetails } from './errors.ts';
import type { Scenario } from './names.ts';
import type { Plan } from './plan.ts';
import type { StepProgress } from './progress.ts';

/** One promise, read back from Azure. */
export interface Check {
  id: string;
  title: string;
  resourceId: string;
  expected: string;
  seen: string;
  ok: boolean;
  /** How it was seen, where that is not Azure Resource Manager's own answer. */
  evidence?: string;
  /** Why it could not be looked at. */
  unproven?: string;
  /** The input accepts that it is not as expected, or that it could not be looked at. */
  accepted?: true;
}

/** Result of a scenario that has run to its end: everything that was promised, and its proof. */
export interface VerificationReport {
  outcome: 'verified';
  scenario: Scenario;
  /** Resource ID of the cluster. */
  cluster: string;
  startedAt: string;
  finishedAt: string;
  /** Titles of what isolation depends on and nobody could look at, accepted by the input. */
  unproven: readonly string[];
  plan: Plan;
  steps: readonly StepProgress[];
  checks: readonly Check[];
  approvals: readonly Approval[];
  /** How each planned reimage ended. */
  reimages: readonly PoolReimage[];
}

/** Result of `auditCluster`. */
export interface AuditReport {
  outcome: 'audited';
  scenario: 'auditCluster';
  cluster: string;
  startedAt: string;
  finishedAt: string;
  /** Whether every requirement of network isolation is met, and was seen to be. */
  isolated: boolean;
  /** Titles of what nobody could look at. */
  unproven: readonly string[];
  checks: readonly Check[];
}

/** Result with `dryRun: true`. */
export interface PlanReport {
  outcome: 'planned';
  scenario: Scenario;
  cluster: string;
  plan: Plan;
}

export type ScenarioResult = VerificationReport | PlanReport | AuditReport;

/** Something that a failed run could not take back, or was told to leave. */
export interface Leftover {
  resourceId: string;
  why: string;
  /** Left out where it was left as asked. */
  whatToDo?: string;
}

/** The error that made a scenario fail. */
export interface ScenarioError extends ErrorDetails {
  /** Azure's error code, or one of the product's own. */
  type: string;
  message: string;
}

/** Details of a failed scenario's application failure. */
export interface FailureDetails {
  cluster: string;
  /** Left out where nothing failed: the run was cancelled. */
  error?: ScenarioError;
  steps: readonly StepProgress[];
  checks: readonly Check[];
  approvals: readonly Approval[];
  reimages: readonly PoolReimage[];
  leftovers: readonly Leftover[];
}
