import { ApplicationFailure, WorkflowUpdateFailedError } from '@temporalio/client';
import type { FleetHandle, ScenarioHandle } from '../../client/index.ts';
import {
  approvalGates,
  type Decision,
  decisions,
  type FleetDecision,
  fleetDecisions,
  rolloutFleet,
} from '../../contract/index.ts';
import { fleetMember } from '../../contract/names.ts';
import type { CommandContext } from '../commandContext.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { accountName, Interrupted, Session } from '../session.ts';
import { watchCommand } from '../text/commands.ts';
import { UserError } from '../userError.ts';
import { clusterOf, type RunOptions, refuseOthers, runOf, starter } from './runs.ts';

export interface ApproveOptions extends RunOptions {
  by?: string;
  note?: string;
  wait?: string;
}

export interface DecideOptions extends RunOptions {
  hold?: string;
}

/** Lets a run pass a gate. By default the approval is in the name of the account that types it. */
export const approve = (
  context: CommandContext,
  target: string,
  gate: string,
  { by, note, wait, ...options }: ApproveOptions,
) => {
  const name = by ?? accountName();
  if (name === undefined) throw new UserError('Your account has no name. Say with --by who approves.');
  const said = { by: name, ...(note !== undefined && { note }) };
  return steered(context, target, options, `Approved ${gate} in the name of ${name}.`, {
    scenario: (run) => run.approve({ gate: oneOf(approvalGates, gate), ...said, ...(wait !== undefined && { wait }) }),
    fleet: (run) => run.approve({ ring: gate, ...said }),
  });
};

/** Answers a run that waits for a decision. */
export const decide = (
  context: CommandContext,
  target: string,
  decision: Decision | FleetDecision,
  { hold, ...options }: DecideOptions,
) =>
  steered(context, target, options, `Decided: ${decision}.`, {
    scenario: (run) => run.decide(oneOf(decisions, decision), hold),
    fleet: (run) => run.decide(oneOf(fleetDecisions, decision), hold),
  });

export const pause = (context: CommandContext, target: string, options: RunOptions) =>
  steered(context, target, options, 'Paused: nothing further begins. What runs in Azure goes on.', {
    scenario: (run) => run.pause(),
    fleet: (run) => run.pause(),
  });

export const resume = (context: CommandContext, target: string, options: RunOptions) =>
  steered(context, target, options, 'Resumed.', { scenario: (run) => run.resume(), fleet: (run) => run.resume() });

/** Has a rollout leave a cluster out. */
export const skip = (context: CommandContext, target: string, cluster: string, options: RunOptions) =>
  steered(context, target, options, 'The cluster is left out.', { fleet: (run) => run.skip(clusterOf(cluster)) });

/** Has a rollout try again what has failed. */
export const retryFailed = (context: CommandContext, target: string, options: RunOptions) =>
  steered(context, target, options, 'What has failed is tried again.', { fleet: (run) => run.retryFailed() });

/** Asks a run to stop and to take its changes back. It still has to be followed to its end. */
export const cancel = (context: CommandContext, target: string, options: RunOptions) =>
  steered(
    context,
    target,
    options,
    'Cancellation asked for: the run takes its changes back, or a rollout ends as its input says.',
    {
      scenario: (run) => run.cancel(),
      fleet: (run) => run.cancel(),
      types: [starter, fleetMember],
    },
  );

/** The ways to steer a run, by its kind. */
interface Steering {
  scenario?: (run: ScenarioHandle) => Promise<void>;
  fleet: (run: FleetHandle) => Promise<void>;
  /** Other workflow types that take it. */
  types?: readonly string[];
}

function oneOf<T extends string>(allowed: readonly T[], given: string): T {
  const known = allowed.find((each) => each === given);
  if (known === undefined) throw new UserError(`${given} is not for this run. Use ${allowed.join(', ')}.`);
  return known;
}

async function steered(
  context: CommandContext,
  target: string,
  { runId, ...options }: RunOptions,
  done: string,
  { scenario, fleet, types }: Steering,
): Promise<ExitCode> {
  const session = await Session.open(context, options);
  const found = await runOf(session, target, runId);
  const { run, isOpen, type } = found;
  refuseOthers(found, types);
  if (!isOpen) throw new UserError(`The run ${run.workflowId} has ended. Nothing was changed.`);
  const isFleet = type === rolloutFleet;
  if (!isFleet && !scenario) throw new UserError(`The run ${run.workflowId} is no rollout.`);
  const steering = async () => (isFleet ? fleet(session.aks.fleet(run.workflowId)) : scenario?.(run));
  await session.patiently(steering).catch((error: unknown) => {
    // Temporal keeps an update for the next worker, whether or not somebody waits for the answer.
    if (error instanceof Interrupted)
      throw new Interrupted(
        `Nobody has answered yet; it may still be done. See: ${watchCommand(run.workflowId, run.runId)}`,
      );
    throw refusal(error) ?? error;
  });
  session.terminal.say(done);
  session.terminal.data({ workflowId: run.workflowId, runId: run.runId, done });
  return exitCodes.ok;
}

/** The scenario's own words, where it has refused an update. */
function refusal(error: unknown): UserError | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  return new UserError(cause instanceof ApplicationFailure ? cause.message : error.message);
}
