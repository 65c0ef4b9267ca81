import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { Context } from '@temporalio/activity';
import { Measures } from '../../contract/metrics.ts';
import type { OperationKind } from '../../resources/operations.ts';
import { adaptiveDelayMs, byClock, isInAzuresTime, now, pause } from './clock.ts';
import { urgencyOf } from './currentContext.ts';
import { parseRetryAfter } from './errors.ts';
import { Durations, type Polled, pollDelayMs } from './polling.ts';

/** So many operations of a worker are looked at between their begin and their expected end. */
const mostWatched = 25;
/** A rollout's, of which there are many, and those that somebody waits for, which are looked at as if they were alone. */
const waiting = { unhurried: 0, hurried: 0 };

/**
 * So many operations of a kind are looked at before any of them has ended: the first end tells of all others. Looked at one by one,
 * those of a rollout's first clusters would take more polls than AKS allows.
 */
const mostScouts = 2;
/** Of each kind and size, those that are looked at before any has ended. */
const scouts = new Map<string, Set<Wait>>();
/** So soon a wait knows what others have told meanwhile. */
const recheckMs = 15_000;

/** The wait for an operation. */
export interface Wait {
  kind: OperationKind;
  /** What the duration depends on beside the kind. */
  size?: string | undefined;
  startedAt: number;
  /** Whether people are shown how far it is. Default: false. */
  isShown?: boolean;
  /** Whether each look takes from a bucket that is soon empty. Default: false. */
  isScarce?: boolean;
  /** How long Azure has asked last to be left alone, in the machine's time. */
  askedMs?: number | undefined;
}

/** Waits until an operation is to be looked at. @param last Azure's last answer about it. */
export async function pauseBefore(wait: Wait, last: PipelineResponse | undefined): Promise<void> {
  const asked = (last && parseRetryAfter(last.headers)) ?? wait.askedMs;
  wait.askedMs = asked;
  if (last && !isInAzuresTime(last.request.url)) return pause(asked ?? adaptiveDelayMs(now() - wait.startedAt));
  const lookedAt = now();
  const urgency = urgencyOf(Context.current());
  waiting[urgency] += 1;
  try {
    for (;;) {
      const leftMs = lookedAt + pollDelayMs(polledAt(wait, lookedAt, waiting[urgency] > mostWatched)) - now();
      // Clocks have whole milliseconds: the rest of one would be waited for for ever.
      if (leftMs < 1) return;
      await pause(isKnown(wait) ? leftMs : Math.min(leftMs, recheckMs));
    }
  } finally {
    waiting[urgency] -= 1;
  }
}

/** Follows an operation to its end, or for as long as this attempt does. */
export async function watched<T>(wait: Wait, follow: (wait: Wait) => Promise<T>): Promise<T> {
  try {
    return await follow(wait);
  } finally {
    scouts.get(keyOf(wait))?.delete(wait);
  }
}

/** The durations that this worker has learnt. */
const durations = new Durations();

/** How long an operation takes as a rule, by what this worker knows now; `undefined`: nobody knows. */
export const expectedMs = ({ kind, size }: Wait): number | undefined => durations.expectedMs(kind, size);

const isKnown = (wait: Wait): boolean => expectedMs(wait) !== undefined;
const keyOf = ({ kind, size = '' }: Wait): string => `${kind} ${size}`;

/** What is known of an operation that was looked at last at a time of this clock. */
function polledAt(wait: Wait, lookedAt: number, isCrowded: boolean): Polled {
  const { startedAt, isShown, isScarce, askedMs } = wait;
  return {
    elapsedMs: lookedAt - startedAt,
    expectedMs: expectedMs(wait),
    isShown,
    isScarce,
    isCrowded,
    isToldByOthers: !isKnown(wait) && !isScout(wait),
    retryAfterMs: askedMs === undefined ? undefined : byClock(askedMs),
  };
}

/** Whether it is among the first of its kind that this worker waits for. */
function isScout(wait: Wait): boolean {
  const key = keyOf(wait);
  const first = scouts.get(key) ?? new Set();
  scouts.set(key, first);
  if (first.size < mostScouts) first.add(wait);
  return first.has(wait);
}

/** Keeps how long an operation has taken. @param tookMs By Azure's own clock, if it tells. */
export function learn({ kind, size, startedAt }: Wait, tookMs: number | undefined): void {
  const sinceMs = now() - startedAt;
  new Measures(Context.current().metricMeter).took('operationDuration', { operation: kind }, tookMs ?? sinceMs);
  // Noticed ends are late ones. Azure's own times that are no part of what has passed here are those of another clock.
  if (tookMs !== undefined && tookMs > 0 && tookMs <= sinceMs + 1_000) durations.learn(kind, tookMs, size);
}

/** From the begin to the end, in the state of an operation or the result of a command that tells both, as those of AKS do. */
export function durationIn({ bodyAsText }: PipelineResponse): number | undefined {
  const [, begin = ''] = /"(?:startTime|startedAt)"\s*:\s*"([^"]+)"/.exec(bodyAsText ?? '') ?? [];
  const [, end = ''] = /"(?:endTime|finishedAt)"\s*:\s*"([^"]+)"/.exec(bodyAsText ?? '') ?? [];
  const took = Date.parse(end) - Date.parse(begin);
  return Number.isNaN(took) ? undefined : took;
}
