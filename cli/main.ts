#!/usr/bin/env node
import { problemsText } from '../contract/problem.ts';
import { startTracing } from '../telemetry/tracing.ts';
import { exitCodes } from './exitCodes.ts';
import { run } from './run.ts';

/** Ctrl-C. Another one ends the process at once. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  // Listeners that stay: a library that restores the cursor would else end the process before it has said how to come back.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => (interrupted.signal.aborted ? process.exit(exitCodes.detached) : interrupted.abort()));
  }
  return interrupted.signal;
}

const { env, stdout, stderr } = process;
/** The output cannot be written: nobody reads it any more, or a disk is full. */
function endUnread({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit(exitCodes.unread);
  stderr.write(`Cannot write the output: ${message}\n`, () => process.exit(exitCodes.failed));
}
// Without a listener the process would end with a stack trace.
stdout.on('error', endUnread);
// Nobody can be told. The output may still be read.
stderr.on('error', () => undefined);
const say = (line: string) => stderr.write(`${line}\n`);
const tracing = startTracing(env, 'aks-isolation', say);
// A command does its work without traces rather than not at all.
if (Array.isArray(tracing)) say(`Nothing is traced:\n${problemsText(tracing)}`);
process.exitCode = await run(process.argv.slice(2), {
  env,
  // Opened by whoever reads it.
  get stdin() {
    return process.stdin;
  },
  stdout,
  stderr,
  interruption,
});
if (tracing && !Array.isArray(tracing)) await tracing.stop();
// A timer or connection of a library would keep the process alive. Output that is still on its way is not cut.
stdout.write('', () => {
  if (stdout.errored) endUnread(stdout.errored);
  else stderr.write('', () => process.exit());
});
