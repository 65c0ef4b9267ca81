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
  setCurrentDetails(progressMarkdown(answerProgress(scenario, problems)));
  if (!patched('shows-refusals')) return;
  upsertSearchAttributes([
    { key: searchAttributes.scenario, value: scenario },
    { key: searchAttributes.phase, value: 'Failed' },
  ]);
}

/** @param scenario As the run was started: maybe none that there is. */
function answerProgress<S extends string>(scenario: S, problems: readonly Problem[]) {
  const { workflowId, startTime } = workflowInfo();
  const startedAt = startTime.toISOString();
  const progress: Omit<Progress, 'scenario'> & { scenario: S } = {
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
  setHandler(defineQuery<typeof progress>(progressQuery), () => progress, { description: 'Why the run was refused.' });
  return progress;
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
  const named = shortened(workflowType, 200);
  const problem = `there is no scenario ${named}`;
  const message = `Nothing was changed: ${problem}. Scenarios: ${[...scenarios, rolloutFleet].join(', ')}.`;
  answerProgress(named, [{ where: 'workflow type', problem, whatToDo }]);
  setCurrentDetails(`### ${message}\n\n${whatToDo}`);
  throw withoutStack({ type, message: `${message}\n${whatToDo}\nSee ${errorPage(type)}.`, nonRetryable: true });
}
