import type { PlannedStep, StepId } from '../../contract/plan.ts';
import type { Problem } from '../../contract/problem.ts';

/** A part of a plan: its steps, and everything that would stop them. */
export interface Part {
  steps: readonly PlannedStep[];
  problems: readonly Problem[];
}

export const nothingPlanned: Part = { steps: [], problems: [] };

export const stepIds = (steps: readonly PlannedStep[]): StepId[] => steps.map(({ id }) => id);

/** Whether the plan changes what nodes boot from. */
export const bootstrapChanges = (steps: readonly PlannedStep[]): boolean =>
  anyActs(steps.filter(({ kind }) => kind === 'bootstrap'));

/** Whether any of the steps is to do something. */
export const anyActs = (steps: readonly PlannedStep[]): boolean => steps.some(({ action }) => action !== 'none');
