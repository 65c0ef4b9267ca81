import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import type { Clock } from '../activities/arm/clock.ts';
import { simulatedIdentity } from '../scripts/local/simulatorClient.ts';
import { createWorker } from '../worker/worker.ts';

interface WorkerPlan {
  /** `host:port` of the Temporal server. */
  temporal: string;
  queue: string;
  /** The simulator's. */
  speed: number;
  /** File with the bundled workflows. */
  bundle: string;
  endpoint: string;
  ca: string;
  tokenEndpoint: string;
}

/** What a worker has taken of its machine so far. */
interface Usage {
  cpuSeconds: number;
  peakMiB: number;
}

export interface BenchWorker {
  usage(): Promise<Usage>;
  /** Ends it at once, without a word to anybody. */
  kill(): void;
  /** Lets it shut down. Does nothing if it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a worker as a process of its own. What its activities wait for by themselves is as long in simulated time as it is at
 * real speed: their clock runs as fast. Temporal's clock does not, so that retries are later than they would be.
 */
export async function startBenchWorker(plan: WorkerPlan): Promise<BenchWorker> {
  const child = fork(import.meta.filename, { env: { ...process.env, BENCH_WORKER: JSON.stringify(plan) } });
  const gone = once(child, 'exit');
  const said = await Promise.race([once(child, 'message'), gone.then(() => undefined)]);
  if (!said) throw new Error('A worker of the benchmark did not start');
  return {
    async usage() {
      child.send('usage');
      const [usage] = await once(child, 'message');
      return usage;
    },
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}

function fastClock(speed: number): Clock {
  return {
    now: () => performance.now() * speed,
    at: (temporalMs) => temporalMs * speed,
    sleep: (ms, signal) => delay(ms / speed, undefined, { signal }),
  };
}

async function run({ temporal, queue, speed, bundle, endpoint, ca, tokenEndpoint }: WorkerPlan): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
    shutdownSignals: [],
  });
  const connection = await NativeConnection.connect({ address: temporal });
  const worker = await createWorker({
    connection,
    namespace: 'default',
    queue,
    azure: {
      credential: simulatedIdentity(tokenEndpoint),
      endpoint,
      tlsOptions: { ca: [ca] },
      clock: fastClock(speed),
    },
    workflowBundle: { codePath: bundle },
  });
  const usage = (): Usage => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMiB: Math.round(maxRSS / 1024) };
  };
  process.on('message', () => process.send?.(usage()));
  // Its parent lets it go, or has ended.
  process.once('disconnect', () => worker.shutdown());
  const running = worker.run();
  process.send?.('ready');
  await running;
  await connection.close();
}

if (import.meta.main) {
  await run(JSON.parse(process.env.BENCH_WORKER ?? ''));
  process.exit();
}
