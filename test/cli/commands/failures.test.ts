import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { execa } from 'execa';
import { temporalAddress } from '../../support/harness.ts';
import { aksIsolation, aksIsolationProcess, inputFile, main, untilSaid } from './support.ts';

const { COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION } = proto.temporal.api.enums.v1.CommandType;

/** Runs of all types, on a task queue that no worker polls. */
async function startedRun(type: string) {
  const taskQueue = `failures-${randomUUID()}`;
  const workflowId = taskQueue;
  const connection = await Connection.connect({ address: temporalAddress() });
  const { workflow, workflowService } = new Client({ connection });
  const run = await workflow.start(type, { workflowId, taskQueue });
  /** Ends it as a worker would. */
  const complete = async (result: unknown): Promise<void> => {
    const namespace = 'default';
    const { taskToken } = await connection.withDeadline(Date.now() + 10_000, () =>
      workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
    );
    const commandType = COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION;
    const attributes = { result: { payloads: [defaultPayloadConverter.toPayload(result)] } };
    const commands = [{ commandType, completeWorkflowExecutionCommandAttributes: attributes }];
    await workflowService.respondWorkflowTaskCompleted({ namespace, taskToken, commands });
  };
  const end = async (): Promise<void> => {
    await run.terminate().catch(() => undefined);
    await connection.close();
  };
  return { workflowId, taskQueue, complete, end };
}

describe('aks-isolation, where it cannot do its work,', () => {
  const taskQueue = 'nobody';
  const aks = (...args: string[]) => aksIsolation({ taskQueue }, ...args);

  it.each([
    ['list', '-ojson', '--limit', '0'],
    ['plan', '--output=json'],
    ['plan', 'no-such-file', '-ojson'],
    ['decide', 'run', 'perhaps', '--output', 'json'],
  ])('prints one JSON value for programs: %s %s', async (...args) => {
    const { stdout, stderr, exitCode } = await aks(...args);
    expect([exitCode, stderr]).toEqual([1, expect.not.stringContaining('    at ')]);
    expect(JSON.parse(stdout)).toEqual({ outcome: 'error', message: expect.stringMatching(/./) });
  });

  it('prints no JSON where nobody asks for it', async () => {
    const { stdout } = await aks('approve', 'run', 'cutEgress', '--note', 'as of -o json', '--unheard-of');
    expect(stdout).toBe('');
  });

  it.each([['list'], ['watch', 'a-run'], ['report', 'a-run']])(
    'names a namespace that is not there: %s',
    async (...args) => {
      const env = { TEMPORAL_NAMESPACE: 'nowhere' };
      const { stdout, stderr, exitCode } = await aksIsolation({ taskQueue, env }, ...args);
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toBe(
        'There is no namespace nowhere. Set TEMPORAL_NAMESPACE, or choose a profile by TEMPORAL_PROFILE.',
      );
    },
  );

  it('takes no run of another type for one that went well, and steers none', async () => {
    const { workflowId, complete, end } = await startedRun('somebodyElses');
    const refused = `${workflowId} is no scenario, but somebodyElses. See: aks-isolation list`;
    for (const args of [['watch'], ['approve', 'cutEgress'], ['pause'], ['cancel']]) {
      const [command = '', ...more] = args;
      const { stderr, exitCode } = await aks(command, workflowId, ...more);
      expect([command, exitCode, stderr]).toEqual([command, 1, refused]);
    }
    await complete({ outcome: 'verified' });
    const { stdout, stderr, exitCode } = await aks('watch', workflowId);
    expect([exitCode, stdout, stderr]).toEqual([1, '', refused]);
    await end();
  });

  it.each(['watch', 'report', 'approve', 'decide', 'pause', 'resume', 'cancel', 'retry-failed'])(
    'says of a run that Temporal does not have, or no longer, how long it keeps runs: %s',
    async (command) => {
      const answers: Readonly<Record<string, string>> = { approve: 'cutEgress', decide: 'retry' };
      const answer = answers[command];
      const [run, runId] = ['aks/long/gone/cluster', randomUUID()];
      for (const [more, said] of [
        [[], run],
        [['--run-id', runId], `${run} with run ID ${runId}`],
      ] as const) {
        const { stdout, stderr, exitCode } = await aks(command, run, ...(answer ? [answer] : []), ...more);
        expect([exitCode, stdout]).toEqual([1, '']);
        expect(stderr).toContain(`There is no run ${said}. Namespace default keeps runs `);
        expect(stderr).toMatch(/keeps runs \d+ (h|days) after their end\. See: aks-isolation list$/);
      }
    },
  );

  it('says of a part of a rollout where to look', async () => {
    const { workflowId, complete, end } = await startedRun('fleetMember');
    await complete({ outcome: 'verified' });
    const { stderr, exitCode } = await aks('watch', workflowId);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('is a part of a rollout')]);
    await end();
  });

  it('says of a run whose name is mistyped how it failed', async () => {
    const { workflowId, end } = await startedRun('createClusters');
    await end();
    const { stdout, exitCode } = await aks('watch', workflowId);
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('The run was terminated')]);
  });

  it('does not say that nothing was changed where a worker may still take what was asked for', async () => {
    const { workflowId, end, taskQueue: queue } = await startedRun('createCluster');
    const asking = aks('pause', workflowId);
    await untilSaid(asking, `No worker polls task queue ${queue}`, 'stderr');
    asking.pressCtrlC();
    const { stderr, exitCode } = await asking;
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`it may still be done. See: aks-isolation watch ${workflowId}`);
    await end();
  });

  it('names a folder that it cannot write to', async () => {
    const { workflowId, end } = await startedRun('createCluster');
    const folder = inputFile('a-file', {});
    const { stderr, exitCode } = await aks('report', workflowId, '--folder', folder);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`Cannot write to ${folder}: EEXIST`)]);
    expect(stderr).not.toContain('    at ');
    await end();
  });

  it('ends quietly where nobody reads its output any more', async () => {
    const piped = [
      '-o',
      'pipefail',
      '-c',
      '"$0" "$@" | true',
      process.execPath,
      main,
      'list',
      '--resource-group',
      'no-such',
    ];
    const env = { TEMPORAL_ADDRESS: temporalAddress() };
    const { exitCode, stderr } = await execa('bash', piped, { env, reject: false });
    expect([exitCode, stderr]).toEqual([141, '']);
  });

  it('says that traces are lost, though it is done before the collector is given up', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    const audit = inputFile('traced.json', {
      cluster: { subscriptionId: randomUUID(), resourceGroup: 'a', name: 'b' },
    });
    const running = aksIsolationProcess({ taskQueue: `traced-${randomUUID()}`, env }, 'audit', audit);
    await untilSaid(running, 'No worker polls', 'stderr');
    running.kill('SIGINT');
    const { exitCode, stderr } = await running;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('Traces are lost: the collector at 127.0.0.1:1')]);
  });
});
