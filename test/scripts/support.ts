import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

export const scripts = join(import.meta.dirname, '../../scripts');

const scratchFolders: string[] = [];
process.once('exit', () => {
  for (const path of scratchFolders) rmSync(path, { recursive: true, force: true });
});

/** Makes an empty folder that is removed when the process ends. */
export async function scratchFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'aks-isolation-test-'));
  scratchFolders.push(path);
  return path;
}

/** Writes a shell script that can be run as a program. */
export async function program(file: string, ...lines: string[]): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
  return file;
}

/** Starts a process that runs `code`, an ES module with `scripts` (the folder's path) and `args` at hand. */
export const runModule = (code: string, args: unknown, env: NodeJS.ProcessEnv = process.env) =>
  execa(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `const scripts = ${JSON.stringify(scripts)}; const args = ${JSON.stringify(args)}; ${code}`,
    ],
    { env, extendEnv: false, reject: false, stdin: 'ignore' },
  );
