import { ApplicationFailure, WorkflowUpdateFailedError } from '@temporalio/client';
import type { ScenarioHandle } from '../../client/index.ts';
import type { ApprovalGate, Decision } from '../../contract/index.ts';
import { type ExitCode, exitCodes } from '../exitCodes.ts';
import { accountName, Session } from '../session.ts';
import { UserError } from '../userError.ts';
import { type RunOptions, runOf } from './runs.ts';

export interface ApproveOptions extends RunOptions {
  by?: string;
  note?: string;
  wait?: string;
}

export interface DecideOptions extends RunOptions {
  hold?: string;
}

/** Lets a run pass a gate. By default the approval is in the name of the account that types it. */
export const approve = (target: string, gate: ApprovalGate, { by, note, wait, ...options }: ApproveOptions) => {
  const name = by ?? accountName();
  if (name === undefined) throw new UserError('Your account has no name. Say with --by who approves.');
  const approval = { gate, by: name, ...(note !== undefined && { note }), ...(wait !== undefined && { wait }) };
  return steered(target, options, `Approved ${gate} in the name of ${name}.`, (run) => run.approve(approval));
};

/** Answers a run that waits for a decision. */
export const decide = (target: string, decision: Decision, { hold, ...options }: DecideOptions) =>
  steered(target, options, `Decided: ${decision}.`, (run) => run.decide(decision, hold));

export const pause = (target: string, options: RunOptions) =>
  steered(target, options, 'Paused: no further step starts. What runs in Azure goes on.', (run) => run.pause());

export const resume = (target: string, options: RunOptions) =>
  steered(target, options, 'Resumed.', (run) => run.resume());

/** Asks a run to stop and to take its changes back. It still has to be followed to its end. */
export const cancel = (target: string, options: RunOptions) =>
  steered(target, options, 'Cancellation asked for: the run takes its changes back.', (run) => run.cancel());

async function steered(
  target: string,
  { runId, ...options }: RunOptions,
  done: string,
  steer: (run: ScenarioHandle) => Promise<void>,
): Promise<ExitCode> {
  const session = await Session.open(options);
  const { run, isOpen } = await runOf(session, target, runId);
  if (!isOpen) throw new UserError(`The run ${run.workflowId} has ended. Nothing was changed.`);
  await session.patiently(steer(run)).catch((error: unknown) => {
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
