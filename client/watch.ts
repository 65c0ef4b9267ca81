import { setTimeout as delay } from 'node:timers/promises';
import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  ServiceError,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';

/** People see a change within a second. */
const leastIntervalMs = 500;
/** So long the last look is tried again. */
const lastLookMs = 30_000;

/**
 * Yields the progress whenever it changes, until the scenario ends. A look is a query, which costs a workflow task; there is one
 * only after something has happened in the history, so that a run that waits costs nothing.
 */
export function watch<Progress extends { revision: number }>(
  handle: WorkflowHandle,
  runId: string | undefined,
  progress: () => Promise<Progress>,
  intervalMs = leastIntervalMs,
): AsyncGenerator<Progress, void, undefined> {
  const abandoned = new AbortController();
  const looks = looksAt(handle, runId, progress, intervalMs, abandoned);
  const end = looks.return.bind(looks);
  return Object.assign(looks, {
    // A generator ends after the value that is waited for. Nobody waits for it any more.
    return: (value: void | PromiseLike<void>) => {
      abandoned.abort();
      return end(value);
    },
  });
}

async function* looksAt<Progress extends { revision: number }>(
  handle: WorkflowHandle,
  runId: string | undefined,
  progress: () => Promise<Progress>,
  intervalMs: number,
  abandoned: AbortController,
): AsyncGenerator<Progress, void, undefined> {
  const changes = happenings(handle, runId, abandoned.signal);
  let ended: { error?: unknown; at: number } | undefined;
  const end = handle.client
    .withAbortSignal(abandoned.signal, () => handle.result())
    .then(
      () => ({}),
      (error: unknown) => (error instanceof WorkflowFailedError ? {} : { error }),
    )
    .then((how: { error?: unknown }) => {
      ended = { ...how, at: performance.now() };
    });
  let revision = -1;
  try {
    for (;;) {
      const last = ended;
      if (last?.error) throw last.error;
      const query = handle.client.withAbortSignal(abandoned.signal, progress).catch(unanswered);
      // The server keeps a query for half a minute while no worker is up. A query that nobody waits for may fail unheard.
      query.catch(() => undefined);
      const current = await (last ? query : Promise.race([query, end]));
      if (typeof current === 'object' && current.revision !== revision) {
        revision = current.revision;
        yield current;
      }
      if (last) {
        // The look before it may still stand in the server's queue, which takes no second one.
        if (current !== 'notNow' || performance.now() - last.at > lastLookMs) return;
        await delay(intervalMs);
        continue;
      }
      // Where the history breaks off, each interval has its look. If Temporal is gone, the wait for the end says so.
      await Promise.race([end, changes.next().catch(() => undefined)]);
      await Promise.race([end, delay(intervalMs)]);
    }
  } finally {
    // Ends the requests that wait, also when the caller stops watching early.
    abandoned.abort();
  }
}

/** Yields when something has happened in a run. Temporal answers when there are new events, or after a while. */
async function* happenings(
  { client, workflowId }: WorkflowHandle,
  runId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<void, void> {
  let nextPageToken: Uint8Array | undefined;
  for (;;) {
    const request = {
      namespace: client.options.namespace,
      execution: { workflowId, ...(runId !== undefined && { runId }) },
      waitNewEvent: true,
      ...(nextPageToken && { nextPageToken }),
    };
    const { history, nextPageToken: next } = await client.withAbortSignal(signal, () =>
      client.workflowService.getWorkflowExecutionHistory(request),
    );
    if ((history?.events?.length ?? 0) > 0) yield;
    if (!next || next.length === 0) return;
    nextPageToken = next;
  }
}

/**
 * Ignores the failure of a query while no worker is up, and on a workflow that refused its input before it could answer
 * queries. If Temporal itself is gone, the wait for the end fails.
 */
function unanswered(error: unknown): 'never' | 'notNow' {
  if (error instanceof QueryNotRegisteredError) return 'never';
  // The server has kept it for as long as it does: no worker is up.
  if (isGrpcDeadlineError(error)) return 'never';
  if (error instanceof ServiceError && isGrpcServiceError(error.cause)) return 'notNow';
  throw error;
}
