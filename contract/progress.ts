import type { ApprovalGate, Decision, Scenario } from './names.ts';
import type { PlannedStep } from './plan.ts';
import type { Problem } from './problem.ts';

export const phases = [
  'checking',
  'discovering',
  'planning',
  'applying',
  'verifying',
  /** A gate waits for the `approve` update. */
  'awaitingApproval',
  /** A step failed and an operator decides what happens (`onFailure: "hold"`). */
  'waitingForOperator',
  'rollingBack',
  'succeeded',
  'planned',
  'failed',
  'rolledBack',
] as const;
export type Phase = (typeof phases)[number];

const lastPhases: ReadonlySet<Phase> = new Set<Phase>(['succeeded', 'planned', 'failed', 'rolledBack']);

/** Whether a scenario in this phase has ended. */
export const hasEnded = (phase: Phase): boolean => lastPhases.has(phase);

export const stepStates = [
  'waiting',
  'running',
  'done',
  /** Nothing to do: action `none`. */
  'unchanged',
  'failed',
  /** Never started, because another step failed or the run was cancelled. */
  'skipped',
  'undoing',
  'undone',
  /** Could not be taken back; the failure names it. */
  'leftBehind',
] as const;
export type StepState = (typeof stepStates)[number];

export interface StepProgress extends PlannedStep {
  state: StepState;
  /** For people: other steps, an Azure operation, or an operator. */
  waitsFor?: string;
  /** ISO 8601, UTC. */
  startedAt?: string;
  finishedAt?: string;
  /** Why it failed, or could not be taken back. */
  error?: string;
  /** Advice about the error. */
  whatToDo?: string;
  /** Finds the request that failed in Azure's activity log. */
  correlationId?: string;
}

/** Answer of the `progress` query. */
export interface Progress {
  scenario: Scenario;
  /** Resource ID of the cluster. */
  cluster: string;
  phase: Phase;
  /** The starter, by the memo of that name. Nobody has checked the name of a person. Left out where nobody said so. */
  startedBy?: string;
  /** Goes up with each change. */
  revision: number;
  startedAt: string;
  updatedAt: string;
  /** For people, and to be read first: what could not be proven, an audit's verdict, how the run ended and why. */
  found?: readonly string[];
  steps: readonly StepProgress[];
  problems: readonly Problem[];
  /** Set while an operator's decision is waited for. */
  decisions?: readonly Decision[];
  /** ID of the hold that the decision is about. */
  hold?: string;
  /** Why `retry` is not among the decisions. */
  noRetry?: string;
  /** Until when a decision is waited for, ISO 8601, UTC. Then `byDefault` happens. */
  decideBy?: string;
  byDefault?: Decision;
  /** Set while no further step starts, by the `pause` update. */
  paused?: true;
  /** Until when it stays paused, ISO 8601, UTC. Then it fails with `PauseTimedOut`. Left out for runs of version 0.1. */
  pausedUntil?: string;
  /** Gates that wait for an approval. */
  awaitingApproval?: readonly ApprovalGate[];
  /** Until when each of them waits, ISO 8601, UTC. Then the run fails with `ApprovalTimedOut`. */
  approveBy?: { readonly [G in ApprovalGate]?: string };
  /** ID of the wait at each of these gates. */
  waits?: { readonly [G in ApprovalGate]?: string };
  /** The commands that answer what is asked now. */
  answers?: readonly string[];
  /** Events that no receiver has taken, with the reason. */
  untold?: readonly string[];
}
