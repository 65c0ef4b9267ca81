import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { program, runModule, scratchFolder, scripts } from './support.ts';

const version = `[ "$1" = --version ] && { echo 'temporal version 9.9.9 (Server 9.9.9, UI 9.9.9)'; exit; }`;

/** `npm run temporal` with a Temporal CLI of these lines, in an environment that has only the given settings. */
async function terminal(...lines: string[]) {
  const scratch = await scratchFolder();
  const env = {
    PATH: process.env.PATH,
    HOME: scratch,
    XDG_CACHE_HOME: scratch,
    TEMPORAL_CLI_PATH: await program(join(scratch, 'temporal'), version, ...lines),
  };
  return {
    announceSession: (temporalAddress: string) =>
      runModule(
        `await (await import(scripts + '/local/session.ts')).writeSession(args);`,
        { pid: process.pid, startedAt: 0, temporalAddress },
        env,
      ),
    temporal: (args: string[], settings: NodeJS.ProcessEnv = {}) =>
      execa(process.execPath, [join(scripts, 'temporal.ts'), ...args], {
        env: { ...env, ...settings },
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
      }),
  };
}

test('arguments, output and exit code pass through, and nothing is added', async () => {
  const shell = await terminal('echo "[$*]"', 'echo oops >&2', 'exit 7');
  const result = await shell.temporal(['server', 'start-dev', '--headless']);
  expect(result).toMatchObject({ stdout: '[server start-dev --headless]', stderr: 'oops', exitCode: 7 });
});

test("the live session's address is used, unless environment or flag name a server", async () => {
  const shell = await terminal('echo "address=$TEMPORAL_ADDRESS"');
  const address = async (args: string[], settings?: NodeJS.ProcessEnv) => (await shell.temporal(args, settings)).stdout;
  expect(await address([])).toBe('address=');
  await shell.announceSession('127.0.0.1:12345');
  expect(await address([])).toBe('address=127.0.0.1:12345');
  expect(await address([], { TEMPORAL_ADDRESS: 'mine:7233' })).toBe('address=mine:7233');
  expect(await address([], { TEMPORAL_PROFILE: 'production' })).toBe('address=');
  expect(await address([], { TEMPORAL_CONFIG_FILE: '/etc/temporal.toml' })).toBe('address=');
  expect(await address(['--profile=production'])).toBe('address=');
  expect(await address(['--address', 'mine:7233'])).toBe('address=');
});

test('where no session runs, it says that another server is asked', async () => {
  const shell = await terminal('echo "[$*]"');
  const notice = /^No `npm run dev` or `npm run demo` of this checkout runs/;
  const { stdout, stderr } = await shell.temporal(['workflow', 'list', '--output', 'json']);
  expect([stdout, stderr]).toEqual(['[workflow list --output json]', expect.stringMatching(notice)]);
  expect((await shell.temporal(['workflow', 'list'], { TEMPORAL_ADDRESS: 'mine:7233' })).stderr).toBe('');
  await shell.announceSession('127.0.0.1:12345');
  expect((await shell.temporal(['workflow', 'list'])).stderr).toBe('');
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s is passed on, and the CLI decides how to end',
  async (signal) => {
    const trap = `trap 'kill -KILL $!; echo tidied up; exit 42' ${signal.slice(3)}`;
    const shell = await terminal(trap, 'sleep 60 &', 'echo ready', 'wait');
    const running = shell.temporal([]);
    await once(running.stdout, 'data');
    running.kill(signal);
    expect(await running).toMatchObject({ stdout: 'ready\ntidied up', exitCode: 42 });
  },
);

test('an unusable CLI is one sentence on stderr', async () => {
  const shell = await terminal();
  const result = await shell.temporal([], { TEMPORAL_CLI_PATH: '/nowhere/temporal' });
  expect(result).toMatchObject({ stdout: '', exitCode: 1 });
  expect(result.stderr).toMatch(/^TEMPORAL_CLI_PATH=\/nowhere\/temporal is not a usable Temporal CLI.*$/);
});
