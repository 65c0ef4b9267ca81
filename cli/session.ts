import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceError } from '@temporalio/client';
import { AksIsolationClient } from '../client/index.ts';
import { exitCodes } from './exitCodes.ts';
import { type OutputFormat, Terminal } from './terminal.ts';
import { UserError } from './userError.ts';

export interface SessionOptions {
  output: OutputFormat;
  taskQueue?: string;
}

/** Somebody at the terminal has pressed Ctrl-C. That cancelled nothing. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** A connection to Temporal, a terminal, and Ctrl-C. */
export class Session {
  readonly aks: AksIsolationClient;
  readonly terminal: Terminal;
  readonly interruption: AbortSignal;

  private constructor(aks: AksIsolationClient, terminal: Terminal, interruption: AbortSignal) {
    this.aks = aks;
    this.terminal = terminal;
    this.interruption = interruption;
  }

  /** Connects as Temporal's environment configuration says. */
  static async open({ output, taskQueue }: SessionOptions): Promise<Session> {
    const interrupted = new AbortController();
    // Listeners that stay: a library that restores the cursor would else end the process before it has said how to come back.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => (interrupted.signal.aborted ? process.exit(exitCodes.detached) : interrupted.abort()));
    }
    const address = process.env.TEMPORAL_ADDRESS || 'the configured address (TEMPORAL_ADDRESS, or a profile)';
    const aks = await AksIsolationClient.connect(taskQueue).catch((error: unknown) => {
      throw new UserError(`No Temporal service answers at ${address}: ${messageOf(error)}`);
    });
    return new Session(aks, new Terminal(output), interrupted.signal);
  }

  /** Waits for something that needs a worker: says so if there is none, and gives up on Ctrl-C. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    const settled = new AbortController();
    const interrupted = new Promise<never>((_, reject) => {
      const give = () => reject(new Interrupted());
      if (this.interruption.aborted) give();
      this.interruption.addEventListener('abort', give, { signal: settled.signal });
    });
    // A worker that is idle answers within a second.
    void delay(5_000, undefined, { signal: settled.signal, ref: false })
      .then(() => this.#sayIfNoWorker())
      .catch(() => undefined);
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      settled.abort();
    }
  }

  async #sayIfNoWorker(): Promise<void> {
    const { temporal, taskQueue } = this.aks;
    const { namespace } = temporal.options;
    // Left out, the type is that of workflow tasks.
    const { pollers } = await temporal.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue } });
    if ((pollers?.length ?? 0) > 0) return;
    this.terminal.note(
      `No worker polls task queue ${taskQueue} in namespace ${namespace}: nothing happens until one does.`,
    );
  }
}

/** Temporal's client wraps the words of the server. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as ServiceError;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
