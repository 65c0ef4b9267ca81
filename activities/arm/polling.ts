import { type OperationKind, operationKinds } from '../../resources/operations.ts';

/** The facts at hand when an operation has been looked at, in milliseconds. */
export interface Polled {
  /** Since the operation began. */
  elapsedMs: number;
  /** How long operations like it take. `undefined`: nobody knows. */
  expectedMs: number | undefined;
  /** Whether the worker waits for so many that none can be looked at more often than it must. */
  isCrowded: boolean;
  /** Whether others of its kind are looked at, of which none has ended yet. Default: false. */
  isToldByOthers?: boolean | undefined;
  /** Whether people are shown how far it is. Default: false. */
  isShown?: boolean | undefined;
  /** Whether each look takes from a bucket that is soon empty, as those at results of commands do. Default: false. */
  isScarce?: boolean | undefined;
  /** How long Azure wants to be left alone. */
  retryAfterMs: number | undefined;
}

/** Azure's buckets refill in seconds. An operation that nobody expects to end yet is not asked more often. */
const leastMs = 2_000;
/** Between the begin and the expected end, so that one that fails early is noticed. */
const leastBetweenMs = 60_000;
/** Longer than all but the reimage of a large pool. */
const crowdedBetweenMs = 15 * 60_000;
/** While nobody knows when it ends: ARM itself asks for 10 s (registries) to 30 s (clusters). */
const mostMs = 15_000;
/** After its expected end: as long as ARM asks for clusters. */
const mostLateMs = 30_000;

/**
 * Time until the next look at an operation: few looks before its expected end, and close ones from there on. One that nobody
 * expects is looked at after a twentieth of the time that has passed, so that its end is noticed within 5 %; among many, after a tenth,
 * or hardly ever while others tell how long it takes.
 */
export function pollDelayMs(polled: Polled): number {
  const askedMs = Math.max(polled.retryAfterMs ?? 0, leastMs);
  return Math.max(askedMs, ownDelay(polled, askedMs));
}

/** @param askedMs How long it is left alone in any case. */
function ownDelay(polled: Polled, askedMs: number): number {
  const { elapsedMs, expectedMs, isCrowded, isToldByOthers, isShown, isScarce } = polled;
  if (expectedMs === undefined) {
    if (!isCrowded) return Math.min(mostMs, elapsedMs / 20);
    return isToldByOthers ? crowdedBetweenMs : Math.min(mostLateMs, elapsedMs / 10);
  }
  const leftMs = expectedMs * 1.001 + 500 - elapsedMs;
  if (leftMs > 0) {
    const oftenMs = isShown ? leastBetweenMs : Math.max(leastBetweenMs, expectedMs / 2);
    const betweenMs = isCrowded ? crowdedBetweenMs : oftenMs;
    // After a look that is a moment too early, Azure asks to be left alone for as long again.
    return leftMs - betweenMs < askedMs ? leftMs : betweenMs;
  }
  // At first a hundredth of the whole; later less often, for nobody knows why it takes so long.
  return Math.min(mostLateMs, Math.max(elapsedMs / (isScarce ? 3 : 100), -leftMs / 5));
}

/** The last durations of each kind, and of pools of each size. */
const kept = 16;

/** Durations of operations, as a worker has learnt them. */
export class Durations {
  readonly #learnt = new Map<string, number[]>();

  /** @param size What the duration depends on beside the kind, such as the number of nodes. Default: nothing. */
  learn(kind: OperationKind, durationMs: number, size = ''): void {
    const last = this.#learnt.get(`${kind} ${size}`) ?? [];
    this.#learnt.set(`${kind} ${size}`, [...last, durationMs].slice(-kept));
  }

  /** A quarter of those of the kind have taken less; of commands, of which each look is scarce, three quarters. */
  expectedMs(kind: OperationKind, size = ''): number | undefined {
    const learnt = this.#learnt.get(`${kind} ${size}`)?.toSorted((a, b) => a - b);
    const usual = learnt?.[Math.floor((learnt.length * (kind === 'command' ? 3 : 1)) / 4)];
    if (usual !== undefined) return usual;
    const { usualSeconds }: { usualSeconds?: number } = operationKinds[kind];
    return usualSeconds === undefined ? undefined : usualSeconds * 1_000;
  }
}
