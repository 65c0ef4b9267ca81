import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import type { Context } from '@temporalio/activity';
import { Measures } from '../../contract/metrics.ts';
import { type BucketName, bucketsOf, type TokenBucket, tokenBuckets, workersShare } from '../../resources/armBudget.ts';
import { isInAzuresTime, now, pause } from './clock.ts';
import { currentContext, isUnhurried, urgencyOf } from './currentContext.ts';
import { countWorkers } from './workers.ts';

/** The part of a full bucket that rollouts leave to runs that somebody waits for. */
const reserve = 0.25;
/** The longest wait for a token. The request is then sent all the same, for Azure's own bucket is never less than empty. */
const mostPausesMs = {
  hurried: 5 * 60_000,
  // A run of a rollout waits for all those before it. Sent all the same, the requests of those that wait would be refused.
  unhurried: 60 * 60_000,
} as const;
/** A worker that begins or ends changes the part of the others. */
const recheckMs = 15_000;

/** Who waits for a token. */
interface Waiting {
  isUnhurried: boolean;
}

/** The part of one bucket that this worker may take. */
export class Pace {
  readonly #bucket: TokenBucket;
  readonly #waiting: Waiting[] = [];
  #level: { tokens: number; atMs: number } | undefined;

  constructor(bucket: TokenBucket) {
    this.#bucket = bucket;
  }

  /**
   * Takes a token, or says how long to wait before asking again. A run that somebody waits for is served first, and may take the reserve.
   * Then comes who has waited longest. By the order in which runs began, the last ones of a rollout would have everything before them
   * while others are done, and nobody would use the tokens in the end.
   *
   * @param workers Of how many this one is.
   */
  take(who: Waiting, workers: number, nowMs: number): { waitMs: number } {
    const { part, rate } = this.#share(workers);
    const tokens = this.#tokens(workers, nowMs);
    const missing = 1 + this.#before(who) + (who.isUnhurried ? reserve * part : 0) - tokens;
    // A millionth of a token is what a division and a multiplication may miss.
    const isThere = missing < 1e-6;
    this.#level = { tokens: isThere ? tokens - 1 : tokens, atMs: nowMs };
    return { waitMs: isThere ? 0 : Math.max(1, (missing / rate) * 1_000) };
  }

  /** Azure has told its level, or refused a request: others may have taken what was left. */
  told(tokens: number, workers: number, nowMs: number): void {
    this.#level = { tokens: Math.min(this.#tokens(workers, nowMs), tokens / workers), atMs: nowMs };
  }

  #share(workers: number): { part: number; rate: number } {
    const { capacity, perSecond } = this.#bucket;
    return { part: capacity / workers, rate: (workersShare * perSecond) / workers };
  }

  #tokens(workers: number, nowMs: number): number {
    const { part, rate } = this.#share(workers);
    const { tokens, atMs } = this.#level ?? { tokens: part, atMs: nowMs };
    return Math.min(part, tokens + ((nowMs - atMs) / 1_000) * rate);
  }

  queue(who: Waiting): void {
    this.#waiting.push(who);
  }

  leave(who: Waiting): void {
    const at = this.#waiting.indexOf(who);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** How many are served before somebody. */
  #before(who: Waiting): number {
    const at = this.#waiting.indexOf(who);
    return this.#waiting.filter((each, index) => (each.isUnhurried === who.isUnhurried ? index < at : who.isUnhurried))
      .length;
  }
}

/**
 * Spaces the requests of a worker before Azure refuses one. Each takes a token of ARM's, of whose buckets Azure tells the level with
 * each answer, and one of AKS's own where AKS answers it: of those it tells nothing.
 * Source: Microsoft Learn, "Understand how Azure Resource Manager throttles requests".
 */
export function paceRequests(): PipelinePolicy {
  const paces = new Map<string, Pace>();
  const waiting = new Map<BucketName, number>();
  const paceOf = (subscription: string, bucket: BucketName): Pace => {
    const key = `${subscription} ${bucket}`;
    const pace = paces.get(key) ?? new Pace(tokenBuckets[bucket]);
    paces.set(key, pace);
    return pace;
  };
  return {
    name: 'paceRequests',
    async sendRequest(request, next) {
      const context = currentContext();
      if (!context || !isInAzuresTime(request.url)) return next(request);
      const { pathname } = new URL(request.url);
      const [, subscription = ''] = /^\/subscriptions\/([^/]+)/i.exec(pathname) ?? [];
      const buckets = bucketsOf(request.method, pathname).filter((name) => tokenBuckets[name].of === 'subscription');
      // That which is soon empty comes first: a token of the other would be idle meanwhile.
      const own = buckets.toReversed().map((bucket) => ({ bucket, pace: paceOf(subscription.toLowerCase(), bucket) }));
      const workers = await countWorkers(context);
      for (const { bucket, pace } of own)
        await tokenOf(pace, context, (change) => {
          const requests = (waiting.get(bucket) ?? 0) + change;
          waiting.set(bucket, requests);
          new Measures(context.metricMeter).show('armRequestsWaiting', { bucket }, requests);
        });
      const response = await next(request);
      for (const { bucket, pace } of own) {
        const told = toldOf(response, bucket);
        if (told !== undefined) pace.told(told, workers, now());
      }
      return response;
    },
  };
}

/** The level of a bucket after an answer; `undefined` where Azure does not tell. A refusal that tells no level is of AKS's own bucket. */
function toldOf({ status, headers }: PipelineResponse, bucket: BucketName): number | undefined {
  const isArms = bucket === 'reads' || bucket === 'writes' || bucket === 'deletes';
  if (!isArms) return status === 429 ? 0 : undefined;
  const told = Number(headers.get(`x-ms-ratelimit-remaining-subscription-${bucket}`) ?? Number.NaN);
  return Number.isNaN(told) ? undefined : told;
}

/** The longest wait of a request for a token of one bucket. */
export const mostPauseMs = (context: Context | undefined): number => mostPausesMs[urgencyOf(context)];

/** How long each attempt has waited for all its tokens: no more than half of what it may last. */
const waitedMs = new WeakMap<Context, { ms: number }>();

/** Waits for a token: see {@link Pace.take}. @param onWait Is told when a wait begins, and when it ends. */
async function tokenOf(pace: Pace, context: Context, onWait: (change: 1 | -1) => void): Promise<void> {
  const { startToCloseTimeoutMs } = context.info;
  const who = { isUnhurried: isUnhurried(context) };
  const waited = waitedMs.get(context) ?? { ms: 0 };
  waitedMs.set(context, waited);
  let leftMs = mostPauseMs(context);
  let waits = false;
  pace.queue(who);
  try {
    for (;;) {
      const { waitMs } = pace.take(who, await countWorkers(context), now());
      const ms = Math.min(waitMs, recheckMs, leftMs, startToCloseTimeoutMs / 2 - waited.ms);
      if (ms <= 0) return;
      if (!waits) onWait(1);
      waits = true;
      await pause(ms);
      leftMs -= ms;
      waited.ms += ms;
    }
  } finally {
    pace.leave(who);
    if (waits) onWait(-1);
  }
}
