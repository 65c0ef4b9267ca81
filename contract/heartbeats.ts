/**
 * A heartbeat also brings cancellation and pause of the activity to it, and each one is billed. Who cancels at once, because the
 * input was wrong, is heard within two seconds; after a minute ten are enough, in an operation that takes minutes or a day. At
 * least three fit into the heartbeat timeout, so that a busy worker that sends one late is not taken for dead.
 */
export const heartbeatEveryMs = (ageMs: number, timeoutMs = 0): number =>
  ageMs >= 60_000 && timeoutMs >= 30_000 ? 10_000 : 2_000;
