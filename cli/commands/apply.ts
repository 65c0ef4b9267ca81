import type { ScenarioHandle, WritingScenario } from '../../client/index.ts';
import { rolloutFleet } from '../../contract/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { endingOf } from '../ending.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { follow } from '../follow.ts';
import { readInput } from '../input.ts';
import { Interrupted, Session } from '../session.ts';
import { watchCommand } from '../text/commands.ts';
import { endingText } from '../text/outcome.ts';
import { UserError } from '../userError.ts';
import { usualDurations } from '../usualDurations.ts';
import { applyFleet } from './fleet.ts';
import { type InputOptions, planned, planTitle, shown, writing } from './plan.ts';

export interface ApplyOptions extends InputOptions {
  yes?: boolean;
  detach?: boolean;
}

/** Shows the plan, asks, then runs the scenario and follows it. A run of the same input that is there already is followed. */
export async function apply(
  context: CommandContext,
  file: string,
  { scenario, yes, detach, ...options }: ApplyOptions,
): Promise<ExitCode> {
  const read = await readInput(context, file, scenario);
  if (read.scenario === rolloutFleet) return applyFleet(context, read.input, { yes, detach, ...options });
  const given = writing(read);
  if (given.input.dryRun === true)
    throw new UserError('The input says dryRun: true. Use aks-isolation plan, or remove it.');
  const session = await Session.open(context, options);
  const run = (await running(session, given)) ?? (await started(session, given, yes ?? false));
  if (typeof run === 'number') return run;
  if (detach) return detached(session, run);
  return followed(session, given.scenario, run);
}

interface Given {
  scenario: WritingScenario;
  input: Record<string, unknown>;
}

/** The run of the same input, if there is one already. */
async function running({ aks, terminal }: Session, { scenario, input }: Given): Promise<ScenarioHandle | undefined> {
  const run = await aks.runningWith(scenario, input);
  if (run) terminal.say('This input runs already. Following that run.');
  return run;
}

async function started(session: Session, { scenario, input }: Given, yes: boolean): Promise<ScenarioHandle | ExitCode> {
  const { aks, terminal } = session;
  const ending = await planned(session, scenario, input);
  if (ending.outcome !== 'planned' || ending.plan.problems.length > 0) {
    terminal.say(planTitle(scenario, ending));
    return shown(session, ending);
  }
  terminal.say(`${planTitle(scenario, ending)}\n${endingText(ending, terminal.paint)}\n`);
  if (!yes && !terminal.canAsk)
    throw new UserError('Nobody can be asked here. Give --yes to apply without a question.');
  if (!yes && !(await session.patiently(() => terminal.confirm('Apply this plan? Only "yes" is a yes: ')))) {
    terminal.say('Nothing was started.');
    return exitCodes.failed;
  }
  const { attached, ...run } = await aks.startOrAttach(scenario, input);
  if (attached) terminal.say('Somebody has started this input meanwhile. Following that run.');
  return run;
}

function detached({ terminal }: Session, { workflowId, runId }: ScenarioHandle): ExitCode {
  terminal.say(`Started. Watch it: ${watchCommand(workflowId, runId)}`);
  terminal.data({ workflowId, runId });
  return exitCodes.ok;
}

async function followed(session: Session, scenario: WritingScenario, run: ScenarioHandle): Promise<ExitCode> {
  try {
    await follow(session, run, await usualDurations(session.aks, scenario));
  } catch (error) {
    if (error instanceof Interrupted) throw new Interrupted(comeBack(run));
    throw error;
  }
  return shown(session, await endingOf(run));
}

/** For whoever leaves a run that goes on. */
export const comeBack = ({ workflowId, runId }: ScenarioHandle): string =>
  `Detached. The run goes on. Come back: ${watchCommand(workflowId, runId)}`;
