import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { NamespaceNotFoundError, ValueError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { ClusterBusyError, FleetRunningError, InvalidInputError } from '../client/index.ts';
import { whyUnread } from '../client/payloads.ts';
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
  if (error instanceof CommanderError) {
    // It has said so itself, to people.
    if (error.exitCode !== exitCodes.ok && isJson(args)) stdout.write(errorLine(error.message));
    return error.exitCode;
  }
  if (error instanceof Interrupted) {
    stderr.write(`\n${error.message || 'Interrupted. Nothing was changed by this command.'}\n`);
    return exitCodes.detached;
  }
  const message = printable(explained(error));
  stderr.write(`${message}\n`);
  if (isJson(args)) {
    const problems = error instanceof InvalidInputError ? { problems: error.problems } : {};
    stdout.write(errorLine(message, problems));
  }
  return exitCodes.failed;
}

const errorLine = (message: string, more: object = {}): string =>
  `${JSON.stringify({ outcome: 'error', message, ...more })}\n`;

/** As commander takes them, which may have failed before it has read them. */
const isJson = (args: readonly string[]): boolean =>
  args.some((arg, at) =>
    arg === 'json' ? ['-o', '--output'].includes(args[at - 1] ?? '') : ['-ojson', '--output=json'].includes(arg),
  );

function explained(error: unknown): string {
  if (error instanceof ClusterBusyError || error instanceof FleetRunningError)
    return `${error.message}\nWatch it: ${watchCommand(error.workflowId)}`;
  if (error instanceof ValueError) return whyUnread(error);
  if (error instanceof NamespaceNotFoundError)
    return `There is no namespace ${error.namespace}. Set TEMPORAL_NAMESPACE, or choose a profile by TEMPORAL_PROFILE.`;
  const isKnown =
    error instanceof UserError ||
    error instanceof InvalidInputError ||
    // A run that has ended since it was looked up.
    error instanceof WorkflowNotFoundError ||
    isGrpcServiceError(error) ||
    isGrpcServiceError((error as Error).cause);
  if (isKnown) return messageOf(error);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
