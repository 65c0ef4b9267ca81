import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import getPort from 'get-port';
import { clusterWorkflowId, taskQueue } from '../../contract/index.ts';
import { clustersOf, createExampleClusters, exampleClusters } from './exampleClusters.ts';
import { interruption, untilInterrupted } from './interruption.ts';
import { type DevelopmentOptions, editionOption, portOption, recordOption, speedOption } from './options.ts';
import { type AnnouncedStack, startAnnouncedStack } from './stack.ts';
import { startWorker, type WorkerProcess } from './workerProcess.ts';

interface DevOptions extends DevelopmentOptions {
  temporalPort?: number;
  uiPort?: number;
}

/** The worker is made of these. */
const watchedFolders = ['contract', 'resources', 'workflows', 'activities', 'codec', 'telemetry', 'temporal', 'worker'];

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
  const metricsAddress = process.env.METRICS_ADDRESS || `127.0.0.1:${await getPort({ port: 9464 })}`;
  const start = () => startWorker({ ...stack.workerEnvironment, METRICS_ADDRESS: metricsAddress }, print);
  let worker = start();
  try {
    await untilInterrupted(Promise.all([worker.ready, createExampleClusters(stack.simulator, options.edition)]));
    printAddresses(stack, worker, metricsAddress);
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
      const { pid } = worker;
      const started = worker.ready.then(() => print(`The worker's process is ${pid}.`));
      await untilInterrupted(started.catch(() => next).then(() => undefined));
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

function printAddresses(
  { temporal, simulator, temporalCommand }: AnnouncedStack,
  { pid }: WorkerProcess,
  metricsAddress: string,
): void {
  const { cluster } = exampleClusters.ordinary;
  const there = clustersOf(options.edition).map(({ cluster: { resourceGroup, name } }) => `${resourceGroup}/${name}`);
  const start = (scenario: string, { resourceGroup, name }: { resourceGroup: string; name: string }, example: string) =>
    temporalCommand(
      `workflow start --type ${scenario} --task-queue ${taskQueue} --fail-existing --workflow-id ${clusterWorkflowId({ ...cluster, resourceGroup, name })} --input-file examples/${example}`,
    );
  const page = `http://127.0.0.1:${simulator.port}/`;
  print(`
Web UI          ${temporal.uiUrl}
Temporal        ${temporal.address}
Azure           ${page} (simulated, ${options.edition}, speed ${options.speed})
Worker          process ${pid}
Metrics         http://${metricsAddress}/metrics

For the Temporal CLI and npx aks-isolation in another terminal:
  export TEMPORAL_ADDRESS=${temporal.address}
For a client of Azure Resource Manager:
  endpoint ${simulator.endpoint}, CA ${simulator.caFile}, tokens ${simulator.tokenEndpoint}

These clusters are there: ${there.join(', ')}.
Isolate one, or create another:
  ${start('isolateCluster', cluster, 'isolate-managed.json')}
  ${start('createCluster', { resourceGroup: 'isolated', name: 'private-link' }, 'create-managed-private-link.json')}
Publish a newer node image, without which nothing is reimaged a second time:
  curl -X POST ${page}simulator/node-image
Every example, with its command: docs/how-to/try-the-examples.md
`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
