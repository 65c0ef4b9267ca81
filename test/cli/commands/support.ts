import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Harness } from '../../support/harness.ts';

const main = join(import.meta.dirname, '../../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'aks-isolation-cli-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Writes an input file. */
export function inputFile(name: string, content: object | string): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** Starts the terminal command as its own process, without a terminal, on a harness's server and worker. */
export const aksIsolation = ({ taskQueue }: Pick<Harness, 'taskQueue'>, ...args: readonly string[]) =>
  execa(process.execPath, [main, ...args, '--task-queue', taskQueue], {
    env: { ...process.env, TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  });

/** The same on a terminal, which `script` makes. What is typed goes to its standard input. */
export const onTerminal = ({ taskQueue }: Pick<Harness, 'taskQueue'>, ...args: readonly string[]) => {
  const command = [process.execPath, main, ...args, '--task-queue', taskQueue].map((text) => `'${text}'`).join(' ');
  return execa('script', ['--quiet', '--return', '--command', `stty cols 120 rows 40; ${command}`, '/dev/null'], {
    env: { ...process.env, TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS, TERM: 'xterm', NO_COLOR: '' },
    extendEnv: false,
    reject: false,
  });
};

type Running = ReturnType<typeof aksIsolation> | ReturnType<typeof onTerminal>;

/** Waits until a running command has written something. */
export function untilSaid(running: Running, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    running.stdout.on('data', (chunk: Buffer | string) => {
      said += chunk;
      if (said.includes(text)) resolve();
    });
    void running.then(({ stderr }) => reject(new Error(`It never said ${text}, but:\n${said}\n${stderr}`)));
  });
}
