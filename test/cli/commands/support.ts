import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { execa } from 'execa';
import { run } from '../../../cli/run.ts';
import { type Harness, temporalAddress } from '../../support/harness.ts';

export const main = join(import.meta.dirname, '../../../cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'aks-isolation-cli-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Writes an input file. */
export function inputFile(name: string, content: object | string): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

type Queue = Pick<Harness, 'taskQueue'> & { env?: NodeJS.ProcessEnv };

/**
 * Runs the terminal command here, without a terminal, on a harness's server and worker. To load it into a process of its own
 * takes longer than most of what it does.
 */
export function aksIsolation({ taskQueue, env = {} }: Queue, ...args: readonly string[]) {
  const [stdout, stderr] = [new PassThrough({ encoding: 'utf8' }), new PassThrough({ encoding: 'utf8' })];
  const interrupted = new AbortController();
  const texts = Promise.all([allOf(stdout), allOf(stderr)]);
  const ended = (async () => {
    const exitCode = await run([...args, '--task-queue', taskQueue], {
      env: { TEMPORAL_ADDRESS: temporalAddress(), ...env },
      stdin: Readable.from([]),
      stdout,
      stderr,
      interruption: () => interrupted.signal,
    });
    stdout.end();
    stderr.end();
    const [said, noted] = await texts;
    return { exitCode, stdout: said, stderr: noted };
  })();
  return Object.assign(ended, { stdout, stderr, pressCtrlC: () => interrupted.abort() });
}

/** All that is written to a stream, as execa tells it: without the end of its last line. */
async function allOf(stream: Readable): Promise<string> {
  let text = '';
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => stream.once('end', resolve));
  return text.replace(/\n$/, '');
}

/** Starts the program itself, without a terminal. */
export const aksIsolationProcess = ({ taskQueue, env = {} }: Queue, ...args: readonly string[]) =>
  execa(process.execPath, [main, ...args, '--task-queue', taskQueue], {
    env: { ...process.env, TEMPORAL_ADDRESS: temporalAddress(), ...env },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  });

/** The same on a terminal, which `script` makes. Typed text goes to its standard input. */
export const onTerminal = ({ taskQueue }: Queue, ...args: readonly string[]) => {
  const command = [process.execPath, main, ...args, '--task-queue', taskQueue].map((text) => `'${text}'`).join(' ');
  return execa('script', ['--quiet', '--return', '--command', `stty cols 120 rows 40; ${command}`, '/dev/null'], {
    env: { ...process.env, TEMPORAL_ADDRESS: temporalAddress(), TERM: 'xterm', NO_COLOR: '' },
    extendEnv: false,
    reject: false,
  });
};

/** A command here, or a process. */
type Running = Promise<{ stdout: string; stderr: string }> & Readonly<Record<'stdout' | 'stderr', Readable>>;

/** Waits until a running command has written something. */
export function untilSaid(running: Running, text: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    running[stream].on('data', (chunk: Buffer | string) => {
      said += chunk;
      if (said.includes(text)) resolve();
    });
    const neverSaid = ({ stdout, stderr }: { stdout: string; stderr: string }) =>
      reject(new Error(`It never said ${text}, but:\n${stdout}\n${stderr}`));
    void running.then(neverSaid);
  });
}
