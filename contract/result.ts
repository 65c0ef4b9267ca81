import type { PoolReimage } from '../resources/nodes.ts';
import type { Approval } from './approval.ts';
import type { ErrorDetails } from './errors.ts';
import type { Scenario } from './names.ts';
import type { Plan } from './plan.ts';
import type { StepProgress } from './progress.ts';

interface Promised {
  /** Unique in a report. */
  id: string;
  title: string;
  resourceId: string;
  expected: string;
  seen: string;
  /** How it was seen, where that is not Azure Resource Manager's own answer. */
  evidence?: string;
  /** The input accepts that it is not as expected, or that it could not be looked at. */
  accepted?: true;
}

/**
 * Why something could not be looked at. `runCommandForbidden`, `readForbidden`: the cluster or Azure does not let the worker look. `podDenied`: the cluster does not admit the pod of the look.
 * `failed`: it was tried in vain. `incomplete`: not everything that Azure counts was seen. `notAsked`: the input wants no look.
 */
export type Gap = 'runCommandForbidden' | 'podDenied' | 'readForbidden' | 'failed' | 'incomplete' | 'notAsked';

/**
 * One promise, read back from Azure: as promised, otherwise, or not looked at. The third is never taken for one of the
 * others. `ok`: a run may end verified with it.
 */
export type Check = Promised &
  (
    | { verdict: 'met'; ok: true; unproven?: undefined }
    | { verdict: 'missed'; ok: boolean; unproven?: undefined }
    | {
        verdict: 'unproven';
        ok: boolean;
        because: Gap;
        /** For people: why it could not be looked at. */
        unproven: string;
      }
  );

/** Result of a scenario that has run to its end: everything that was promised, and its proof. */
export interface VerificationReport {
  outcome: 'verified';
  /** Promises that nobody could look at, with the reason. The input accepts that. */
  unproven: readonly string[];
  /** Parts that Azure did not let the worker read before the first write. Left out where all was read. */
  unread?: readonly string[];
  /** There was nothing to do: everything was as wanted already. */
  nothingToDo?: true;
  scenario: Scenario;
  /** Resource ID of the cluster. */
  cluster: string;
  startedAt: string;
  finishedAt: string;
  plan: Plan;
  steps: readonly StepProgress[];
  checks: readonly Check[];
  approvals: readonly Approval[];
  /** How each planned reimage ended. */
  reimages: readonly PoolReimage[];
  /** Events that no receiver has taken, with the reason. Left out where there are none. */
  untold?: readonly string[];
}

/** `Unproven`: nothing has drifted, and not everything could be looked at. */
export type AuditVerdict = 'Isolated' | 'Drifted' | 'Unproven';

/** Result of `auditCluster`. */
export interface AuditReport {
  outcome: 'audited';
  verdict: AuditVerdict;
  /** Everything that was seen and is not as isolation wants it. */
  drift: readonly string[];
  /** Everything that nobody could look at, with the reason. */
  unproven: readonly string[];
  /** Whether every requirement of network isolation is met, and was seen to be. */
  isolated: boolean;
  scenario: 'auditCluster';
  cluster: string;
  startedAt: string;
  finishedAt: string;
  checks: readonly Check[];
  /** As in {@link VerificationReport}. */
  untold?: readonly string[];
}

/** Result with `dryRun: true`. */
export interface PlanReport {
  outcome: 'planned';
  /** Whether nothing stands against the plan. Left out by version 0.1. */
  applicable?: boolean;
  /** Parts that Azure did not let the worker read. Left out where all was read. */
  unread?: readonly string[];
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
  /** Promises that nobody could look at, with the reason. */
  unproven: readonly string[];
  cluster: string;
  /** Left out where nothing failed: the run was cancelled. */
  error?: ScenarioError;
  steps: readonly StepProgress[];
  checks: readonly Check[];
  approvals: readonly Approval[];
  reimages: readonly PoolReimage[];
  leftovers: readonly Leftover[];
  /** Resources that the run had deleted, and that are not back: as planned, or because they could not be put back. Left out where there are none. */
  deleted?: readonly Leftover[];
  /** As in {@link VerificationReport}. */
  untold?: readonly string[];
}
