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
}

/** What a scenario that has run to its end proves. */
export interface VerificationReport {
  outcome: 'verified';
  scenario: Scenario;
  /** Resource ID of the cluster. */
  cluster: string;
  startedAt: string;
  finishedAt: string;
  plan: Plan;
  steps: readonly StepProgress[];
  checks: readonly Check[];
}

/** What `dryRun: true` returns. */
export interface PlanReport {
  outcome: 'planned';
  scenario: Scenario;
  cluster: string;
  plan: Plan;
}

export type ScenarioResult = VerificationReport | PlanReport;

/** Something that a failed run could not take back, or was told to leave. */
export interface Leftover {
  resourceId: string;
  why: string;
}

/** Details of a failed scenario's application failure. */
export interface FailureDetails {
  cluster: string;
  steps: readonly StepProgress[];
  checks: readonly Check[];
  leftovers: readonly Leftover[];
}
