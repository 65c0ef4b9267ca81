import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import getPort from 'get-port';
import type { Progress } from '../../contract/index.ts';
import { workerEnvironment } from '../../scripts/local/stack.ts';
import { startWorker, type WorkerProcess } from '../../scripts/local/workerProcess.ts';
import { type Simulator, startSimulator } from '../../simulator/index.ts';
import { type ArmClient, armClient } from '../support/arm.ts';
import { startCollector } from '../support/collector.ts';
import { bundleFolder, replayAll, temporalAddress, temporalCli } from '../support/harness.ts';
import { inFull } from '../support/inFull.ts';
import { waitFor } from '../support/waitFor.ts';

const root = join(import.meta.dirname, '..', '..');
const subscription = '11111111-1111-1111-1111-111111111111';

/** An operator's commands: the real Temporal CLI, the worker as its own process, DefaultAzureCredential unmodified. */
describe('an operator with the Temporal CLI', () => {
  let folder: string;
  let record: string;
  let simulator: Simulator;
  let worker: WorkerProcess;
  let azure: ArmClient;
  let env: Record<string, string>;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  const log: string[] = [];
  const cli = temporalCli();
  const taskQueue = `operator-${randomUUID()}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aks-isolation-e2e-'));
    record = join(folder, 'requests.jsonl');
    simulator = await startSimulator({ speed: 'demand', recordFile: record });
    azure = armClient(simulator, async () => '');
    collector = await startCollector();
    env = {
      ...workerEnvironment({ address: temporalAddress() }, simulator),
      TASK_QUEUE: taskQueue,
      WORKFLOW_BUNDLE: bundleFolder(),
      METRICS_ADDRESS: `127.0.0.1:${await getPort()}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    };
    worker = startWorker(env, (line) => log.push(line));
    await worker.ready;
  });
  afterAll(async () => {
    await worker.stop();
    const connection = await Connection.connect({ address: temporalAddress() });
    await replayAll(new Client({ connection }), taskQueue);
    await connection.close();
    collector.close();
    await simulator.close();
    await rm(folder, { recursive: true });
  });

  const temporal = async (...args: string[]): Promise<string> => {
    const { stdout } = await execa(cli, args, { cwd: root, env: { TEMPORAL_ADDRESS: temporalAddress() } });
    return stdout;
  };
  const start = (example: string, workflowId: string, ...more: string[]): Promise<string> => {
    const type = example.startsWith('delete') ? 'deleteCluster' : 'createCluster';
    const target = ['--type', type, '--task-queue', taskQueue, '--workflow-id', workflowId];
    return temporal('workflow', 'start', ...target, '--input-file', `examples/${example}.json`, ...more);
  };
  const progress = async (workflowId: string): Promise<Progress> => {
    const answer = await temporal(
      'workflow',
      'query',
      '--type',
      'progress',
      '--workflow-id',
      workflowId,
      '--output',
      'json',
    );
    return JSON.parse(answer).queryResult[0];
  };
  const result = async (workflowId: string): Promise<{ status: string; result: { outcome: string } }> =>
    JSON.parse(await temporal('workflow', 'result', '--workflow-id', workflowId, '--output', 'json'));
  /** Keeps the cluster from being there. */
  const holdCluster = (name: string) =>
    azure.fault({ method: 'PUT', path: `/managedClusters/${name}$`, operation: { held: true } });
  const untilClusterRuns = async (workflowId: string): Promise<void> => {
    const cluster = workflowId.split('/').at(-1) ?? '';
    await waitFor(async () => (await puts(cluster)).length === 1, 'The cluster was never asked for');
    const { steps } = await progress(workflowId);
    expect(steps.find(({ id }) => id === 'cluster')).toMatchObject({ state: 'running' });
  };
  const putsOf = async (path: string): Promise<string[]> => {
    const lines = (await readFile(record, 'utf8')).split('\n').filter(Boolean);
    const requests = lines.map((line): { method: string; url: string } => JSON.parse(line));
    const puts = requests.filter(({ method, url }) => method === 'PUT' && url.includes(path));
    return puts.map(({ url }) => new URL(url).pathname);
  };
  const puts = (cluster: string): Promise<string[]> => putsOf(`/managedClusters/${cluster}?`);

  it('creates a cluster, watches it, and cannot start a second scenario on it', async () => {
    const workflowId = `aks/${subscription}/isolated/vnet-integration`;
    const end = await holdCluster('vnet-integration');
    await start('create-managed-vnet-integration', workflowId);
    await untilClusterRuns(workflowId);
    await expect(start('create-managed-vnet-integration', workflowId, '--fail-existing')).rejects.toThrow(/already/i);
    expect(await temporal('workflow', 'metadata', '--workflow-id', workflowId)).toContain(
      'Cluster vnet-integration (create',
    );
    await end();
    expect(await result(workflowId)).toMatchObject({ status: 'COMPLETED', result: { outcome: 'verified' } });
    const { phase, steps } = await progress(workflowId);
    expect([phase, ...steps.map(({ state }) => state)]).toEqual([
      'succeeded',
      'unchanged',
      'unchanged',
      'done',
      'done',
    ]);
    expect(await puts('vnet-integration')).toHaveLength(1);
  });

  it('answers a run that waits with the command that it shows, as often as it is sent', async () => {
    const example = JSON.parse(await readFile(join(root, 'examples/create-managed-private-link.json'), 'utf8'));
    const cluster = { subscriptionId: subscription, resourceGroup: 'isolated(held)', name: 'held' };
    const workflowId = `aks/${subscription}/isolated(held)/held`;
    const given = JSON.stringify({ ...example, cluster, onFailure: 'hold' });
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' };
    await azure.fault({ method: 'PUT', path: '/managedClusters/held$', answer });
    await azure.fault({
      path: '/resourceGroups/isolated[^/]*held[^/]*$',
      answer: { status: 429, code: 'TooManyRequests', message: 'No.' },
    });
    const target = ['--type', 'createCluster', '--task-queue', taskQueue, '--workflow-id', workflowId];
    await temporal('workflow', 'start', ...target, '--input', given);
    await waitFor(async () => (await puts('held')).length === 1, 'The cluster was never asked for');
    await waitFor(async () => (await progress(workflowId)).phase === 'waitingForOperator', 'The run never waited');
    const [retry = ''] = (await progress(workflowId)).answers ?? [];
    expect(await temporal('workflow', 'metadata', '--workflow-id', workflowId)).toContain(retry);
    const env = { TEMPORAL_ADDRESS: temporalAddress() };
    const send = () => execa('bash', ['-c', retry.replace(/^temporal/, `'${cli}'`)], { cwd: root, env });
    await send();
    await send();
    expect(await result(workflowId)).toMatchObject({ status: 'COMPLETED', result: { outcome: 'verified' } });
  });

  it('shows in metrics and log lines what has run, waited and ended, and names each metric on the page', async () => {
    const ofHeld = () =>
      log
        .map((line): Record<string, unknown> => JSON.parse(line))
        .filter(({ workflowId, msg }) => `${workflowId}`.endsWith('/held') && `${msg}`.startsWith('Scenario'));
    await waitFor(() => ofHeld().some(({ msg }) => msg === 'Scenario ends'), 'The end was not logged');
    const scraped = await (await fetch(`http://${env.METRICS_ADDRESS}/metrics`)).text();
    const series = (name: string, ...labels: string[]) =>
      scraped
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)));
    expect(series('aks_isolation_runs_total', 'outcome="verified"', 'scenario="createCluster"')).toEqual([
      expect.stringMatching(/ 2$/),
    ]);
    for (const [name, ...labels] of [
      ['aks_isolation_step_duration_seconds_count', 'kind="cluster"', 'state="failed"'],
      ['aks_isolation_wait_duration_seconds_count', 'wait="hold"', 'ended="answered"'],
      [
        'aks_isolation_arm_request_duration_seconds_count',
        'method="PUT"',
        'provider="Microsoft.ContainerService"',
        'status="4xx"',
      ],
      ['aks_isolation_arm_throttled_total', 'provider="Microsoft.Resources"'],
      ['aks_isolation_open_runs', 'phase="WaitingForOperator"'],
      ['temporal_worker_task_slots_available', 'worker_type="ActivityWorker"'],
    ] as const)
      expect([name, series(name, ...labels)]).toEqual([name, expect.arrayContaining([expect.any(String)])]);
    expect(scraped).not.toContain(subscription);
    const page = await readFile(join(root, 'docs/reference/metrics.md'), 'utf8');
    const names = [...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);

    expect(
      ofHeld().map(({ msg, runId, scenario, cluster, outcome, wait, ended }) => [
        msg,
        typeof runId,
        scenario,
        `${cluster}`.split('/').at(-1),
        outcome ?? ended ?? wait,
      ]),
    ).toEqual([
      ['Scenario begins', 'string', 'createCluster', 'held', undefined],
      ['Scenario waits', 'string', 'createCluster', 'held', 'hold'],
      ['Scenario waits no more', 'string', 'createCluster', 'held', 'answered'],
      ['Scenario ends', 'string', 'createCluster', 'held', 'verified'],
    ]);
    expect(log.join('\n')).not.toMatch(/task_?token/i);
  });

  it('is traced from the command to each request, and without a command from the run', async () => {
    const { stdout } = await execa(
      process.execPath,
      ['cli/main.ts', 'plan', 'examples/plan-managed-private-link.json', '--output', 'json'],
      { cwd: root, env, reject: false },
    );
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'planned' });
    const named = (name: RegExp) => collector.spans.filter((span) => name.test(span.name));
    const planned = () => named(/^StartWorkflow:createCluster$/)[0];
    const ofPlan = (name: RegExp) => named(name).filter(({ traceId }) => traceId === planned()?.traceId);
    await waitFor(async () => ofPlan(/^RunWorkflow:/).length > 0, 'The run was not traced');
    const [run] = ofPlan(/^RunWorkflow:createCluster$/);
    expect(run?.parentSpanId).toBe(planned()?.spanId);
    const activities = ofPlan(/^RunActivity:/);
    expect(new Set(activities.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([run?.spanId]));
    const requests = ofPlan(/^GET Microsoft\./);
    expect(requests.length).toBeGreaterThan(5);
    const ids = activities.map(({ spanId }) => spanId);
    expect(requests.filter(({ parentSpanId }) => !ids.includes(parentSpanId))).toEqual([]);
    // Runs that the Temporal CLI has started begin traces of their own.
    const roots = named(/^RunWorkflow:createCluster$/).filter(({ parentSpanId }) => parentSpanId === '');
    expect(roots).toHaveLength(2);
    for (const { traceId } of roots) expect(named(/^PUT /).some((span) => span.traceId === traceId)).toBe(true);
    expect(collector.raw()).not.toMatch(/api-version|Bearer|eyJ/);
  });

  const lost = () => log.filter((line) => line.includes('Traces are lost: the collector at '));

  inFull.it(
    'creates a cluster on a registry of its own though the worker is killed, and deletes it with all that was made',
    async () => {
      const workflowId = `aks/${subscription}/isolated-byo/private-link`;
      const end = await holdCluster('private-link');
      await start('create-byo-private-link', workflowId);
      await untilClusterRuns(workflowId);
      process.kill(worker.pid, 'SIGKILL');
      expect(await worker.exited).toContain('SIGKILL');
      worker = startWorker(env, (line) => log.push(line));
      await end();
      expect(await result(workflowId)).toMatchObject({ status: 'COMPLETED', result: { outcome: 'verified' } });
      const sent = await putsOf('/isolated-byo');
      expect(sent).toEqual([...new Set(sent)]);
      await start('delete-byo', workflowId);
      expect(await result(workflowId)).toMatchObject({ status: 'COMPLETED', result: { outcome: 'verified' } });
      const resources = await fetch(`http://127.0.0.1:${simulator.port}/simulator/resources`);
      expect(await resources.text()).not.toContain('isolated-byo');
    },
  );

  it('deletes a cluster, and is told once that its traces are lost', async () => {
    expect(lost()).toEqual([]);
    collector.close();
    const workflowId = `aks/${subscription}/isolated/vnet-integration`;
    const cluster = { subscriptionId: subscription, resourceGroup: 'isolated', name: 'vnet-integration' };
    const target = ['--type', 'deleteCluster', '--task-queue', taskQueue, '--workflow-id', workflowId];
    await temporal('workflow', 'start', ...target, '--input', JSON.stringify({ cluster }));
    expect(await result(workflowId)).toMatchObject({ status: 'COMPLETED', result: { outcome: 'verified' } });
    const resources = await fetch(`http://127.0.0.1:${simulator.port}/simulator/resources`);
    expect(await resources.text()).not.toContain('/managedClusters/vnet-integration');
    await waitFor(async () => lost().length > 0, 'The lost traces were not named');
    expect(lost()).toEqual([expect.stringContaining(` ${new URL(collector.endpoint).host} `)]);
  });
});
