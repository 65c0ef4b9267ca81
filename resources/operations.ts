/** What to do about operations that somebody else has begun. */
export interface BusyPolicy {
  /** Bound on the wait. */
  minutes: number;
  /** Abort them, at once. */
  abort: boolean;
}
