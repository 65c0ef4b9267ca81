import { createInterface } from 'node:readline/promises';
import { coloured, type Paint, plain } from './text/style.ts';

export type OutputFormat = 'table' | 'json';

/** Where a command writes. With format `json` standard output holds data alone, and words for people go to standard error. */
export class Terminal {
  readonly isJson: boolean;
  /** Whether the output can be drawn over: a terminal that knows how, and nobody who wants plain lines. */
  readonly isLive: boolean;
  readonly paint: Paint;

  constructor(format: OutputFormat, env: NodeJS.ProcessEnv = process.env) {
    this.isJson = format === 'json';
    // A terminal that does not know its size has 0 columns.
    const canDraw = process.stdout.isTTY === true && process.stdout.columns > 0 && env.TERM !== 'dumb';
    // https://no-color.org: any value of NO_COLOR that is not empty.
    this.isLive = !this.isJson && canDraw && !env.NO_COLOR;
    this.paint = this.isLive ? coloured : plain;
  }

  /** Writes lines for people. */
  say(text: string): void {
    (this.isJson ? process.stderr : process.stdout).write(`${text}\n`);
  }

  /** Writes a hint that is no part of any output. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Writes a value for programs, on one line; with format `table` nothing. */
  data(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  get canAsk(): boolean {
    return process.stdin.isTTY === true;
  }

  /** Asks a question; only `yes` is a yes. Ctrl-C is none. */
  async confirm(question: string): Promise<boolean> {
    const output = this.isJson ? process.stderr : process.stdout;
    const lines = createInterface({ input: process.stdin, output });
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    try {
      return (await Promise.race([lines.question(question), closed])).trim() === 'yes';
    } finally {
      lines.close();
    }
  }
}
