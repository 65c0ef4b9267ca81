/** How to deal with operations that somebody else has begun. */
export interface BusyPolicy {
  /** Bound on the wait. */
  minutes: number;
  /** Whether to abort them at once. */
  abort: boolean;
}
