import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { AksIsolationClient } from '../../client/index.ts';
import { searchAttributes } from '../../contract/index.ts';
import { workerEnvironment } from '../../scripts/local/stack.ts';
import { startTemporalServer, type TemporalServer } from '../../scripts/local/temporal/server.ts';
import { startWorker, type WorkerProcess } from '../../scripts/local/workerProcess.ts';
import { waitUntil } from '../scenarios/existingCluster.ts';
import { manyClusters } from '../scenarios/ownRegistry.ts';
import { type SimulatedAzure, startSimulatedAzure } from '../support/azure.ts';
import { bundleFolder } from '../support/harness.ts';
import { everyCase } from '../support/sampled.ts';
import { type ScenarioPlace, type SweptScenario, successfulScenarios } from '../sweep/scenarios.ts';

describe('every scenario while the Temporal server is killed and started again', () => {
  let folder: string;
  let server: TemporalServer;
  let azure: SimulatedAzure;
  let worker: WorkerProcess;
  let connection: Connection;
  let client: Client;

  const startServer = (ports: { port?: number; uiPort?: number } = {}) =>
    startTemporalServer({
      ...ports,
      databaseFile: join(folder, 'temporal.db'),
      searchAttributes: Object.fromEntries(Object.values(searchAttributes).map(({ name }) => [name, 'Keyword'])),
      onProgress: () => undefined,
    });
  const portOf = (url: string) => Number(url.split(':').at(-1)?.replace(/\D.*$/, ''));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aks-isolation-restart-'));
    [server, azure] = await Promise.all([startServer(), startSimulatedAzure()]);
    await azure.reset(manyClusters);
    worker = startWorker({ ...workerEnvironment(server, azure.simulator), WORKFLOW_BUNDLE: bundleFolder() });
    connection = await Connection.connect({ address: server.address });
    client = new Client({ connection });
    await worker.ready;
  });
  afterAll(async () => {
    await worker.stop();
    await connection.close();
    await Promise.all([server.stop(), azure.close()]);
    await rm(folder, { recursive: true });
  });

  it('goes on from its database, and ends as promised', async () => {
    const aks = new AksIsolationClient(client);
    // Once the registry that AKS managed is gone, no pod starts before nodes are reimaged: a real worker waits five minutes for one.
    // With a registry of one's own, the same scenarios take three times as many steps.
    const tooLong = everyCase ? [] : ['change-registry', 'create-byo', 'isolate-byo', 'delete-byo'];
    const scenarios = Object.entries(successfulScenarios).filter(([name]) => !tooLong.includes(name));
    const places = scenarios.map(([name, scenario]): [ScenarioPlace, SweptScenario] => [
      { azure, client: aks, name },
      scenario,
    ]);
    await Promise.all(places.map(([place, scenario]) => scenario.prepare(place)));
    // Nothing ends before the others have begun.
    const hold = (path: string) => azure.fault({ path, times: 10_000, operation: { held: true } });
    await hold('^(?!.*runCommand)');
    const start = (some: typeof places) => Promise.all(some.map(([place, scenario]) => scenario.start(place)));
    const isAudit = ([{ name }]: (typeof places)[number]) => name === 'audit';
    const writing = await start(places.filter((place) => !isAudit(place)));
    await Promise.all(writing.map((run) => waitUntil(run, ({ phase }) => phase === 'applying')));
    // Only looks: the commands that the others run are over before they apply.
    await hold('runCommand');
    const runs = [...writing, ...(await start(places.filter(isAudit)))];
    const statuses = await Promise.all(
      runs.map(async ({ workflowId }) => (await client.workflow.getHandle(workflowId).describe()).status.name),
    );
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    await azure.send('DELETE', '/simulator/faults');
    expect(new Set(statuses)).toEqual(new Set(['RUNNING']));
    server = await startServer({ port: portOf(server.address), uiPort: portOf(server.uiUrl) });
    const results = await Promise.all(runs.map((run) => run.result()));
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['verified', 'audited']));
  });
});
