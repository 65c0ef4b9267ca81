import type { Problem } from './problem.ts';
import type { Profile, ProfileDifference } from './profiles.ts';

/**
 * What a step does to its resource: `check` looks or waits and changes nothing, `none` means that it is as wanted already,
 * or that it stays.
 */
export type Action = 'create' | 'update' | 'delete' | 'check' | 'none';

export interface PlannedStep {
  id: string;
  title: string;
  action: Action;
  /** Why this action: what discovery saw. */
  reason: string;
  /** IDs of the steps that must be done before this one starts. */
  needs: readonly string[];
  resourceId: string;
  /** Why this step cannot be taken back, if it cannot. */
  forwardOnly?: string;
}

/** What a scenario is going to do, computed from its input and what discovery saw; nothing has been changed yet. */
export interface Plan {
  profile: Profile;
  /** Every difference between the profiles that acts in this run. */
  differences: readonly ProfileDifference[];
  steps: readonly PlannedStep[];
  /** Everything that would stop the run later. A plan with problems is never applied. */
  problems: readonly Problem[];
}
