import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { PipelineResponse } from '@azure/core-rest-pipeline';
import type { Neutral } from './neutral.ts';

/** A request to Azure with its answer, as the simulator records requests, and the answer besides. */
export interface Exchange {
  /** When it was sent, by this machine's clock. */
  readonly time: string;
  readonly check: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly status: number;
  readonly answer: { readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
}

/** Writes exchanges as JSON lines, without tokens, keys, names and IDs. */
export class Recording {
  readonly #file: string;
  readonly #neutral: Neutral;

  /** Goes on with a file that is there. */
  constructor(file: string, neutral: Neutral) {
    this.#file = file;
    this.#neutral = neutral;
  }

  /** @param check The check that asks. Requests between checks, with an empty name, are not written. */
  write(check: string, sentAt: Date, { request, status, headers, bodyAsText }: PipelineResponse): Exchange {
    const exchange: Exchange = {
      time: sentAt.toISOString(),
      check,
      method: request.method,
      url: this.#neutral.text(request.url),
      headers: this.#neutral.headers(request.headers),
      body: this.#neutral.body(typeof request.body === 'string' ? request.body : undefined),
      status,
      answer: { headers: this.#neutral.headers(headers), body: this.#neutral.body(bodyAsText ?? undefined) },
    };
    if (check !== '') appendFileSync(this.#file, `${JSON.stringify(exchange)}\n`);
    return exchange;
  }
}

/** Reads a recording, in the order in which the requests were sent. A line that was cut, when the run died, is left out. */
export function readExchanges(file: string): Exchange[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Exchange];
      } catch {
        return [];
      }
    })
    .sort((one, other) => one.time.localeCompare(other.time));
}

/** The value in an answer's body at a dotted path; array items by their index. */
export const inAnswer = ({ answer }: Exchange, path: string): unknown => valueAt(answer.body, path);

/** The value in a body at a dotted path; array items by their index. */
export function valueAt(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return Object.entries(value).find(([name]) => name === key)?.[1];
  }, body);
}

/** Azure's code for an error. ARM wraps it in `error`, AKS does not. */
export function errorCode(exchange: Exchange): string | undefined {
  const code = inAnswer(exchange, 'error.code') ?? inAnswer(exchange, 'code');
  return typeof code === 'string' ? code : undefined;
}

const shownHeaders = ['content-type', 'retry-after', 'azure-asyncoperation', 'location', 'etag', 'x-ms-failure-cause'];

/** An exchange on one line: what was asked, and what of the answer matters. */
export function exchangeText(exchange: Exchange): string {
  const { pathname } = new URL(exchange.url);
  const headers = shownHeaders.flatMap((name) => {
    const value = exchange.answer.headers[name];
    // An address matters only by being there.
    return value === undefined ? [] : [`${name}${/^https?:/.test(value) ? '' : `: ${value}`}`];
  });
  const code = errorCode(exchange);
  return [
    `${exchange.method} ${pathname.replace(/^.*\/providers\/(?=[^/]+\/)/, '…/')} → ${exchange.status}${code === undefined ? '' : ` ${code}`}`,
    headers.length === 0 ? '' : ` (${headers.join(', ')})`,
  ].join('');
}
