import { ApplicationFailure, type Context } from '@temporalio/activity';
import { withoutStack } from '../../contract/failures.ts';

/**
 * Temporal gives an activity to another worker when it has not heard of it for its heartbeat timeout. A worker that stalls for so
 * long, such as one that is stopped or starved, does not know when it wakes: it must not write beside its successor.
 */
interface Lease {
  /** By the clock that only goes forward. */
  renewedAt: number;
  lastsMs: number;
  lapsed: boolean;
}

const leases = new WeakMap<Context, Lease>();

/** The SDK holds a heartbeat back for as long (`maxHeartbeatThrottleInterval` of the worker). */
const throttleMs = 1_000;

/**
 * Begins the lease of an attempt, or of its next part. The last heartbeat may have been lost to a stall: the one before it
 * counts.
 */
export function beginLease(context: Context, heartbeatEveryMs: number): void {
  renewLease(context);
  const { heartbeatTimeoutMs = Number.POSITIVE_INFINITY } = context.info;
  const lastsMs = heartbeatTimeoutMs - heartbeatEveryMs - throttleMs;
  const lapsed = leases.get(context)?.lapsed ?? false;
  leases.set(context, { renewedAt: performance.now(), lastsMs, lapsed });
}

/** Called with each heartbeat. A lease that has lapsed stays so: the attempt may be another worker's by now. */
export function renewLease(context: Context): void {
  const lease = leases.get(context);
  if (!lease) return;
  lease.lapsed ||= isLate(lease);
  lease.renewedAt = performance.now();
}

/** @throws ApplicationFailure where the attempt may be another worker's by now. */
export function refuseIfLapsed(context: Context): void {
  const lease = leases.get(context);
  if (!lease?.lapsed && !(lease && isLate(lease))) return;
  throw interrupted('The worker stalled for too long to send this request: the activity goes on elsewhere');
}

const isLate = ({ renewedAt, lastsMs }: Lease): boolean => performance.now() - renewedAt > lastsMs;

const type = 'Interrupted';

/** The failure of an attempt where the next one goes on with its work. */
export const interrupted = (message: string): ApplicationFailure => withoutStack({ type, message });

/** Whether a request was not sent, because its attempt was over. */
export const isInterrupted = (error: unknown): boolean => error instanceof ApplicationFailure && error.type === type;
