import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace-node';

interface Ids {
  traceId: string;
  spanId: string;
}

const random = new RandomIdGenerator();
let chosen: Ids | undefined;

/** Random IDs, but for the spans that {@link withIds} begins. */
export const chosenIds: IdGenerator = {
  generateTraceId: () => chosen?.traceId ?? random.generateTraceId(),
  generateSpanId: () => chosen?.spanId ?? random.generateSpanId(),
};

/** Begins a span under these IDs; the trace's own only where the span has no parent. */
export function withIds<T>(ids: Ids, begin: () => T): T {
  chosen = ids;
  try {
    return begin();
  } finally {
    chosen = undefined;
  }
}
