import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { taskQueue } from '../../contract/index.ts';
import { interruption, untilInterrupted } from './interruption.ts';
import { type DevelopmentOptions, editionOption, portOption, recordOption, speedOption } from './options.ts';
import { type Stack, startAnnouncedStack } from './stack.ts';
import { startWorker } from './workerProcess.ts';

interface DevOptions extends DevelopmentOptions {
  temporalPort?: number;
  uiPort?: number;
}

/** The worker is made of these. */
const watchedFolders = ['contract', 'resources', 'workflows', 'activities', 'worker'];

const command = new Command('npm run dev --')
  .description('A Temporal server, a simulated Azure and a worker that starts anew when its code changes.')
  .addOption(portOption('--temporal-port <port>', 'port of the Temporal server (default: a free one)'))
  .addOption(portOption('--ui-port <port>', 'port of the Temporal Web UI (default: a free one)'))
  .addOption(speedOption())
  .addOption(editionOption())
  .addOption(recordOption())
  .parse();
const options = command.opts<DevOptions>();
if (options.temporalPort !== undefined && options.temporalPort === options.uiPort)
  command.error('error: --temporal-port and --ui-port need different ports.');

try {
  await develop();
} catch (error) {
  if (!interruption.aborted) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
// A Temporal CLI that is still being fetched would keep the process alive.
process.exit();

async function develop(): Promise<void> {
  const stack = await startAnnouncedStack({ ...options, onProgress: print, until: untilInterrupted });
  const start = () => startWorker(stack.workerEnvironment, print);
  let worker = start();
  try {
    await untilInterrupted(worker.ready);
    printAddresses(stack);
    const changes = changedFiles();
    let next = changes.next();
    for (;;) {
      const files = await untilInterrupted(
        Promise.race([next.then(({ value }) => value), worker.exited.then(() => undefined)]),
      );
      print(files ? `${files} changed: the worker starts anew` : `${await worker.exited}\nIt starts anew.`);
      if (files) next = changes.next();
      await worker.stop();
      worker = start();
      // A worker that cannot start has printed why. The next change may mend it.
      const started = worker.ready.then(() => undefined);
      await untilInterrupted(started.catch(() => next));
    }
  } finally {
    await worker.stop();
    await stack.stop();
  }
}

/** Yields the names of changed files. Changes during a restart come together. */
async function* changedFiles(): AsyncGenerator<string, never> {
  const changed = new Set<string>();
  let notify = Promise.withResolvers<void>();
  const failed = Promise.all(
    watchedFolders.map(async (folder) => {
      const events = watch(join(import.meta.dirname, '../..', folder), { recursive: true, signal: interruption });
      for await (const { filename } of events) {
        if (!filename?.endsWith('.ts')) continue;
        changed.add(join(folder, filename));
        notify.resolve();
      }
    }),
  );
  for (;;) {
    await untilInterrupted(Promise.race([notify.promise, failed]));
    yield [...changed].join(', ');
    changed.clear();
    notify = Promise.withResolvers<void>();
  }
}

function printAddresses({ temporal, simulator }: Stack): void {
  print(`
Web UI          ${temporal.uiUrl}
Temporal        ${temporal.address}
Azure           ${simulator.endpoint} (simulated, ${options.edition}, speed ${options.speed}; CA ${simulator.caFile})

Start a scenario in another terminal:
  npm run temporal -- workflow start --type createCluster --task-queue ${taskQueue} \\
    --workflow-id aks/11111111-1111-1111-1111-111111111111/isolated/private-link \\
    --input-file examples/create-managed-private-link.json
`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
