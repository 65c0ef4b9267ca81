import { isGrpcServiceError } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { ClusterBusyError, FleetRunningError, InvalidInputError } from '../client/index.ts';
import type { CommandContext } from './commandContext.ts';
import { exitCodes } from './exitCodes.ts';
import { programOf } from './program.ts';
import { Interrupted, messageOf } from './session.ts';
import { watchCommand } from './text/commands.ts';
import { printable } from './text/printable.ts';
import { UserError } from './userError.ts';

/** Runs a command as it was typed, without the name of the program. @returns its exit code */
export async function run(args: readonly string[], context: CommandContext): Promise<number> {
  let code: number = exitCodes.ok;
  const program = programOf(context, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return failed(error, args, context);
  }
}

/** Says what went wrong, for programs too, and answers with the exit code. */
function failed(error: unknown, args: readonly string[], { stdout, stderr }: CommandContext): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof Interrupted) {
    stderr.write(`\n${error.message || 'Interrupted. Nothing was changed by this command.'}\n`);
    return exitCodes.detached;
  }
  const message = printable(explained(error));
  stderr.write(`${message}\n`);
  if (isJson(args)) {
    const problems = error instanceof InvalidInputError ? { problems: error.problems } : {};
    stdout.write(`${JSON.stringify({ outcome: 'error', message, ...problems })}\n`);
  }
  return exitCodes.failed;
}

const isJson = (args: readonly string[]): boolean => /(^| )(--output|-o)[= ]json( |$)/.test(args.join(' '));

function explained(error: unknown): string {
  if (error instanceof ClusterBusyError || error instanceof FleetRunningError)
    return `${error.message}\nWatch it: ${watchCommand(error.workflowId)}`;
  if (error instanceof ValueError) return unread(error);
  const isKnown =
    error instanceof UserError ||
    error instanceof InvalidInputError ||
    isGrpcServiceError(error) ||
    isGrpcServiceError((error as Error).cause);
  if (isKnown) return messageOf(error);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Says why payloads that Temporal keeps cannot be decoded: by the keys that are here, or without any. */
const unread = ({ message }: ValueError): string =>
  message.includes('binary/encrypted')
    ? 'What Temporal keeps of this run is encrypted: give the keys of its worker in PAYLOAD_KEYS.'
    : message;
