import { isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import type { FleetPlanReport, FleetReport } from '../contract/fleet.ts';
import type { ParsedRolloutFleetInput } from '../contract/inputs/rolloutFleet.ts';
import { errorTypes, fleetWorkflowId } from '../contract/names.ts';
import { parseRolloutFleet } from '../contract/parseRolloutFleet.ts';
import { checkedBy } from './engine/givenInput.ts';
import { problemsFailure } from './engine/outcome.ts';
import { refuseVoidingOptions } from './engine/startOptions.ts';
import { lookForClusters } from './fleet/discover.ts';
import { planFleet } from './fleet/found.ts';
import { showingFleetRefusal } from './fleet/refusal.ts';
import { lastOf } from './fleet/report.ts';
import { Rollout } from './fleet/rollout.ts';
import { FleetRun } from './fleet/run.ts';
import { continuation, firstState } from './fleet/state.ts';

/**
 * Runs one scenario on many clusters, ring after ring. Each cluster's scenario runs under the cluster's own lock, started by a member that
 * goes on whatever becomes of the rollout.
 *
 * @param continued What the run before has handed on. Callers give nothing.
 * @throws ApplicationFailure `InvalidInput`, `WrongWorkflowId`, `WrongStartOptions` or `PreflightFailed`, and nothing was begun;
 *   `FleetStopped` where clusters are left.
 */
export async function rolloutFleet(given: unknown, continued?: unknown): Promise<FleetReport | FleetPlanReport> {
  const { input, state, settings } = showingFleetRefusal(() => {
    const parsed = checkedBy(parseRolloutFleet, given);
    refuseWrongId(parsed);
    refuseVoidingOptions(parsed);
    return { input: parsed, ...continuationOf(continued) };
  });
  const run = new FleetRun(input, settings, state);
  if (run.continued) return run.roll(run.continued);

  run.enter('discovering');
  const seen = await lookForClusters(input).catch((error: unknown) => {
    if (isCancellation(error) && patched('cancelled-looks-are-shown')) run.enter('cancelled');
    throw error;
  });
  const { rings, limits, plan } = planFleet(input, seen, run.progress.startedBy);
  const applicable = plan.problems.length === 0;
  if (input.dryRun && (applicable || !input.failOnProblems)) {
    run.enter('planned');
    return { outcome: 'planned', applicable, fleet: input.name, scenario: input.scenario, plan };
  }
  showingFleetRefusal(() => {
    if (applicable) return;
    run.refuse(plan.problems);
    throw problemsFailure(errorTypes.preflightFailed, plan.problems);
  });
  const { firstExecutionRunId: fleet, startTime, lastResult } = workflowInfo();
  const last = lastOf(lastResult);
  const tells = [...new Set(seen.flatMap((each) => each.tells))];
  const { withinLimits } = limits;
  const known = {
    fleet,
    startedAt: startTime.toISOString(),
    unread: [...plan.unread],
    tells,
    ...(last && { last }),
    ...(withinLimits !== undefined && { withinLimits }),
    ...(plan.byOther && { byOther: plan.byOther }),
  };
  return run.roll(new Rollout(input, firstState(rings, known)));
}

/** One rollout of a name at a time. A schedule adds its time to the workflow ID; the ID stands in commands that people paste into a shell. */
function refuseWrongId({ name, dryRun }: ParsedRolloutFleetInput): void {
  const expected = fleetWorkflowId(name);
  const { workflowId } = workflowInfo();
  if (dryRun || workflowId === expected || isScheduled(workflowId, expected)) return;
  throw problemsFailure(errorTypes.wrongWorkflowId, [
    {
      where: 'workflow ID',
      problem: `${workflowId} is not the one of this rollout`,
      whatToDo: `Start it again with workflow ID ${expected}: no second rollout of this name may run beside it.`,
    },
  ]);
}

const isScheduled = (workflowId: string, expected: string): boolean =>
  workflowId.startsWith(`${expected}-`) && /^[-\w.:+]+$/.test(workflowId.slice(expected.length));

function continuationOf(given: unknown) {
  // It holds more entries than any input may have.
  const parsed = continuation.safeParse(checkedBy((value) => ({ ok: true, value: value ?? {} }), given));
  if (parsed.success) return parsed.data;
  throw problemsFailure(errorTypes.invalidInput, [
    {
      where: '(second argument)',
      problem: 'not what a rollout hands on to itself',
      whatToDo: 'Give one argument, the input.',
    },
  ]);
}
