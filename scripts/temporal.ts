// `npm run temporal -- …` is the Temporal CLI, connected to this checkout's demo or development session if one runs.
import { constants } from 'node:os';
import { execa } from 'execa';
import { readSession } from './local/session.ts';
import { findTemporalCli, type TemporalCli } from './local/temporal/cli.ts';
import { namesServer } from './local/temporal/namesServer.ts';

const args = process.argv.slice(2);

let slow = false;
let cli: TemporalCli;
try {
  // Progress goes to stderr, and only if something slow happens: stdout belongs to the CLI.
  cli = await findTemporalCli({
    onProgress: (line) => {
      slow = true;
      console.error(line);
    },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
if (slow) console.error(cli.summary);

const chosen = namesServer(args, process.env);
const session = chosen ? undefined : await readSession();
const needsServer = ['activity', 'batch', 'operator', 'schedule', 'task-queue', 'worker', 'workflow'].includes(
  args[0] ?? '',
);
if (!chosen && !session && needsServer)
  console.error('No `npm run dev` or `npm run demo` of this checkout runs: the Temporal CLI asks its default server.');

const child = execa(cli.path, args, {
  stdio: 'inherit',
  env: session ? { TEMPORAL_ADDRESS: session.temporalAddress } : {},
  reject: false,
  forceKillAfterDelay: false,
});
// Ctrl-C in a terminal reaches the CLI anyway; passed on a second time, it would end the CLI before it has tidied up.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));

const { exitCode, signal, shortMessage } = await child;
if (exitCode === undefined && !signal) console.error(shortMessage);
// Shells report a child that was ended by a signal as 128 and the signal's number.
process.exitCode = exitCode ?? (signal ? 128 + constants.signals[signal] : 1);
