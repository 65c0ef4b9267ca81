import { createInterface } from 'node:readline/promises';
import { createLogUpdate } from 'log-update';
import type { Output, Streams } from './commandContext.ts';
import type { ScreenSize } from './text/progress.ts';
import { coloured, type Paint, plain } from './text/style.ts';

export type OutputFormat = 'table' | 'json';

/** Where a command writes. With format `json` standard output holds data alone, and words for people go to standard error. */
export class Terminal {
  readonly isJson: boolean;
  /** Whether the output can be drawn over: a terminal that knows how, and nobody who wants plain lines. */
  readonly isLive: boolean;
  readonly paint: Paint;
  readonly #streams: Streams;

  constructor(format: OutputFormat, streams: Streams) {
    const { env, stdout } = streams;
    this.#streams = streams;
    this.isJson = format === 'json';
    // A terminal that does not know its size has 0 columns.
    const canDraw = stdout.isTTY === true && (stdout.columns ?? 0) > 0 && env.TERM !== 'dumb';
    // https://no-color.org: any value of NO_COLOR that is not empty.
    this.isLive = !this.isJson && canDraw && !env.NO_COLOR;
    this.paint = this.isLive ? coloured : plain;
  }

  /** Draws over what it has drawn before; `undefined` where nothing can be drawn over. */
  screen(): ReturnType<typeof createLogUpdate> | undefined {
    return this.isLive ? createLogUpdate(this.#streams.stdout) : undefined;
  }

  get size(): ScreenSize {
    const { columns = 80, rows = 24 } = this.#streams.stdout;
    return { columns, rows };
  }

  /** Writes lines for people. */
  say(text: string): void {
    this.#forPeople.write(`${text}\n`);
  }

  /** Writes a hint that is no part of any output. */
  note(text: string): void {
    this.#streams.stderr.write(`${text}\n`);
  }

  /** Writes a value for programs, on one line; with format `table` nothing. */
  data(value: unknown): void {
    if (this.isJson) this.#streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  get canAsk(): boolean {
    return this.#streams.stdin.isTTY === true;
  }

  /** Asks a question; only `yes` is a yes. Ctrl-C is none. */
  async confirm(question: string): Promise<boolean> {
    const lines = createInterface({ input: this.#streams.stdin, output: this.#forPeople });
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    try {
      return (await Promise.race([lines.question(question), closed])).trim() === 'yes';
    } finally {
      lines.close();
    }
  }

  get #forPeople(): Output {
    return this.isJson ? this.#streams.stderr : this.#streams.stdout;
  }
}
