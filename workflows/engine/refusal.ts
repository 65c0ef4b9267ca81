import {
  ApplicationFailure,
  defineQuery,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { errorEntry, errorPage } from '../../contract/errors.ts';
import { withoutStack } from '../../contract/failures.ts';
import {
  errorTypes,
  progressQuery,
  rolloutFleet,
  type Scenario,
  scenarios,
  searchAttributes,
} from '../../contract/names.ts';
import type { Problem } from '../../contract/problem.ts';
import type { Progress } from '../../contract/progress.ts';
import { shortened } from '../../contract/shortened.ts';
import { progressMarkdown } from './progressMarkdown.ts';

/**
 * Looks at what a run was started with. A run that is refused there has no input to show, and shows the refusal: to `progress`, in the
 * current details, and to whoever lists runs.
 */
export function showingRefusal<T>(scenario: Scenario, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof ApplicationFailure) show(scenario, (error.details?.[0] ?? []) as Problem[]);
    throw error;
  }
}

function show(scenario: Scenario, problems: readonly Problem[]): void {
  const { workflowId, startTime } = workflowInfo();
  const startedAt = startTime.toISOString();
  const progress: Progress = {
    scenario,
    // Which cluster is meant is not known.
    cluster: workflowId,
    phase: 'failed',
    revision: 0,
    startedAt,
    updatedAt: startedAt,
    found: ['Nothing was changed.'],
    steps: [],
    problems,
  };
  setHandler(defineQuery<Progress>(progressQuery), () => progress, { description: 'Why the run was refused.' });
  setCurrentDetails(progressMarkdown(progress));
  if (!patched('shows-refusals')) return;
  upsertSearchAttributes([
    { key: searchAttributes.scenario, value: scenario },
    { key: searchAttributes.phase, value: 'Failed' },
  ]);
}

/**
 * Ends a run of a type that nobody knows. Without it, its task would fail for ever, unseen, and hold the lock on the cluster.
 *
 * @throws ApplicationFailure `UnknownScenario`.
 */
export async function refuseUnknownScenario(): Promise<never> {
  const { unknownScenario: type } = errorTypes;
  const { workflowType } = workflowInfo();
  const { whatToDo } = errorEntry(type);
  const message = `Nothing was changed: there is no scenario ${shortened(workflowType, 200)}. Scenarios: ${[...scenarios, rolloutFleet].join(', ')}.`;
  setCurrentDetails(`### ${message}\n\n${whatToDo}`);
  throw withoutStack({ type, message: `${message}\n${whatToDo}\nSee ${errorPage(type)}.`, nonRetryable: true });
}
