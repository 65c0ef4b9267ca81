import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterWorkflowId } from '../../../contract/index.ts';
import product from '../../../package.json' with { type: 'json' };
import { clusterPath, input } from '../../support/azure.ts';
import { type Harness, startHarness } from '../../support/harness.ts';
import { aksIsolation, aksIsolationProcess, inputFile, onTerminal, untilSaid } from './support.ts';

describe('aks-isolation', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  const aks = (...args: string[]) => aksIsolation(harness, ...args);
  const createFile = (name: string, more: object = {}) =>
    inputFile(`${name}.json`, { $schema: 'https://example.org/createCluster.json', ...input(name, more) });

  it.concurrent('plans as Terraform does: signs, a summary, and 2 where something would change', async () => {
    const file = createFile('cli-plan');
    const { stdout, stderr, exitCode } = await aks('plan', file);
    expect([exitCode, stderr]).toEqual([2, '']);
    expect(stdout).toContain('  + Cluster cli-plan (absent)');
    expect(stdout).toContain('Plan: 2 to create, 0 to change, 0 to delete (2 as wanted already).');
    expect(await harness.azure.writes(/cli-plan/)).toEqual([]);
  });

  it.concurrent('plans for programs: one JSON value and nothing else', async () => {
    const { stdout, exitCode } = await aks('plan', createFile('cli-json'), '--output', 'json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'planned',
      applicable: true,
      summary: { create: 2, update: 0, delete: 0, none: 2 },
    });
  });

  it.concurrent('says first what stops a plan, and fails', async () => {
    const file = createFile('cli-problem', { kubernetesVersion: '1.99' });
    const { stdout, exitCode } = await aks('plan', file);
    expect(exitCode).toBe(1);
    expect(stdout.indexOf('A problem has to be solved')).toBeLessThan(stdout.indexOf('+ Cluster'));
    expect(stdout).toContain('It cannot be applied: one problem.');
    const json = await aks('plan', file, '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ applicable: false });
  });

  it.concurrent('names every problem of an input, in YAML too, and starts nothing', async () => {
    const file = inputFile('wrong.yaml', 'cluster: {name: 7}\nlocation: West Europe\n');
    const { stdout, stderr, exitCode } = await aks('apply', file, '--scenario', 'createCluster', '-o', 'json');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('location: not a region name');
    const { problems } = JSON.parse(stdout);
    expect(problems).toContainEqual(expect.objectContaining({ where: 'cluster.name', problem: 'wrong type' }));
  });

  it.concurrent('shows the plan and changes nothing where nobody can be asked', async () => {
    const { stdout, stderr, exitCode } = await aks('apply', createFile('cli-ask'));
    expect([exitCode, stderr]).toEqual([1, 'Nobody can be asked here. Give --yes to apply without a question.']);
    expect(stdout).toContain('Plan: 2 to create');
    expect(await harness.azure.writes(/cli-ask/)).toEqual([]);
  });

  it.concurrent('applies in plain lines, and then has nothing to do: for programs, the result is all it prints', async () => {
    const file = createFile('cli-apply');
    const { stdout, exitCode } = await aks('apply', file, '--yes');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\dZ {2}done {7}Cluster cli-apply: /m);
    expect(stdout).toMatch(/^Verified: (\d+) of \1 checks ok, in /m);
    // Neither colours nor a cursor that moves.
    expect(stdout).not.toContain('\u001b');
    // A run that has ended can be followed without a worker, by the resource ID of its cluster.
    const ended = await aksIsolation({ taskQueue: 'nobody' }, 'watch', clusterPath(input('cli-apply')));
    expect([ended.exitCode, ended.stdout]).toEqual([0, expect.stringMatching(/^Verified: /)]);
    expect((await aks('plan', file)).exitCode).toBe(0);
    const again = await aks('apply', file, '--yes', '--output', 'json');
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'verified', scenario: 'createCluster' });
  });

  it.concurrent('fails with the reason where the run fails', async () => {
    const file = createFile('cli-fails');
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.\u001b[31m' };
    await harness.azure.fault({ method: 'PUT', path: '/managedClusters/cli-fails$', answer });
    const { stdout, exitCode } = await aks('apply', file, '--yes');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('Failed (StepFailed): RequestDisallowedByPolicy: No.');
    expect(stdout).not.toContain('\u001b');
  });

  it.concurrent('leaves a run with Ctrl-C, comes back to it, and lets nobody else in', async () => {
    const given = input('cli-detach');
    const file = createFile('cli-detach');
    const workflowId = clusterWorkflowId(given.cluster);
    const end = await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: { held: true } });
    const first = aksIsolationProcess(harness, 'apply', file, '--yes');
    await untilSaid(first, 'running    Cluster cli-detach');
    first.kill('SIGINT');
    const left = await first;
    expect(left.exitCode).toBe(130);
    expect(left.stderr).toContain(`The run goes on. Come back: aks-isolation watch ${workflowId} --run-id `);

    const again = aks('apply', file, '--yes');
    await untilSaid(again, 'This input runs already. Following that run.');
    const watching = aks('watch', workflowId, '--output', 'json');
    const applying = untilSaid(watching, 'applying');
    const other = await aks(
      'apply',
      createFile('cli-detach-other', { cluster: given.cluster, tags: { other: 'input' } }),
      '--yes',
    );
    expect([other.exitCode, other.stdout]).toEqual([1, '']);
    expect(other.stderr).toContain(`Watch it: aks-isolation watch ${workflowId}`);
    await applying;
    await end();
    expect((await again).exitCode).toBe(0);
    const { stdout, exitCode } = await watching;
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n').map((line): object => JSON.parse(line));
    expect(lines.at(0)).toMatchObject({ phase: 'applying' });
    expect(lines.at(-1)).toMatchObject({ outcome: 'verified' });
    expect(await harness.azure.writes(/managedClusters\/cli-detach\?/)).toHaveLength(1);
  });

  // util-linux makes the terminal; others spell its options otherwise.
  const onLinux = process.platform === 'linux' ? it.concurrent : it.skip;
  onLinux('asks on a terminal, draws the run, and says how to come back after Ctrl-C', async () => {
    const given = input('cli-tty');
    const end = await harness.azure.fault({ method: 'PUT', path: `${clusterPath(given)}$`, operation: { held: true } });
    const running = onTerminal(harness, 'apply', createFile('cli-tty'));
    await untilSaid(running, 'Only "yes" is a yes: ');
    running.stdin.write('yes\n');
    await untilSaid(running, '▶ Cluster cli-tty');
    running.stdin.write('\u0003');
    const { stdout, exitCode } = await running;
    expect(exitCode).toBe(130);
    expect(stdout).toContain('█');
    expect(stdout).toContain(`The run goes on. Come back: aks-isolation watch ${clusterWorkflowId(given.cluster)}`);
    const run = harness.client.scenarioOf(given.cluster);
    expect(await run.progress()).toMatchObject({ phase: 'applying' });
    await end();
    await run.result();
  });

  it.concurrent('says of a run on a wrong task queue that nobody works there', async () => {
    const { cluster } = input('cli-nobody');
    const workflowId = clusterWorkflowId(cluster);
    const { workflow } = harness.temporal;
    const run = await workflow.start('createCluster', { workflowId, taskQueue: 'aks-isolatoin', args: [{}] });
    const watching = aks('watch', workflowId);
    await untilSaid(watching, 'No worker polls', 'stderr');
    watching.pressCtrlC();
    const { stderr, exitCode } = await watching;
    await run.terminate();
    expect(stderr).toContain('No worker polls task queue aks-isolatoin in namespace default');
    expect(stderr).toContain(`not on ${harness.taskQueue}: a run that has begun nothing can be terminated`);
    expect(exitCode).toBe(130);
  });

  it.concurrent('says its version, and what it does not understand', async () => {
    expect(await aks('--version')).toEqual({ exitCode: 0, stdout: product.version, stderr: '' });
    const told = "error: unknown option '--unheard-of'\n(see --help)";
    expect(await aks('plan', '--unheard-of')).toEqual({ exitCode: 1, stdout: '', stderr: told });
  });

  it.concurrent('knows no run that never was', async () => {
    const { stderr, exitCode } = await aks('watch', 'aks/never/was/one');
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^There is no run aks\/never\/was\/one\. Namespace default keeps runs \d+ (h|days) after their end\. See: aks-isolation list$/,
      ),
    ]);
  });
});
