import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceError } from '@temporalio/client';
import { AksIsolationClient, InvalidInputError } from '../client/index.ts';
import type { CommandContext } from './commandContext.ts';
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
  /** Task queue of the run that is waited for. */
  #queue: string;

  private constructor(aks: AksIsolationClient, terminal: Terminal, interruption: AbortSignal) {
    this.aks = aks;
    this.terminal = terminal;
    this.interruption = interruption;
    this.#queue = aks.taskQueue;
  }

  /** Waits for a run of this task queue from now on. */
  waitsOn(queue: string): void {
    this.#queue = queue;
  }

  /**
   * Connects as Temporal's environment configuration says. The connection stays open: Temporal's client tries requests again by
   * a timer, and on a closed connection that fails where nobody can catch it.
   */
  static async open(
    context: CommandContext,
    { output, taskQueue, by }: SessionOptions & { by?: string },
  ): Promise<Session> {
    const { env } = context;
    const interruption = context.interruption();
    const address = env.TEMPORAL_ADDRESS || 'the configured address (TEMPORAL_ADDRESS, or a profile)';
    const aks = await AksIsolationClient.connect(taskQueue, env).catch((error: unknown) => {
      if (error instanceof InvalidInputError) throw error;
      throw new UserError(`No Temporal service answers at ${address}: ${messageOf(error)}`);
    });
    const startedBy = by ?? accountName();
    if (startedBy !== undefined) aks.startsAs(startedBy);
    return new Session(aks, new Terminal(output, context), interruption);
  }

  /** Waits for something that needs a worker: says so if there is none, and gives up on Ctrl-C, its requests included. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const settled = new AbortController();
    const interrupted = new Promise<never>((_, reject) => {
      const give = () => reject(new Interrupted());
      if (this.interruption.aborted) give();
      this.interruption.addEventListener('abort', give, { signal: settled.signal });
    });
    void this.#sayIfNoWorker(settled.signal).catch(() => undefined);
    try {
      return await Promise.race([this.aks.temporal.withAbortSignal(settled.signal, work), interrupted]);
    } finally {
      settled.abort();
    }
  }

  /** Says once that nobody works. A worker that is idle answers within a second; one may be gone later. */
  async #sayIfNoWorker(signal: AbortSignal): Promise<void> {
    do await delay(5_000, undefined, { signal, ref: false });
    while (await this.#isPolled());
    const { temporal, taskQueue, lookQueue } = this.aks;
    const nobody = `No worker polls task queue ${this.#queue} in namespace ${temporal.options.namespace}`;
    const elsewhere =
      this.#queue === taskQueue || this.#queue === lookQueue
        ? ''
        : ` The run was started there, not on ${taskQueue}: a run that has begun nothing can be terminated and started again.`;
    this.terminal.note(`${nobody}: nothing happens until one does.${elsewhere}`);
  }

  async #isPolled(): Promise<boolean> {
    const { workflowService, options } = this.aks.temporal;
    // Left out, the type is that of workflow tasks.
    const { pollers } = await workflowService.describeTaskQueue({
      namespace: options.namespace,
      taskQueue: { name: this.#queue },
    });
    const oldest = Date.now() / 1000 - pollSeconds;
    return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) > oldest);
  }
}

/** A poll lasts a minute at most. Temporal names a poller for five minutes after its last one. */
const pollSeconds = 90;

/** The name in which runs are started and approved, where nobody gives another; `undefined` for an account without one, as in containers. */
export function accountName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** Temporal's client wraps the words of the server. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as ServiceError;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
