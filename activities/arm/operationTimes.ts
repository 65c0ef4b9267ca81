import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { Context } from '@temporalio/activity';
import { Measures } from '../../contract/metrics.ts';
import type { OperationKind } from '../../resources/operations.ts';
import { adaptiveDelayMs, byClock, isInAzuresTime, now, pause } from './clock.ts';
import { parseRetryAfter } from './errors.ts';
import { Durations, pollDelayMs } from './polling.ts';

/** So many operations of a worker are looked at between their begin and their expected end. */
const mostWatched = 25;
let waiting = 0;

/** The wait for an operation. */
export interface Wait {
  startedAt: number;
  expectedMs: number | undefined;
  /** Whether people are shown how far it is. Default: false. */
  isShown?: boolean;
  /** Whether each look takes from a bucket that is soon empty. Default: false. */
  isScarce?: boolean;
  /** How long Azure has asked last to be left alone, in the machine's time. */
  askedMs?: number | undefined;
}

/** Waits until an operation is to be looked at. @param last Azure's last answer about it. */
export async function pauseBefore(wait: Wait, last: PipelineResponse | undefined): Promise<void> {
  const { startedAt, expectedMs, isShown, isScarce } = wait;
  const asked = (last && parseRetryAfter(last.headers)) ?? wait.askedMs;
  wait.askedMs = asked;
  waiting += 1;
  try {
    await pause(
      last && !isInAzuresTime(last.request.url)
        ? (asked ?? adaptiveDelayMs(now() - startedAt))
        : pollDelayMs({
            elapsedMs: now() - startedAt,
            expectedMs,
            isShown,
            isScarce,
            isCrowded: waiting > mostWatched,
            retryAfterMs: asked === undefined ? undefined : byClock(asked),
          }),
    );
  } finally {
    waiting -= 1;
  }
}

/** The durations that this worker has learnt. */
const durations = new Durations();

/** How long an operation of a kind takes as a rule; `undefined`: nobody knows. */
export const expectedMs = (kind: OperationKind, size?: string): number | undefined => durations.expectedMs(kind, size);

/** Keeps how long an operation has taken. @param tookMs By Azure's own clock, if it tells. */
export function learn(
  kind: OperationKind,
  size: string | undefined,
  { tookMs, startedAt }: { tookMs: number | undefined; startedAt: number },
): void {
  new Measures(Context.current().metricMeter).took(
    'operationDuration',
    { operation: kind },
    tookMs ?? now() - startedAt,
  );
  // Noticed ends are late ones. Azure's own times that are no part of what has passed here are those of another clock.
  if (tookMs !== undefined && tookMs > 0 && tookMs <= now() - startedAt + 1_000) durations.learn(kind, tookMs, size);
}

/** From the begin to the end, in the state of an operation or the result of a command that tells both, as those of AKS do. */
export function durationIn({ bodyAsText }: PipelineResponse): number | undefined {
  const [, begin = ''] = /"(?:startTime|startedAt)"\s*:\s*"([^"]+)"/.exec(bodyAsText ?? '') ?? [];
  const [, end = ''] = /"(?:endTime|finishedAt)"\s*:\s*"([^"]+)"/.exec(bodyAsText ?? '') ?? [];
  const took = Date.parse(end) - Date.parse(begin);
  return Number.isNaN(took) ? undefined : took;
}
