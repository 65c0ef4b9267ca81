import { fork } from 'node:child_process';
import { once } from 'node:events';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, type Worker } from '@temporalio/worker';

/** Time and memory that a worker has taken of its machine so far. */
interface Usage {
  cpuSeconds: number;
  /** Now, and at most so far. */
  residentMiB: number;
  peakMiB: number;
}

export interface BenchWorker {
  usage(): Promise<Usage>;
  /** Ends it at once, without a word to anybody. */
  kill(): Promise<void>;
  /** Lets it shut down. Does nothing if it is gone. */
  stop(): Promise<void>;
}

const planVariable = 'BENCH_WORKER';

/** As `npm run worker` and the image start a worker. */
const execArgv = ['--max-semi-space-size=8', '--max-old-space-size=768'];
const environment = { MALLOC_ARENA_MAX: '2' };

/** Starts a file that calls {@link runWorker} as a process, and waits until it polls. It never outlives this one. */
export async function startWorkerProcess(file: string, plan: object): Promise<BenchWorker> {
  const child = fork(file, { execArgv, env: { ...process.env, ...environment, [planVariable]: JSON.stringify(plan) } });
  const gone = once(child, 'exit');
  let isMeant = false;
  child.on('exit', (code, signal) => {
    // Nobody would wait for what it does not do any more.
    if (!isMeant) throw new Error(`${file} has ended: ${signal ?? `exit code ${code}`}`);
  });
  await once(child, 'message');
  return {
    async usage() {
      child.send('usage');
      const [usage] = await once(child, 'message');
      return usage;
    },
    async kill() {
      isMeant = true;
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      isMeant = true;
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

/** In the process: runs the worker that is made for the plan, until the one that started it lets it go. */
export async function runWorker<P extends { temporal: string }>(
  create: (plan: P, connection: NativeConnection) => Promise<Worker>,
): Promise<never> {
  const plan: P = JSON.parse(process.env[planVariable] ?? '');
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
    shutdownSignals: [],
  });
  const connection = await NativeConnection.connect({ address: plan.temporal });
  const worker = await create(plan, connection);
  process.on('message', () => process.send?.(usageOfThis()));
  process.once('disconnect', () => worker.shutdown());
  const running = worker.run();
  process.send?.('ready');
  await running;
  await connection.close();
  process.exit();
}

function usageOfThis(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    residentMiB: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    peakMiB: Math.round(maxRSS / 1024),
  };
}
