import { TemporalFailure, workflowInfo } from '@temporalio/workflow';
import type { z } from 'zod';
import { clusterWorkflowId, errorTypes, type Scenario } from '../../contract/names.ts';
import type { Plan } from '../../contract/plan.ts';
import { parse } from '../../contract/problem.ts';
import type { Check, PlanReport, VerificationReport } from '../../contract/result.ts';
import { type CommonInput, problemsFailure, ScenarioRun, UnverifiedError } from './scenarioRun.ts';
import type { Step } from './steps.ts';

/** The four movements of a scenario. */
export interface Movements<Input, Seen, P extends Plan> {
  /** Looks at everything the scenario may touch; changes nothing. */
  discover(input: Input): Promise<Seen>;
  /** Pure: what is to be done, and every problem that would stop it. */
  plan(input: Input, seen: Seen): P;
  /** Declares the planned steps, in an order in which each comes after those it needs. */
  apply(input: Input, plan: P, step: Step, run: ScenarioRun): void;
  /** Reads everything back and checks it against what was promised. */
  verify(input: Input, plan: P, run: ScenarioRun): Promise<Check[]>;
}

/**
 * Runs a scenario: checks its input and its workflow ID, then discovers, plans, applies and verifies, and takes
 * everything back if it cannot be finished.
 *
 * @throws ApplicationFailure of one of the contract's `errorTypes`; nothing was changed for the first three.
 */
export async function runScenario<Input extends CommonInput, Seen, P extends Plan>(
  name: Scenario,
  schema: z.ZodType<Input>,
  given: unknown,
  movements: Movements<Input, Seen, P>,
): Promise<VerificationReport | PlanReport> {
  const input = checkedInput(schema, given);
  refuseWrongWorkflowId(input);
  const run = new ScenarioRun(name, input);

  run.enter('discovering');
  const seen = await movements.discover(input).catch((error: unknown) => {
    throw run.failDiscovery(error);
  });

  run.enter('planning');
  const plan = movements.plan(input, seen);
  run.accept(plan);
  if (input.dryRun) return run.planned(plan);
  if (plan.problems.length > 0) throw run.refused(plan.problems);

  let checks: Check[] = [];
  try {
    run.enter('applying');
    movements.apply(input, plan, run.steps.step, run);
    await run.steps.settle();

    run.enter('verifying');
    checks = await run.retrying(async () => verified(await movements.verify(input, plan, run)));
    return run.succeeded(plan, checks);
  } catch (error) {
    // A defect of this code is no reason to delete a cluster: the workflow task fails and waits for a corrected worker.
    if (!(error instanceof TemporalFailure || error instanceof UnverifiedError)) throw error;
    throw await run.failed(error, checks);
  }
}

/** @throws ApplicationFailure `InvalidInput` with every problem. */
export function checkedInput<Input>(schema: z.ZodType<Input>, given: unknown): Input {
  const parsed = parse(schema, given);
  if (parsed.ok) return parsed.value;
  throw problemsFailure(errorTypes.invalidInput, parsed.problems);
}

/** Temporal allows one open workflow per ID: under any other ID, two scenarios could write to one cluster. */
function refuseWrongWorkflowId({ cluster, dryRun }: CommonInput): void {
  const expected = clusterWorkflowId(cluster);
  const { workflowId } = workflowInfo();
  if (dryRun || workflowId === expected) return;
  const whatToDo = `Start it again with workflow ID ${expected}: the ID is the lock on the cluster.`;
  throw problemsFailure(errorTypes.wrongWorkflowId, [
    { where: 'workflow ID', problem: `${workflowId} is not the one for this cluster`, whatToDo },
  ]);
}

function verified(checks: Check[]): Check[] {
  if (checks.every(({ ok }) => ok)) return checks;
  throw new UnverifiedError(checks);
}
