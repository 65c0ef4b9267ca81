import type { ScenarioEnding, WritingScenario } from '../../client/index.ts';
import { rolloutFleet, type Scenario } from '../../contract/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { endingOf } from '../ending.ts';
import type { ExitCode } from '../exitCodes.ts';
import { type GivenInput, readInput, type Startable } from '../input.ts';
import { Session, type SessionOptions } from '../session.ts';
import { endingText, exitCodeOf } from '../text/outcome.ts';
import { planSummary } from '../text/plan.ts';
import { UserError } from '../userError.ts';
import { planFleet } from './fleet.ts';

export interface InputOptions extends SessionOptions {
  scenario?: Startable;
  /** In whose name it is started. */
  by?: string;
}

/** Shows what a scenario would do. Changes nothing. */
export async function plan(
  context: CommandContext,
  file: string,
  { scenario, ...options }: InputOptions,
): Promise<ExitCode> {
  const read = await readInput(context, file, scenario);
  if (read.scenario === rolloutFleet) return planFleet(context, read.input, options);
  const given = writing(read);
  const session = await Session.open(context, options);
  const ending = await planned(session, given.scenario, given.input);
  session.terminal.say(planTitle(given.scenario, ending));
  return shown(session, ending);
}

/** Makes a plan by a dry run. */
export async function planned(
  session: Session,
  scenario: WritingScenario,
  input: Record<string, unknown>,
): Promise<ScenarioEnding> {
  const run = await session.aks.start(scenario, { ...input, dryRun: true });
  session.waitsOn(session.aks.lookQueue);
  const ending = await session.patiently(() => endingOf(run));
  session.waitsOn(session.aks.taskQueue);
  return ending;
}

export const planTitle = (scenario: Scenario, ending: ScenarioEnding): string =>
  `${scenario}${'cluster' in ending ? ` on ${ending.cluster}` : ''}\n`;

/** Shows how a run has ended, and answers with its exit code. */
export function shown({ terminal }: Session, ending: ScenarioEnding): ExitCode {
  if (!terminal.isJson) terminal.say(endingText(ending, terminal.paint));
  terminal.data(
    ending.outcome === 'planned'
      ? { ...ending, applicable: ending.plan.problems.length === 0, summary: planSummary(ending.plan) }
      : ending,
  );
  return exitCodeOf(ending);
}

/** An input of a scenario that has a plan. */
export function writing({ scenario, input }: GivenInput): GivenInput & { scenario: WritingScenario } {
  if (scenario !== 'auditCluster' && scenario !== rolloutFleet) return { scenario, input };
  throw new UserError('An audit changes nothing, so there is no plan and nothing to apply. Use: aks-isolation audit');
}
