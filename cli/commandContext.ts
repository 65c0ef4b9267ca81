/** A stream that is written to, which may be a terminal. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };

/** A command's variables, input and output. */
export interface Streams {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
}

/** All that a command has around it. A process has one of them, a test as many as it runs commands. */
export interface CommandContext extends Streams {
  /** Heeds Ctrl-C from now on. @returns aborted by it */
  interruption(): AbortSignal;
}
