import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { AksIsolationClient } from '../client/index.ts';
import { searchAttributes } from '../contract/index.ts';
import { controlApi } from '../scripts/local/simulatorClient.ts';
import { startTemporalServer, type TemporalServer } from '../scripts/local/temporal/server.ts';
import { type RecordedRequest, type Simulator, startSimulator } from '../simulator/index.ts';
import { bundleWorkflows } from '../worker/worker.ts';
import { startBenchWorker } from './worker.ts';
import type { BenchWorker } from './workerProcess.ts';

/** A Temporal server, a simulated Azure in this process, and what it takes to run scenarios in them. */
export interface Place {
  server: TemporalServer;
  temporal: Client;
  aks: AksIsolationClient;
  /** The workers' task queue. */
  queue: string;
  simulator: Simulator;
  /**
   * Starts one more worker, in a process of its own.
   *
   * @param activitySlots How many activities it runs at the same time. Default: as many as a worker does.
   */
  startWorker(activitySlots?: number): Promise<BenchWorker>;
  /** Forgets everything that is in the simulated Azure, but not what was asked of it. */
  reset(): Promise<void>;
  /** Everything that was asked of Azure, oldest first. */
  requests(): Promise<RecordedRequest[]>;
  /** Stops everything, the workers too. */
  close(): Promise<void>;
}

/** Many clusters at once fit. */
const quotas = { standardDDSv5Family: 1_000_000, cores: 1_000_000 };

/** Clients wait by a clock that runs as fast as simulated time, as far as it is activities that wait: see {@link startBenchWorker}. */
export async function startPlace(speed: number, onProgress: (line: string) => void): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'aks-isolation-bench-'));
  const files = { bundle: join(folder, 'workflows.js'), record: join(folder, 'requests.jsonl') };
  const [server, simulator] = await Promise.all([
    startTemporalServer({
      onProgress,
      searchAttributes: Object.fromEntries(Object.values(searchAttributes).map(({ name }) => [name, 'Keyword'])),
    }),
    startSimulator({ speed, recordFile: files.record }),
    bundleWorkflows().then(({ code }) => writeFile(files.bundle, code)),
  ]);
  const reset = async (): Promise<void> => {
    await controlApi(simulator, 'reset', 'POST', { clientsClock: 'simulated', quotas });
  };
  await reset();
  const connection = await Connection.connect({ address: server.address });
  const temporal = new Client({ connection });
  const queue = `bench-${randomUUID()}`;
  const workers: BenchWorker[] = [];
  return {
    server,
    temporal,
    aks: new AksIsolationClient(temporal, queue),
    queue,
    simulator,
    reset,
    async startWorker(activitySlots) {
      const { endpoint, ca, tokenEndpoint } = simulator;
      const plan = { temporal: server.address, queue, speed, bundle: files.bundle, endpoint, ca, tokenEndpoint };
      const worker = await startBenchWorker({ ...plan, ...(activitySlots !== undefined && { activitySlots }) });
      workers.push(worker);
      return worker;
    },
    requests: async () =>
      (await readFile(files.record, 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line): RecordedRequest => JSON.parse(line)),
    async close() {
      await Promise.all(workers.map((worker) => worker.stop()));
      await connection.close();
      await Promise.all([server.stop(), simulator.close()]);
      await rm(folder, { recursive: true });
    },
  };
}
