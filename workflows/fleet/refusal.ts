import { ApplicationFailure, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { rolloutFleet, searchAttributes } from '../../contract/names.ts';
import type { Problem } from '../../contract/problem.ts';
import { refusedMarkdown } from './shown.ts';

/** Looks at what a rollout was started with, or has found. One that is refused shows why, to whoever looks at it or lists runs. */
export function showingFleetRefusal<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof ApplicationFailure) {
      setCurrentDetails(refusedMarkdown((error.details?.[0] ?? []) as Problem[]));
      upsertSearchAttributes([
        { key: searchAttributes.scenario, value: rolloutFleet },
        { key: searchAttributes.phase, value: 'Failed' },
      ]);
    }
    throw error;
  }
}
