import { endingOf, exitCodes, hold } from './endings.ts';
import { program } from './options.ts';
import { openSession } from './session.ts';

// A terminal that was closed takes no words, and what was made is removed all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
await program(
  async (options) => {
    process.exitCode = exitCodes[await endingOf(openSession(options), options)];
  },
  async (recording, options) => {
    process.exitCode = exitCodes[await hold(recording, options)];
  },
).parseAsync();
// A request that was given up, or a sign-in that hangs, would keep the process.
process.exit();
