import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { writeSession } from '../../scripts/local/session.ts';
import { namesServer } from '../../scripts/local/temporal/namesServer.ts';
import { program, scratchFolder, scripts } from './support.ts';

const version = `[ "$1" = --version ] && { echo 'temporal version 9.9.9 (Server 9.9.9, UI 9.9.9)'; exit; }`;

/** `npm run temporal` with a Temporal CLI of these lines, in an environment that has only the given settings. */
async function terminal(...lines: string[]) {
  const scratch = await scratchFolder();
  const env = {
    PATH: process.env.PATH,
    HOME: scratch,
    XDG_CACHE_HOME: scratch,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    TEMPORAL_CLI_PATH: await program(join(scratch, 'temporal'), version, ...lines),
  };
  return {
    announceSession: (temporalAddress: string) =>
      writeSession(
        { pid: process.pid, startedAt: 0, temporalAddress },
        { cacheFolder: join(scratch, 'aks-isolation') },
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

test("the live session's address is used, unless environment or flag name a server; where no session runs, it says that another server is asked", async () => {
  const shell = await terminal('echo "[$*] $TEMPORAL_ADDRESS"');
  const list = async (settings: NodeJS.ProcessEnv = {}) => {
    const { stdout, stderr } = await shell.temporal(['workflow', 'list', '--output', 'json'], settings);
    return [stdout, stderr];
  };
  const notice = /^No `npm run dev` or `npm run demo` of this checkout runs/;
  expect(await list()).toEqual(['[workflow list --output json] ', expect.stringMatching(notice)]);
  await shell.announceSession('127.0.0.1:12345');
  expect(await list()).toEqual(['[workflow list --output json] 127.0.0.1:12345', '']);
  expect(await list({ TEMPORAL_ADDRESS: 'mine:7233' })).toEqual(['[workflow list --output json] mine:7233', '']);
});

test.each<[args: string[], env: NodeJS.ProcessEnv, isNamed: boolean]>([
  [[], {}, false],
  [['workflow', 'list', '--output', 'json'], {}, false],
  [[], { TEMPORAL_ADDRESS: 'mine:7233' }, true],
  [[], { TEMPORAL_PROFILE: 'production' }, true],
  [[], { TEMPORAL_CONFIG_FILE: '/etc/temporal.toml' }, true],
  [['--profile=production'], {}, true],
  [['--address', 'mine:7233'], {}, true],
])('whether %j with %j name a server: %j', (args, env, isNamed) => {
  expect(namesServer(args, env)).toBe(isNamed);
});

test('signals are passed on, and the CLI decides how to end', async () => {
  const shell = await terminal(
    "trap 'echo interrupted' INT",
    "trap 'echo terminated' TERM",
    "trap 'kill -KILL $!; echo tidied up; exit 42' HUP",
    'sleep 60 &',
    'echo ready',
    'while :; do wait; done',
  );
  const running = shell.temporal([]);
  const printed = running.iterable();
  for (const [signal, line] of [
    ['SIGINT', 'ready'],
    ['SIGTERM', 'interrupted'],
    ['SIGHUP', 'terminated'],
  ] as const) {
    expect((await printed.next()).value).toBe(line);
    running.kill(signal);
  }
  expect(await running).toMatchObject({ stdout: 'ready\ninterrupted\nterminated\ntidied up', exitCode: 42 });
});

test('an unusable CLI is one sentence on stderr', async () => {
  const shell = await terminal();
  const result = await shell.temporal([], { TEMPORAL_CLI_PATH: '/nowhere/temporal' });
  expect(result).toMatchObject({ stdout: '', exitCode: 1 });
  expect(result.stderr).toMatch(/^TEMPORAL_CLI_PATH=\/nowhere\/temporal is not a usable Temporal CLI.*$/);
});
