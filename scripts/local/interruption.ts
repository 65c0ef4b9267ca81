const interrupted = new AbortController();
// A terminal that is closed sends SIGHUP.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new Error(`Stopped by ${signal}`)));
}

/** Aborted when this process is asked to stop, so that it can first stop the servers that it started, in order. */
export const interruption: AbortSignal = interrupted.signal;

/** Waits for work, but not beyond an interruption. @throws Error that names the signal */
export async function untilInterrupted<T>(work: Promise<T>): Promise<T> {
  interruption.throwIfAborted();
  const stop = Promise.withResolvers<never>();
  const listener = () => stop.reject(interruption.reason);
  interruption.addEventListener('abort', listener, { once: true });
  try {
    return await Promise.race([work, stop.promise]);
  } finally {
    interruption.removeEventListener('abort', listener);
  }
}
