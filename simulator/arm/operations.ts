import { randomUUID } from 'node:crypto';
import type { AzureSwitches } from './azureSwitches.ts';
import type { Clock } from './clock.ts';
import { keyOf } from './ids.ts';
import type { Body } from './json.ts';
import type { Bucket } from './throttling.ts';

export type OperationEnd = 'Succeeded' | 'Failed' | 'Canceled';
type OperationStatus = 'InProgress' | OperationEnd;
export interface OperationError {
  readonly code: string;
  readonly message: string;
}

/** How a provider shows a long-running operation to its clients. */
export interface OperationStyle {
  /** The headers of the first answer: `Azure-AsyncOperation`, `Location` or both. */
  readonly headers: 'async' | 'both' | 'location';
  /** Path of the status document, for `Azure-AsyncOperation`. */
  statusPath?(operation: Operation): string;
  /** Path of the result, for `Location`: it answers 202 while the operation runs, then the final answer. */
  resultPath?(operation: Operation): string;
  /** The addresses are those of resources, which last and which Azure does not sign. */
  readonly unsigned?: true;
  /** The api-version of the URLs; default: that of the request. */
  readonly apiVersion?: string;
  /** Status document; default `{"status"}` with `error` when failed. */
  document?(operation: Operation): Body;
  /** HTTP status of the status document while running; private DNS answers 202. */
  readonly runningStatus?: 200 | 202;
  /** The word for the status while the operation runs; default `InProgress`, ACR says `Creating`. */
  readonly running?: string;
  /** The final answer of the result; default 204. */
  result?(operation: Operation): { status: number; body?: Body };
  /** When polls are answered with the operation headers again: `while-running` by private DNS, `always` by ACR; default: never. */
  readonly repeatHeaders?: 'while-running' | 'always';
  /** Simulated seconds to wait before poll number n (from 0); undefined: Azure does not say. */
  retryAfter(polls: number, azure: AzureSwitches): number | undefined;
  readonly indent?: number;
  readonly contentType?: string;
  readonly bucket?: (operation: Operation) => Bucket;
}

export interface OperationSpec {
  /** Left out where clients can only read the resource, as for the registration of features. */
  readonly style?: OperationStyle;
  readonly resourceId: string;
  /** `PUT`, `DELETE`, `POST upgradeNodeImageVersion`, … */
  readonly verb: string;
  readonly location?: string;
  readonly seconds: number;
  /** Checks that Azure makes only later, so many seconds into the operation. A failure ends it. */
  readonly findings?: readonly { readonly seconds: number; failure(): OperationFailure | undefined }[];
  /** Carries the operation out step by step and ends it. `seconds` is then only an estimate. */
  process?(control: OperationControl): void;
  /** The end at the latest, whatever `seconds` and the process say; a fault sets it. */
  readonly ending?: { readonly seconds: number; readonly status: OperationEnd; readonly error?: OperationError };
  /** The operation does not end by itself before this is resolved; a fault sets it. */
  readonly heldUntil?: Promise<void>;
  onEnd(status: OperationEnd, error: OperationError | undefined): void;
}

export interface OperationControl {
  /** Does something so many seconds later, unless the operation has ended by then. */
  after(seconds: number, action: () => void): void;
  end(status: OperationEnd, error?: OperationError): void;
}

export interface Operation extends OperationSpec {
  readonly id: string;
  readonly apiVersion: string;
  readonly startTime: Date;
  readonly requestSeconds: number;
  status: OperationStatus;
  endTime: Date | undefined;
  /** The same by the machine's clock. */
  endedOn: Date | undefined;
  error: OperationError | undefined;
  polls: number;
  /** When the reason of its failure passes, in simulated milliseconds since 1970; undefined where it does not. */
  passesAt: number | undefined;
}

/** A bad end of an operation. */
export interface OperationFailure {
  readonly status: OperationEnd;
  readonly code: string;
  readonly message: string;
}

