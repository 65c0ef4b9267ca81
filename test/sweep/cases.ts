import type { CaseKind } from './kinds.ts';
import type { RequestKey } from './requests.ts';
import type { SweptName } from './scenarios.ts';

export interface SweepCase {
  scenario: SweptName;
  kind: CaseKind;
  /** Where it happens: a request, or as the kind has it `before activity 3` or `reset point 3`. */
  request: RequestKey;
  /** The fault of a hold, and what else goes wrong in it. */
  hold?: string;
}

export interface SweptCase extends SweepCase, Judgement {
  seconds: number;
}

/** Defects by their kind; a case with any is wrong. */
export const defects = ['thirdState', 'repeated', 'leftovers', 'touched'] as const;
export type Defect = (typeof defects)[number];

/**
 * `told`: not everything is as before, and what is not is named.
 * `continued`: what cannot be taken back was finished by starting the scenario again.
 */
export const outcomes = ['verified', 'rolledBack', 'told', 'continued', 'wrong'] as const;
export type Outcome = (typeof outcomes)[number];

export interface Judgement {
  outcome: Outcome;
  /** A defect and its text. */
  found: readonly (readonly [Defect, string])[];
}

export const wrong = (...found: Judgement['found']): Judgement => ({ outcome: 'wrong', found });
