import { rolloutFleet, type Scenario, scenarios } from '../../contract/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { endingOf } from '../ending.ts';
import type { ExitCode } from '../exitCodes.ts';
import { follow } from '../follow.ts';
import { Interrupted, Session } from '../session.ts';
import { usualDurations } from '../usualDurations.ts';
import { comeBack } from './apply.ts';
import { watchFleet } from './fleet.ts';
import { shown } from './plan.ts';
import { type RunOptions, refuseOthers, runOf, starter } from './runs.ts';

/** Follows a run to its end, from wherever it is. With JSON, each progress is a line, and the last line is how it ended. */
export async function watch(
  context: CommandContext,
  target: string,
  { runId, ...options }: RunOptions,
): Promise<ExitCode> {
  const session = await Session.open(context, options);
  const found = await runOf(session, target, runId);
  const { run, isOpen, hasResult, type } = found;
  // How another one has failed is told: the name of a scenario may be mistyped.
  if (isOpen || hasResult) refuseOthers(found, [starter]);
  if (type === rolloutFleet) return watchFleet(session, run.workflowId);
  if (isOpen) {
    const scenario = scenarios.find((name): name is Scenario => name === type);
    const usual = scenario ? await usualDurations(session.aks, scenario) : new Map<string, number>();
    try {
      await follow(session, run, usual, (progress) => session.terminal.data(progress));
    } catch (error) {
      if (error instanceof Interrupted) throw new Interrupted(comeBack(run));
      throw error;
    }
  }
  return shown(session, await endingOf(run));
}