/** The operations of a world. They are found by the path of their URLs, and kept until a reset. */
export class Operations {
  readonly #clock: Clock;
  /** In the order in which they ended. */
  readonly #ended: Operation[] = [];
  readonly #cancels = new Map<Operation, () => void>();
  readonly #byPath = new Map<string, { operation: Operation; view: 'status' | 'result' }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts an operation; its time runs from the moment the request is answered. */
  start(spec: OperationSpec, apiVersion: string, requestSeconds: number): Operation {
    const operation: Operation = {
      ...spec,
      id: randomUUID(),
      apiVersion,
      requestSeconds,
      startTime: new Date(this.#clock.now().getTime() + requestSeconds * 1000),
      status: 'InProgress',
      endTime: undefined,
      endedOn: undefined,
      error: undefined,
      polls: 0,
      passesAt: undefined,
    };
    const { style } = spec;
    if (style?.statusPath) this.#byPath.set(keyOf(style.statusPath(operation)), { operation, view: 'status' });
    if (style?.resultPath) this.#byPath.set(keyOf(style.resultPath(operation)), { operation, view: 'result' });
    const { ending = { seconds: spec.seconds, status: 'Succeeded' } } = spec;
    const seconds = requestSeconds + ending.seconds;
    const cancels: (() => void)[] = [];
    const end: OperationControl['end'] = (...how) => {
      if (spec.heldUntil !== undefined) void spec.heldUntil.then(() => this.end(operation, ...how));
      else this.end(operation, ...how);
    };
    if (spec.ending || !spec.process) cancels.push(this.#clock.after(seconds, () => end(ending.status, ending.error)));
    // Drop findings due at or after the end: the clock does not order timers that are due together.
    const findings = (spec.findings ?? []).filter((finding) => requestSeconds + finding.seconds < seconds);
    for (const finding of findings) {
      const look = () => {
        const found = finding.failure();
        if (found) end(found.status, found);
      };
      cancels.push(this.#clock.after(requestSeconds + finding.seconds, look));
    }
    this.#cancels.set(operation, () => {
      for (const cancel of cancels) cancel();
    });
    let delay = requestSeconds;
    spec.process?.({
      after: (later, action) => {
        cancels.push(this.#clock.after(delay + later, action));
      },
      end,
    });
    // Only steps that begin with the request wait for its answer.
    delay = 0;
    return operation;
  }

  /** Carries an operation out at once: all that it would find and do happens now. */
  carryOut({ process, findings = [], ...spec }: OperationSpec, apiVersion: string): Operation {
    const operation = this.start(spec, apiVersion, 0);
    for (const finding of findings) {
      const found = finding.failure();
      if (found) this.end(operation, found.status, found);
    }
    process?.({ after: (_seconds, action) => action(), end: (...how) => this.end(operation, ...how) });
    this.end(operation, 'Succeeded');
    return operation;
  }

  /** Ends an operation now; does nothing when it has ended. */
  end(operation: Operation, status: OperationEnd, error?: OperationError): void {
    if (operation.status !== 'InProgress') return;
    this.#cancels.get(operation)?.();
    this.#cancels.delete(operation);
    operation.status = status;
    operation.endTime = this.#clock.now();
    operation.endedOn = new Date();
    operation.passesAt = this.#clock.awaited(status === 'Failed');
    this.#ended.push(operation);
    operation.error = error && { code: error.code, message: error.message };
    operation.onEnd(status, operation.error);
  }

  /** The operation running on this resource, if any. */
  running(resourceId: string): Operation | undefined {
    return this.#running((key) => key === keyOf(resourceId));
  }

  /** An operation running on this resource or anything below it. */
  runningBelow(resourceId: string): Operation | undefined {
    return this.#running((key) => `${key}/`.startsWith(`${keyOf(resourceId)}/`));
  }

  /** In the order in which they were begun. */
  inFlight(): Operation[] {
    return [...this.#cancels.keys()];
  }

  /** Those that ended last, newest first. */
  ended(most: number): Operation[] {
    return this.#ended.slice(-most).reverse();
  }

  find(path: string): { operation: Operation; view: 'status' | 'result' } | undefined {
    return this.#byPath.get(keyOf(path));
  }

  #running(matches: (key: string) => boolean): Operation | undefined {
    const found = [...this.#cancels.keys()].find((operation) => matches(keyOf(operation.resourceId)));
    if (found) this.#clock.notYet('refused');
    return found;
  }
}

/** The status document of an operation. */
export function documentOf(operation: Operation): Body {
  const { style, status, error } = operation;
  if (style?.document) return style.document(operation);
  const running = style?.running ?? 'InProgress';
  return { status: status === 'InProgress' ? running : status, ...(error && { error }) };
}
