import type { Clock } from './clock.ts';

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

/** `Retry-After` in real seconds for a delay in simulated ones, and `retry-after-ms` unless the speed is 1. */
export function retryAfterHeaders(
  seconds: number,
  { speed, isIdle }: Pick<Clock, 'speed' | 'isIdle'>,
): Record<string, string> {
  // Time has passed already, as if the client had waited. Where no event is due, another client has to act first.
  if (speed === 'demand') return { 'retry-after-ms': isIdle ? '25' : '1' };
  // Another client may advance the time at any moment.
  if (speed === 0) return { 'retry-after-ms': '10' };
  const real = seconds / speed;
  // HTTP wants whole seconds: SDKs stumble over fractions, and read 0 as "no hint".
  const whole = real < 1 && speed !== 1 ? {} : { 'retry-after': String(Math.ceil(real)) };
  return { ...whole, ...(speed !== 1 && { 'retry-after-ms': String(Math.max(1, Math.round(real * 1000))) }) };
}
