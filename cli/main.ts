#!/usr/bin/env node
import { isGrpcServiceError } from '@temporalio/client';
import { ValueError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { ClusterBusyError, FleetRunningError, InvalidInputError } from '../client/index.ts';
import { problemsText } from '../contract/problem.ts';
import { startTracing } from '../telemetry/tracing.ts';
import { exitCodes } from './exitCodes.ts';
import { programOf } from './program.ts';
import { Interrupted, messageOf } from './session.ts';
import { watchCommand } from './text/commands.ts';
import { printable } from './text/printable.ts';
import { UserError } from './userError.ts';

/** Says what went wrong, for programs too, and answers with the exit code. */
function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof Interrupted) {
    process.stderr.write(`\n${error.message || 'Interrupted. Nothing was changed by this command.'}\n`);
    return exitCodes.detached;
  }
  const message = printable(explained(error));
  process.stderr.write(`${message}\n`);
  if (isJson) {
    const problems = error instanceof InvalidInputError ? { problems: error.problems } : {};
    process.stdout.write(`${JSON.stringify({ outcome: 'error', message, ...problems })}\n`);
  }
  return exitCodes.failed;
}

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

/** What Temporal keeps cannot be decoded: by the keys that are here, or without any. */
const unread = ({ message }: ValueError): string =>
  message.includes('binary/encrypted')
    ? 'What Temporal keeps of this run is encrypted: give the keys of its worker in PAYLOAD_KEYS.'
    : message;

const isJson = /(^| )(--output|-o)[= ]json( |$)/.test(process.argv.slice(2).join(' '));
const say = (line: string) => process.stderr.write(`${line}\n`);
const tracing = startTracing(process.env, 'aks-isolation', say);
// A command does its work without traces rather than not at all.
if (Array.isArray(tracing)) say(`Nothing is traced:\n${problemsText(tracing)}`);
process.exitCode = await programOf((code) => {
  process.exitCode = code;
})
  .parseAsync()
  .then(() => process.exitCode, failed);
if (tracing && !Array.isArray(tracing)) await tracing.stop();
// Requests that wait for a worker or for an end would keep the process alive. Output that is still on its way is not cut.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
