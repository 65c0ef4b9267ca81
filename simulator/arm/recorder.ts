import { appendFileSync, writeFileSync } from 'node:fs';

export interface RecordedRequest {
  readonly time: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Actions that the caller must be allowed: the request's own, then those on resources that it names. */
  readonly needs: readonly string[];
  /** Where it must be allowed each of them. */
  readonly scopes: readonly string[];
  /** null when the connection was closed before the request took effect. */
  readonly status: number | null;
}

/** Keys of bodies under which callers send secrets: `clusterToken` of run-command, `adminPassword`, `protectedSettings`. */
const isSecret = /(token|secret|password)$|protectedSettings$/i;

/** A replacer of JSON.stringify. */
const withoutSecrets = (key: string, value: unknown): unknown =>
  isSecret.test(key) && (typeof value === 'string' || (typeof value === 'object' && value !== null))
    ? '<secret>'
    : value;

/** Writes one JSON line for each ARM request, without secrets. It writes synchronously, so that a reader sees the line before the answer. */
export class Recorder {
  readonly #file: string | undefined;

  /** Truncates the file. @throws when it cannot be written. */
  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined) return;
    try {
      writeFileSync(file, '');
    } catch (error) {
      throw new Error(`cannot write the recording ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  write(request: RecordedRequest): void {
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(request, withoutSecrets)}\n`);
  }
}
