/**
 * Header that carries a trace from client to workflow to activity: one JSON object with W3C's `traceparent`. It is the header of
 * Temporal's own OpenTelemetry interceptors, so that clients in other languages are understood.
 */
export const traceHeader = '_tracer-data';

/** A message of a run to its worker. */
export type TraceSinks = {
  trace: {
    /** @param carrier What the starter's header held. @param failure Type of the failure that ended the run. */
    ended(carrier: Readonly<Record<string, string>>, failure: string | undefined): void;
  };
};
