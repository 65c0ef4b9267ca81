import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { endWithThisProcess } from './temporal/server.ts';

export interface WorkerProcess {
  pid: number;
  /** Resolves when the worker polls; if it ends before, rejects with its last lines. */
  ready: Promise<void>;
  /** Settles with a sentence when the process is gone. */
  exited: Promise<string>;
  /** Lets it shut down gracefully. */
  stop(): Promise<void>;
}

/** Starts the worker as its own process, as in production; it never outlives this one. */
export function startWorker(
  env: Record<string, string>,
  onLog: (line: string) => void = () => undefined,
): WorkerProcess {
  const worker = execa(process.execPath, [fileURLToPath(new URL('../../worker/main.ts', import.meta.url))], {
    env,
    extendEnv: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    // A process group of its own: Ctrl-C must reach the worker through stop(), before the Temporal server goes.
    detached: process.platform !== 'win32',
    // The worker hands its operations over at once; one that takes this long hangs.
    forceKillAfterDelay: 15_000,
  });
  const tail: string[] = [];
  const keep = (line: string) => {
    tail.push(line);
    // A stack trace with the lines before it fits, and a screen takes it.
    if (tail.length > 20) tail.shift();
    onLog(line);
  };
  createInterface(worker.stderr).on('line', keep);
  const exited = worker.then(({ exitCode, signal, shortMessage }) =>
    [`The worker ended with ${signal ?? `code ${exitCode ?? shortMessage}`}.`, ...tail].join('\n'),
  );
  if (worker.pid !== undefined) endWithThisProcess(worker.pid, exited);
  const ready = new Promise<void>((resolve, reject) => {
    createInterface(worker.stdout).on('line', (line) => {
      keep(line);
      if (line.includes('"Worker is ready"')) resolve();
    });
    void exited.then((sentence) => reject(new Error(sentence)));
  });
  // Avoids an unhandled rejection where nobody awaits `ready`; `exited` has the reason too.
  ready.catch(() => undefined);
  return {
    pid: worker.pid ?? 0,
    ready,
    exited,
    async stop() {
      worker.kill();
      await exited;
    },
  };
}
