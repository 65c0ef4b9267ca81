import type { FleetEnding, FleetHandle } from '../../client/index.ts';
import type { FleetPlanReport, RolloutFleetInput } from '../../contract/index.ts';
import type { CommandContext } from '../commandContext.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { Interrupted, Session, type SessionOptions } from '../session.ts';
import { watchCommand } from '../text/commands.ts';
import { FleetLines, fleetEndingText, fleetExitCode, fleetPlanText, fleetScreen } from '../text/fleet.ts';
import { allPrintable } from '../text/printable.ts';
import { UserError } from '../userError.ts';

type FleetOptions = SessionOptions & { by?: string };

/** Shows which clusters a rollout would take, ring by ring, and what bounds it. Changes nothing. */
export async function planFleet(
  context: CommandContext,
  input: Record<string, unknown>,
  options: FleetOptions,
): Promise<ExitCode> {
  const session = await Session.open(context, options);
  return shown(session, await planned(session, input));
}

/** Shows the plan, asks, then rolls out and follows it. */
export async function applyFleet(
  context: CommandContext,
  input: Record<string, unknown>,
  { yes, detach, ...options }: FleetOptions & { yes?: boolean | undefined; detach?: boolean | undefined },
): Promise<ExitCode> {
  if (input.dryRun === true) throw new UserError('The input says dryRun: true. Use aks-isolation plan, or remove it.');
  const session = await Session.open(context, options);
  const { aks, terminal } = session;
  const plan = await planned(session, input);
  if (plan.outcome !== 'planned' || plan.plan.problems.length > 0) return shown(session, plan);
  terminal.say(`${fleetPlanText(plan, terminal.paint)}\n`);
  if (!yes && !terminal.canAsk)
    throw new UserError('Nobody can be asked here. Give --yes to apply without a question.');
  if (!yes && !(await session.patiently(() => terminal.confirm('Roll out? Only "yes" is a yes: ')))) {
    terminal.say('Nothing was started.');
    return exitCodes.failed;
  }
  const { workflowId } = await aks.rolloutFleet(input as RolloutFleetInput);
  session.waitsOn(input.scenario === 'auditCluster' ? aks.lookQueue : aks.taskQueue);
  if (!detach) return watchFleet(session, workflowId);
  terminal.say(`Started. Watch it: ${watchCommand(workflowId)}`);
  terminal.data({ workflowId });
  return exitCodes.ok;
}

/** Follows a rollout to its end, from wherever it is. */
export async function watchFleet(session: Session, workflowId: string): Promise<ExitCode> {
  const run = session.aks.fleet(workflowId);
  try {
    await follow(session, run);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(`Detached. The rollout goes on. Come back: ${watchCommand(workflowId)}`);
  }
  return shown(session, await endingOf(run));
}

async function follow(session: Session, run: FleetHandle): Promise<void> {
  const { terminal } = session;
  const screen = terminal.screen();
  const lines = new FleetLines();
  const looks = run.watch();
  try {
    for (;;) {
      const { done, value } = await session.patiently(() => looks.next());
      if (done) return;
      const progress = allPrintable(value);
      terminal.data(progress);
      if (screen) screen(fleetScreen(progress, run.workflowId, terminal.paint));
      else for (const line of lines.next(progress, run.workflowId)) terminal.say(line);
    }
  } finally {
    // Nobody waits for the next one any more.
    void looks.return();
    screen?.done();
  }
}

/** Makes a plan by a dry run. */
async function planned(session: Session, input: Record<string, unknown>): Promise<FleetEnding> {
  const run = await session.aks.rolloutFleet({ ...(input as RolloutFleetInput), dryRun: true });
  session.waitsOn(session.aks.lookQueue);
  return session.patiently(() => endingOf(run));
}

const endingOf = async (run: FleetHandle): Promise<FleetEnding> => allPrintable(await run.ending());

function shown({ terminal }: Session, ending: FleetEnding): ExitCode {
  if (!terminal.isJson) terminal.say(fleetEndingText(ending, terminal.paint));
  terminal.data(ending.outcome === 'planned' ? { ...ending, applicable: isApplicable(ending) } : ending);
  return fleetExitCode(ending);
}

const isApplicable = ({ plan }: FleetPlanReport): boolean => plan.problems.length === 0;
