import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import which from 'which';
import { type Stack, startStack } from '../../scripts/local/stack.ts';
import { startWorker, type WorkerProcess } from '../../scripts/local/workerProcess.ts';
import { scratchFolder } from '../scripts/support.ts';
import { type ArmClient, armClient } from '../support/arm.ts';

// Callers as they are outside of this repository: with nothing of it but the package, or with another language's SDK.
const root = join(import.meta.dirname, '../..');
const subscriptionId = '11111111-1111-1111-1111-111111111111';

let stack: Stack;
let worker: WorkerProcess;
let azure: ArmClient;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await scratchFolder();
  stack = await startStack({ speed: 'demand', onProgress: () => undefined });
  azure = armClient(stack.simulator, async () => '');
  worker = startWorker(stack.workerEnvironment);
  await worker.ready;
  env = { PATH: process.env.PATH, HOME: process.env.HOME, TEMPORAL_ADDRESS: stack.temporal.address };
});
afterAll(async () => {
  await worker.stop();
  await stack.stop();
});

describe('the package in an empty project', () => {
  let project: string;
  const typescript = {
    '5.9': join(root, 'node_modules/ts-json-schema-generator/node_modules/typescript/bin/tsc'),
    '7': join(root, 'node_modules/typescript/bin/tsc'),
  };
  const tsc = (version: keyof typeof typescript, ...options: string[]) =>
    execa(process.execPath, [typescript[version], '--strict', '--target', 'es2022', ...options, 'caller.ts'], {
      cwd: project,
      reject: false,
    });

  beforeAll(async () => {
    project = join(folder, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{"type": "module", "private": true}');
    const { stdout: packed } = await execa(process.execPath, ['scripts/package/main.ts', '--out', folder], {
      cwd: root,
    });
    await execa('npm', ['install', '--prefer-offline', '--no-audit', packed.split('\n').at(-1) ?? ''], {
      cwd: project,
    });
    const readme = await readFile(join(root, 'client/README.md'), 'utf8');
    const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
    await writeFile(join(project, 'caller.ts'), example);
  });

  it('is small', async () => {
    const { stdout: listed } = await execa('npm', ['ls', '--all', '--parseable'], { cwd: project });
    const packages = listed.split('\n').length - 1;
    const { stdout: size } = await execa('du', ['-sm', 'node_modules'], { cwd: project });
    process.stdout.write(`${packages} packages installed, ${size.split('\t')[0]} MB\n`);
    expect(packages).toBeLessThan(60);
    expect(Number.parseInt(size, 10)).toBeLessThan(80);
  });

  it.each([
    ['5.9', '--module', 'nodenext'],
    ['5.9', '--module', 'node16'],
    ['5.9', '--module', 'esnext', '--moduleResolution', 'bundler'],
    ['7', '--module', 'nodenext'],
    ['7', '--module', 'esnext', '--moduleResolution', 'bundler'],
  ] as const)('type checks its README by TypeScript %s with %s %s %s %s', async (version, ...options) => {
    expect(await tsc(version, '--noEmit', ...options)).toMatchObject({ stdout: '', exitCode: 0 });
  });

  it('refuses by its types what the schema refuses', async () => {
    const example = await readFile(join(project, 'caller.ts'), 'utf8');
    await writeFile(join(project, 'wrong.ts'), example.replace("mode: 'managed'", "mode: 'mine'"));
    const options = ['--strict', '--noEmit', '--module', 'nodenext', 'wrong.ts'];
    const { stdout } = await execa(process.execPath, [typescript[7], ...options], { cwd: project, reject: false });
    expect(stdout).toMatch(/wrong\.ts\(\d+,\d+\): error TS2322/);
  });

  it('starts, follows and reads a scenario on Node 20 and Node 24', async () => {
    await tsc('5.9', '--module', 'nodenext');
    for (const [major, node] of [
      [20, await nodeOf(20, project)],
      [24, process.execPath],
    ] as const) {
      expect((await execa(node, ['--version'])).stdout).toMatch(`v${major}.`);
      const { stdout } = await execa(node, ['caller.js'], { cwd: project, env, extendEnv: false });
      const lines = stdout.split('\n');
      expect(lines.at(-1)).toMatch(/^\d+ checks$/);
      expect(lines.at(-2)).toMatch(/^succeeded \d+ of \d+ steps$/);
    }
  });
});

/** A Node of this major version: one on the path outside of this repository, or the npm package. */
async function nodeOf(major: number, project: string): Promise<string> {
  const path = (process.env.PATH ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  for (const node of (await which('node', { all: true, nothrow: true, path: path.join(delimiter) })) ?? []) {
    if ((await execa(node, ['--version'])).stdout.startsWith(`v${major}.`)) return node;
  }
  await execa('npm', ['install', '--no-save', `node@${major}`], { cwd: project });
  return join(project, 'node_modules/node/bin/node');
}

/** Makes the program of an example ready, and returns how it is called. */
const languages = {
  python: async (): Promise<[string, ...string[]]> => {
    const venv = join(folder, 'venv');
    await execa('python3', ['-m', 'venv', venv]);
    await execa(join(venv, 'bin/pip'), ['install', '-q', '-r', join(root, 'examples/python/requirements.txt')]);
    return [join(venv, 'bin/python'), join(root, 'examples/python/run_scenario.py')];
  },
  go: async (): Promise<[string, ...string[]]> => {
    const program = join(folder, 'example');
    await execa('go', ['build', '-o', program, '.'], { cwd: join(root, 'examples/go') });
    return [program];
  },
};

describe.each(['python', 'go'] as const)('the example in %s', (language) => {
  const cluster = { subscriptionId, resourceGroup: `example-${language}`, name: language };
  const created = { cluster, location: 'westeurope', registry: { mode: 'managed' }, apiServerAccess: 'privateLink' };
  let command: [string, ...string[]];
  beforeAll(async () => {
    command = await languages[language]();
  });

  /** Runs the example; Ada lets it pass gates. */
  async function run(scenario: string, input: object) {
    const file = join(folder, `${language}-${scenario}.json`);
    await writeFile(file, JSON.stringify(input));
    const [program, ...args] = command;
    const approver = language === 'python' ? ['--approve-as', 'Ada'] : ['Ada'];
    const options = { env, extendEnv: false, reject: false } as const;
    return execa(program, [...args, scenario, file, ...approver], options);
  }

  it('creates a cluster and prints the proof', async () => {
    const { stdout, exitCode } = await run('createCluster', created);
    expect({ stdout, exitCode }).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/verified: \d+ checks/) });
    expect(stdout).toContain('  met: ');
  });

  it('lets a run pass its gate', async () => {
    expect((await run('disableIsolation', { cluster })).exitCode).toBe(0);
    const gated = { cluster, registry: { mode: 'managed' }, approvals: ['cutEgress'] };
    const { stdout, exitCode } = await run('isolateCluster', gated);
    expect({ stdout, exitCode }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Ada lets it pass cutEgress'),
    });
  });

  it('tells why a run was refused', async () => {
    const { stdout, exitCode } = await run('createCluster', { ...created, kubernetesVersion: 'newest' });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/InvalidInput: [\s\S]*\n {2}kubernetesVersion: /);
  });

  it('tells what failed, and what remains', async () => {
    const other = { ...cluster, name: `${language}-2` };
    const answer = { status: 403, code: 'RequestDisallowedByPolicy', message: 'No.' };
    await azure.fault({ method: 'PUT', path: `/managedClusters/${other.name}$`, answer });
    const { stdout, exitCode } = await run('createCluster', { ...created, cluster: other, onFailure: 'leave' });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/StepFailed: [\s\S]*RequestDisallowedByPolicy/);
    expect(stdout).toMatch(/what to do: \w/);
    expect(stdout).toMatch(/correlation ID: [0-9a-f-]{36}/);
  });
});
