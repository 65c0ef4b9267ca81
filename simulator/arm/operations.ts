import { randomUUID } from 'node:crypto';
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
  /** Which headers the first answer carries. */
  readonly headers: 'async' | 'both' | 'location';
  /** Path of the status document (`Azure-AsyncOperation`). */
  statusPath?(operation: Operation): string;
  /** Path of the result (`Location`): 202 while running, then the final answer. */
  resultPath?(operation: Operation): string;
  /** Fixed api-version of the URLs; otherwise the request's own. */
  readonly apiVersion?: string;
  /** Status document; default `{"status"}` with `error` when failed. */
  document?(operation: Operation): Body;
  /** HTTP status of the status document while running; private DNS answers 202. */
  readonly runningStatus?: 200 | 202;
  /** Running word; ACR says `Creating`. */
  readonly running?: string;
  /** HTTP status of a finished `Location`, or a function answering with a body. */
  result?(operation: Operation): { status: number; body?: Body };
  /** `while-running`: private DNS; `always`: ACR. Default: polls carry no operation headers. */
  readonly repeatHeaders?: 'while-running' | 'always';
  /** Simulated seconds to wait before poll number n (from 0). */
  retryAfter(polls: number): number;
  readonly indent?: number;
  readonly contentType?: string;
  readonly bucket?: (operation: Operation) => Bucket;
}

export interface OperationSpec {
  /** Absent when the service offers nothing to poll but the resource (feature registration). */
  readonly style?: OperationStyle;
  readonly resourceId: string;
  /** `PUT`, `DELETE`, `POST upgradeNodeImageVersion`, … */
  readonly verb: string;
  readonly location?: string;
  readonly seconds: number;
  /** Azure accepts the request and finds out later, so many seconds into the operation, what is wrong with it. */
  readonly findings?: readonly { readonly seconds: number; failure(): OperationFailure | undefined }[];
  /** What happens step by step; it then also says when the operation ends, and `seconds` is only what is expected. */
  process?(control: OperationControl): void;
  /** How it ends at the latest, whatever `seconds` and its process say; a fault sets it. */
  readonly ending?: { readonly seconds: number; readonly status: OperationEnd; readonly error?: OperationError };
  /** It does not end by itself before; a fault sets it. */
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
  error: OperationError | undefined;
  polls: number;
  /** Simulated milliseconds since 1970, when it would not fail for the same reason any more; left out where that does not pass. */
  passesAt: number | undefined;
}

/** How an operation ends badly. */
export interface OperationFailure {
  readonly status: OperationEnd;
  readonly code: string;
  readonly message: string;
}

/** The operations of a world, kept until it is reset, found by the path of their URLs. */
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
    // What would be found after the end is not: two timers that are due at once are not told apart by the time they were set for.
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
    // What is begun later is not begun with the request.
    delay = 0;
    return operation;
  }

  /** Ends an operation now; does nothing when it has ended. */
  end(operation: Operation, status: OperationEnd, error?: OperationError): void {
    if (operation.status !== 'InProgress') return;
    this.#cancels.get(operation)?.();
    this.#cancels.delete(operation);
    operation.status = status;
    operation.endTime = this.#clock.now();
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

/** What the status URL shows. */
export function documentOf(operation: Operation): Body {
  const { style, status, error } = operation;
  if (style?.document) return style.document(operation);
  const running = style?.running ?? 'InProgress';
  return { status: status === 'InProgress' ? running : status, ...(error && { error }) };
}
