import type { PipelinePolicy, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { bucketsOf, tokenBuckets } from '../../resources/armBudget.ts';
import { isInAzuresTime, now, pause } from './clock.ts';
import { currentContext } from './currentContext.ts';

/** Azure's own buckets whose level it tells with each answer. */
type ToldBucket = 'reads' | 'writes' | 'deletes';

/** The part of a bucket that a worker leaves to others, and to what cannot wait. */
const reserve = 0.15;

/** The longest pause before one request: a bucket is then far from empty, or others empty it. */
const mostMs = 5_000;

/** The level of a bucket, as Azure has told it last. */
export interface Level {
  tokens: number;
  atMs: number;
}

/** How long to wait before a request, so that the bucket keeps its reserve; and the level after it. */
export function paced(bucket: ToldBucket, { tokens, atMs }: Level, nowMs: number): { waitMs: number; level: Level } {
  const { capacity, perSecond } = tokenBuckets[bucket];
  const there = Math.min(capacity, tokens + ((nowMs - atMs) / 1_000) * perSecond);
  const missing = capacity * reserve + 1 - there;
  const waitMs = Math.min(mostMs, Math.max(0, (missing / perSecond) * 1_000));
  return { waitMs, level: { tokens: there - 1, atMs: nowMs } };
}

/**
 * Slows the requests of a worker down before Azure refuses one. Azure tells with each answer how many more it takes of a subscription.
 * Source: Microsoft Learn, "Understand how Azure Resource Manager throttles requests".
 */
export function heedQuota(): PipelinePolicy {
  const levels = new Map<string, Level>();
  return {
    name: 'heedQuota',
    async sendRequest(request, next) {
      const [subscription, bucket] = placeOf(request);
      const key = `${subscription} ${bucket}`;
      const level = levels.get(key);
      if (level && currentContext() && isInAzuresTime(request.url)) {
        const { waitMs, level: after } = paced(bucket, level, now());
        levels.set(key, after);
        if (waitMs > 0) await pause(waitMs);
      }
      const response = await next(request);
      const told = remainingIn(response, bucket);
      if (told !== undefined) levels.set(key, { tokens: told, atMs: now() });
      return response;
    },
  };
}

function placeOf({ method, url }: PipelineRequest): [string, ToldBucket] {
  const { pathname } = new URL(url);
  const [, subscription = ''] = /^\/subscriptions\/([^/]+)/i.exec(pathname) ?? [];
  const [bucket] = bucketsOf(method, pathname);
  return [subscription.toLowerCase(), bucket === 'writes' || bucket === 'deletes' ? bucket : 'reads'];
}

/** A refusal may be of another bucket, such as AKS's own: only what Azure tells of this one counts. */
function remainingIn({ headers }: PipelineResponse, bucket: ToldBucket): number | undefined {
  const told = Number(headers.get(`x-ms-ratelimit-remaining-subscription-${bucket}`) ?? Number.NaN);
  return Number.isNaN(told) ? undefined : told;
}
