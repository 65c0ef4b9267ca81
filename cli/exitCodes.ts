/** Exit codes, for CI. A usage error is a failure too. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  /** A plan would change something. Terraform's `-detailed-exitcode` answers the same. */
  wouldChange: 2,
  /** An audit found drift. */
  drifted: 3,
  /** An audit found no drift, and could not look at everything. */
  unproven: 4,
  /** As shells report Ctrl-C. The run goes on. */
  detached: 130,
  /** As shells report that nobody reads the output any more, as behind `| head`. The run goes on. */
  unread: 141,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
