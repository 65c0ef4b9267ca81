/** A token bucket: `capacity` requests at once, then `refill` a simulated second. */
export interface Bucket {
  readonly key: string;
  readonly capacity: number;
  readonly refill: number;
}

export interface Taken {
  readonly remaining: number;
  /** Simulated seconds until the next token; 0 when one was taken. */
  readonly wait: number;
}

/** Azure's token buckets (Microsoft Learn, "Understand how Azure Resource Manager throttles requests"). */
export class Throttle {
  readonly #levels = new Map<string, { tokens: number; at: number }>();

  take(bucket: Bucket, now: Date): Taken {
    const at = now.getTime() / 1000;
    const level = this.#levels.get(bucket.key) ?? { tokens: bucket.capacity, at };
    const tokens = Math.min(bucket.capacity, level.tokens + (at - level.at) * bucket.refill);
    const taken = tokens >= 1;
    this.#levels.set(bucket.key, { tokens: taken ? tokens - 1 : tokens, at });
    return { remaining: Math.floor(taken ? tokens - 1 : 0), wait: taken ? 0 : (1 - tokens) / bucket.refill };
  }
}

/** `Retry-After` in real seconds for a delay in simulated ones; fractional, hence `retry-after-ms` too, unless speed is 1. */
export function retryAfterHeaders(seconds: number, speed: number): Record<string, string> {
  if (speed === 1) return { 'retry-after': String(Math.ceil(seconds)) };
  // Clients read 0 as "no hint" and wait their own 30 seconds.
  const milliseconds = Math.max(1, Math.round((seconds * 1000) / speed));
  return { 'retry-after': String(milliseconds / 1000), 'retry-after-ms': String(milliseconds) };
}
